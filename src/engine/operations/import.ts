import { DurachartError } from '../../core/error.ts';
import type { Workflow } from '../../core/workflow.ts';
import { begunWith, isFanOut, type FanOutRow } from '../fan-out.ts';
import { fanOutOf, invokeId, itemIndex, sequenceOf } from '../keys.ts';
import type { AuditOutcome, Claimed, Millis, StepRow, Timer } from '../ports.ts';
import { isRun } from '../step-rows.ts';
import { hasEnded, instanceState, isHeld, isUnreadable, restored, type State } from '../state.ts';
import { snapshotAfter } from './export-document.ts';
import type { ExportDocument, InstanceRows } from './instance-rows.ts';
import { momentOf, type Past } from './moment.ts';
import { rewind } from './perform.ts';

/** Where an import goes. */
export interface ImportOptions {
  /** Id of the new instance. Default: a new ULID. */
  id?: string | undefined;
  /** The transition after which it stands. Default: where the exported one stood. */
  from?: number | undefined;
}

/**
 * An exported instance as a new one, which moves nothing by itself: what was in motion is paused. Its history is that of
 * the old one; what the old one had under way is begun anew once it goes on, and timers have the time left that they had. Pure.
 * Its children are not there: what waits for one waits until it is skipped or rewound.
 * @throws DurachartError `TRANSITION_NOT_FOUND`, `MOMENT_ENDED`, `STATE_UNKNOWN`
 */
export function imported(
  document: ExportDocument,
  workflow: Workflow,
  id: string,
  from: number | undefined,
  now: Millis,
): InstanceRows {
  const rows = renamed(document, id, now - Date.parse(document.exportedAt));
  const { instance } = rows;
  const state = { ...restored(claimed(rows), workflow) };
  if (from !== undefined) return rewound(rows, { ...state, status: 'paused' }, from, now);
  // One in a state that the code does not have can still be looked at.
  if (isUnreadable(state) && !hasEnded(instance.status))
    return { ...rows, instance: { ...instance, status: 'failed', error: state.error } };
  const moves = !hasEnded(instance.status) && !isHeld(instance.status);
  return { ...rows, instance: { ...instance, status: moves ? 'paused' : instance.status } };
}

/** The record of an import, written with it. */
export function importRecord(
  { instance: { status, state, sequence, error } }: InstanceRows,
  { instance, exportedAt, children }: ExportDocument,
  by: { by: string; why: string | null; key: string | null },
): AuditOutcome & { create: NonNullable<AuditOutcome['create']> } {
  return {
    eventId: null,
    create: {
      operation: 'import',
      arguments: { from: { id: instance.id, sequence: instance.sequence }, exportedAt },
      ...by,
    },
    status: 'applied',
    code: null,
    reason: null,
    before: null,
    after: { status, state, sequence, errorCode: error?.code ?? null },
    // Which are not there.
    result: children.length === 0 ? null : { children: children.map(({ id }) => id) },
  };
}

/** The rows of another instance: under its id, with nobody at work, no parent and no children. @param later milliseconds that times to come move by */
function renamed(
  { instance, transitions, steps, timers, events }: ExportDocument,
  id: string,
  later: number,
): InstanceRows {
  const to = (recipient: string): string => (recipient === instance.id ? id : recipient);
  const ended = hasEnded(instance.status);
  return {
    instance: { ...instance, id, key: null, parentId: null },
    transitions: transitions.map((row) =>
      row.timers === null
        ? row
        : {
            ...row,
            timers: { ...row.timers, armed: row.timers.armed.map((timer) => ({ ...timer, to: to(timer.to) })) },
          },
    ),
    steps: steps.map((row) => begunAnew({ ...row, childId: null, worker: null }, later)),
    timers: timers
      .filter((timer) => timer.to === instance.id)
      .map((timer) => ({ ...timer, to: id, dueAt: timer.dueAt + later })),
    // What other instances and operators sent is theirs; what came from outside is still to be taken.
    events: events.filter(({ status, source }) => status !== 'pending' || (source === 'external' && !ended)),
    children: [],
  };
}

/** Nobody runs it here. The attempt that was under way was not its failure, so it does not count. */
function begunAnew(row: StepRow, later: number): StepRow {
  if (row.nextAttemptAt !== null) return { ...row, nextAttemptAt: row.nextAttemptAt + later };
  if (row.fanOut?.resumeAt != null) return { ...row, fanOut: { ...row.fanOut, resumeAt: row.fanOut.resumeAt + later } };
  if (row.status !== 'running' || !isRun(row)) return row;
  return {
    ...row,
    status: 'queued',
    attempt: Math.max(0, row.attempt - 1),
    startedAt: null,
    heartbeatAt: null,
    progress: null,
    message: null,
  };
}

function rewound(rows: InstanceRows, state: State, to: number, now: Millis): InstanceRows {
  const at = rows.transitions[to - 1];
  if (at === undefined)
    throw new DurachartError(
      'TRANSITION_NOT_FOUND',
      `The exported instance has no transition ${to}; it has ${rows.transitions.length}.`,
    );
  const moment = momentOf(pastOf(rows, to, at));
  state.workflow.machine.restore(moment.snapshot);
  const { state: after, change } = rewind(state, { operation: 'rewind', to, moment }, now);
  // The children that it would start would run.
  const begun = change.newSteps.map((row) => ({ ...row, childId: null }));
  const stopped = new Map(change.steps.map((row) => [row.key, row]));
  const { live, output, ...place } = instanceState(after);
  return {
    ...rows,
    instance: { ...rows.instance, ...place, live, output: output ?? undefined, status: 'paused', updatedAt: now },
    transitions: [...rows.transitions, ...change.transitions],
    steps: [...rows.steps.map((row) => stopped.get(row.key) ?? row), ...begun],
    timers: [...after.timers.values()],
  };
}

/** What {@link momentOf} asks for, from the rows themselves. */
function pastOf(
  { instance, transitions, steps }: InstanceRows,
  to: number,
  at: InstanceRows['transitions'][number],
): Past {
  const newest = new Map<string, StepRow>();
  for (const row of steps.toSorted((a, b) => sequenceOf(a.key) - sequenceOf(b.key))) {
    if (row.kind !== 'action' && row.kind !== 'item' && sequenceOf(row.key) <= to) newest.set(invokeId(row.key), row);
  }
  return {
    id: instance.id,
    parentId: null,
    snapshot: snapshotAfter(transitions, to),
    at: at.at,
    invocations: [...newest.values()].map((row) => (isFanOut(row) ? { ...row, input: inputOf(row, steps) } : row)),
    armed: transitions.slice(0, to).flatMap(({ timers }) => timers?.armed ?? []),
    outstanding: at.timers,
  };
}

/** What a fan-out was begun with, which its items have. */
function inputOf({ key, fanOut }: FanOutRow, steps: readonly StepRow[]): unknown {
  const items = steps.filter((row) => row.kind === 'item' && fanOutOf(row.key) === key);
  return begunWith(
    fanOut,
    items.toSorted((a, b) => itemIndex(a.key) - itemIndex(b.key)).map(({ input }) => input),
  );
}

/** The rows as a worker would find them. */
function claimed({ instance, steps, timers }: InstanceRows): Claimed {
  const { live, ...rest } = instance;
  const ofKey = new Map(steps.map((row) => [row.key, row]));
  return {
    ...rest,
    input: instance.input,
    live,
    parent: null,
    wake: 0,
    steps: live.map((key) => ofKey.get(key) as StepRow),
    timers: timers satisfies Timer[],
    inbox: [],
  };
}
