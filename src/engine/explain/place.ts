import { DurachartError } from '../../core/error.ts';
import { matchesEventType } from '../../core/event-types.ts';
import type { LiveSnapshot } from '../../core/machine.ts';
import type { Workflow } from '../../core/workflow.ts';
import { jsonSchema } from '../json-schema.ts';
import { itemIndex } from '../keys.ts';
import type { Standing } from '../operations/legal.ts';
import type { Millis } from '../ports.ts';
import { hasEnded } from '../state.ts';
import type { InvocationAt, WorkerAt } from './explanation.ts';
import type { Facts, LiveStep, Member, WorkerFact } from './facts.ts';

/** A timer or a limit that is passed by less may be on its way. */
export const LATE = 5_000;

/** One member of the family with all that is asked about it more than once. */
export interface Place {
  readonly member: Member;
  readonly facts: Facts;
  readonly now: Millis;
  readonly workflow: Workflow | undefined;
  /** `waitsFor`: of the events that it accepts those of states that nothing runs for. */
  readonly standing: Standing & { accepts: readonly string[]; waitsFor: readonly string[] };
  /** Whether one of these events comes too late once a timer has fired; unknown, and so not, where the machine is. */
  readonly endsWait: (timer: string, events: readonly string[]) => boolean;
  /** The worker that holds it; null for nobody. */
  readonly holder: WorkerAt | null;
  /** That worker is dead. */
  readonly holderDead: boolean;
  /** Nobody holds it, and its time has come. */
  readonly due: boolean;
}

export function placeOf(member: Member, facts: Facts, now: Millis): Place {
  const workflow = facts.workflows.get(member.workflow);
  const fact = facts.workers.find(({ id }) => id === member.lease);
  return {
    member,
    facts,
    now,
    workflow,
    standing: standingOf(member, workflow, facts.family[0] === member),
    endsWait: (timer, events) => endsWait(member, workflow, timer, events),
    holder: member.lease === null ? null : workerAt(member.lease, fact),
    holderDead: member.lease !== null && (fact === undefined || !isAlive(fact, facts)),
    due: member.lease === null && member.wakeAt !== null && member.wakeAt <= now,
  };
}

/** A worker that has signed off, has lost its lock or has not been heard of for too long is dead. */
export function isAlive(worker: WorkerFact, { deadAfter }: Facts): boolean {
  return worker.stoppedAt === null && !worker.lockLost && worker.silentMs <= deadAfter;
}

/** Whether some live worker would take instances of this workflow. */
export function hasWorker({ facts, member }: Place): boolean {
  return facts.workers.some((worker) => worker.workflows.includes(member.workflow) && isAlive(worker, facts));
}

/** The run on Trigger.dev that an invocation waits for. */
export function runOf(row: LiveStep, { member }: Place): Member['runs'][number] | undefined {
  return member.runs.find(({ key }) => key === row.key);
}

export function what({ kind, step, key }: Pick<LiveStep, 'kind' | 'step' | 'key'>): string {
  if (kind === 'item') return `Item ${itemIndex(key)} of ${step}`;
  return kind === 'action' ? `Action ${step}` : kind === 'fan-out' ? `Fan-out ${step}` : `Step ${step}`;
}

export function invocationAt({ key, kind, step, attempt, maxAttempts }: LiveStep): InvocationAt {
  return { key, kind, step, attempt, maxAttempts };
}

/** Event types with the schema of their payloads. */
export function eventForms(
  { workflow }: Place,
  types: readonly string[],
): { type: string; schema: Record<string, unknown> | null }[] {
  return types.map((type) => ({
    type,
    schema: jsonSchema(
      workflow !== undefined && Object.hasOwn(workflow.events, type) ? workflow.events[type] : undefined,
    ),
  }));
}

function standingOf(member: Member, workflow: Workflow | undefined, isFirst: boolean): Place['standing'] {
  const { status, sequence, steps, entered, snapshot } = member;
  const enteredByError = entered?.event.startsWith('xstate.error.') ?? false;
  const base = {
    status,
    sequence,
    steps,
    enteredByError,
    stateKnown: true,
    accepts: [] as string[],
    waitsFor: [] as string[],
  };
  if (workflow === undefined || snapshot === null || hasEnded(status)) return base;
  try {
    const live = workflow.machine.restore(snapshot);
    const accepts = workflow.machine.eventTypes(live);
    const { resume } = workflow.controls;
    // A state that takes the machine's own event for it is one to be resumed from; of a child its guards are not asked.
    const resumes =
      resume !== undefined && (isFirst ? takes(workflow, live, resume) : matchesEventType(resume, accepts));
    return { ...base, accepts, waitsFor: workflow.machine.waitsFor(live), enteredByError: enteredByError || resumes };
  } catch (error) {
    if (error instanceof DurachartError && error.code === 'STATE_UNKNOWN') return { ...base, stateKnown: false };
    throw error;
  }
}

function endsWait(
  { snapshot }: Member,
  workflow: Workflow | undefined,
  timer: string,
  events: readonly string[],
): boolean {
  if (workflow === undefined || snapshot === null || events.length === 0) return false;
  try {
    return workflow.machine.endsWait(workflow.machine.restore(snapshot), timer, events);
  } catch (error) {
    if (error instanceof DurachartError && error.code === 'STATE_UNKNOWN') return false;
    throw error;
  }
}

function takes(workflow: Workflow, live: LiveSnapshot, type: string): boolean {
  try {
    return workflow.machine.accepts(live, { type });
  } catch {
    // A guard that throws on an event without a payload takes none.
    return false;
  }
}

function workerAt(id: number, fact: WorkerFact | undefined): WorkerAt {
  return {
    id,
    name: fact?.name ?? null,
    beatAt: fact === undefined ? null : new Date(fact.beatAt),
    stoppedAt: fact?.stoppedAt == null ? null : new Date(fact.stoppedAt),
  };
}
