import { whyOf } from '../../core/reason.ts';
import { HISTORY_LIMIT, HISTORY_WARNING } from '../history-limit.ts';
import { childCause } from './child-causes.ts';
import type { Cause, CauseCode, Standpoint } from './explanation.ts';
import { fanOutCauses } from './fan-out-causes.ts';
import { helping, offers } from './offers.ts';
import { isFailedAction } from '../operations/legal.ts';
import type { LiveStep } from './facts.ts';
import { invocationAt, what, type Place } from './place.ts';
import { shown } from './shown.ts';
import { span } from './spans.ts';
import { standstill } from './standstill.ts';
import { stepCause } from './step-causes.ts';
import { waitingCause } from './waiting.ts';

/** A cause before it is known what helps. */
export type Bare = { [C in CauseCode]: Omit<Cause<C>, 'operations'> }[CauseCode];

/** A child as its parent sees it. */
export interface Child {
  place: Place;
  standpoint: Standpoint;
  first: Cause;
}

/** What matters most comes first. */
const RANKS: Readonly<Record<CauseCode, number>> = {
  STATE_UNKNOWN: 0,
  CHILD_FAILED: 1,
  FAILED: 2,
  PAUSED: 3,
  WORKFLOW_PAUSED: 4,
  DEAD_WORKER: 5,
  WORKER_BLOCKED: 6,
  NO_WORKER: 7,
  OVERDUE: 8,
  LOST_RUN: 9,
  STEP_PAST_TIMEOUT: 10,
  STEP_SILENT: 11,
  QUEUE_PAUSED: 12,
  CHILD_STUCK: 13,
  RETRYING: 14,
  QUEUED: 15,
  RUNNING: 16,
  FAN_OUT: 17,
  CHILD_RUNNING: 18,
  WAITING: 19,
  SCHEDULED: 20,
  ACTION_FAILED: 21,
  LONG_HISTORY: 22,
  UNKNOWN_WORKFLOW: 23,
  DONE: 24,
  CANCELLED: 25,
};

/** All causes of one instance, the first one first. Never empty. */
export function causesOf(place: Place, childOf: (id: string) => Child | undefined): Cause[] {
  const own = offers(place);
  return bareCauses(place, childOf)
    .map((bare) => {
      const child = 'childId' in bare && bare.childId !== null ? childOf(bare.childId) : undefined;
      const operations = helping(bare, place, own);
      // What helps a child helps whoever waits for it.
      return { ...bare, operations: [...operations, ...(child?.first.operations ?? [])] } as Cause;
    })
    .toSorted((a, b) => RANKS[a.code] - RANKS[b.code]);
}

function bareCauses(place: Place, childOf: (id: string) => Child | undefined): Bare[] {
  const { member } = place;
  const actions = failedActions(place);
  if (member.status === 'done' || member.status === 'cancelled') return [...actions, ended(place)];
  const causes: Bare[] = [...unknown(place), ...failures(place, childOf), ...actions, ...standstill(place)];
  for (const row of member.steps) {
    if (row.kind === 'workflow') {
      if (row.status === 'running') causes.push(childCause(row, child(row.childId, childOf)));
      continue;
    }
    if (row.kind === 'item') continue;
    if (row.kind === 'fan-out') {
      causes.push(...fanOutCauses(row, place));
      continue;
    }
    // A paused instance begins nothing; what runs may come to its end.
    if (member.status === 'paused' && row.status !== 'running') continue;
    const cause = stepCause(row, place);
    if (cause !== undefined) causes.push(cause);
  }
  const partWaits = member.status === 'running' && place.standing.waitsFor.length > 0;
  if (member.status === 'waiting' || partWaits) causes.push(waitingCause(place));
  if (causes.length === actions.length) causes.push(between(place));
  return [...causes, ...longHistory(place)];
}

/** No reason why it stands, but one why it will: as long as there is time to do something. */
function longHistory({ member: { sequence } }: Place): Bare[] {
  if (sequence < HISTORY_WARNING || sequence >= HISTORY_LIMIT) return [];
  const [made, limit] = [sequence, HISTORY_LIMIT].map((count) => count.toLocaleString('en'));
  const words = `It has made ${made} transitions, and fails at ${limit}: fork it, and the fork goes on from here with a history of its own.`;
  return [{ code: 'LONG_HISTORY', words, transitions: sequence, limit: HISTORY_LIMIT }];
}

function child(id: string | null, childOf: (id: string) => Child | undefined): Child | undefined {
  return id === null ? undefined : childOf(id);
}

function ended({ member, now }: Place): Bare {
  const at = new Date(member.finishedAt ?? member.updatedAt);
  const ago = `${span(now - at.getTime())} ago`;
  return member.status === 'done'
    ? { code: 'DONE', words: `It came to its end ${ago}.`, at }
    : { code: 'CANCELLED', words: `It was cancelled ${ago}.`, at };
}

function unknown({ member, workflow, standing }: Place): Bare[] {
  const causes: Bare[] = [];
  if (workflow === undefined) {
    const words = `This process does not know workflow ${member.workflow}, so it cannot tell what its states take.`;
    causes.push({ code: 'UNKNOWN_WORKFLOW', words, workflow: member.workflow });
  }
  const failedForIt = member.status === 'failed' && member.error?.code === 'STATE_UNKNOWN';
  if (!standing.stateKnown || failedForIt) {
    const gone = `The code of workflow ${member.workflow} no longer has the state ${member.state}`;
    const words = standing.stateKnown
      ? `${gone} that it failed for; this process has it, so a retry goes on.`
      : `${gone}: bring the state back and retry, or rewind to a state that it has.`;
    causes.push({ code: 'STATE_UNKNOWN', words, state: member.state, value: member.snapshot?.value ?? null });
  }
  return causes;
}

function failures({ member }: Place, childOf: (id: string) => Child | undefined): Bare[] {
  if (member.status !== 'failed') return [];
  const causes: Bare[] = [];
  for (const row of member.steps) {
    if (row.status !== 'failed' || row.kind === 'action') continue;
    if (row.kind === 'workflow') {
      causes.push(childCause(row, child(row.childId, childOf)));
      continue;
    }
    // The instance's own error says more where both are of this step.
    const error = member.error?.details?.['key'] === row.key ? member.error : row.error;
    if (error === null) continue;
    causes.push({
      code: 'FAILED',
      words: `${what(row)} failed for good${inAttempt(row)}: ${error.code}, ${sentence(whyOf(error))}`,
      at: new Date(row.finishedAt ?? member.updatedAt),
      step: invocationAt(row),
      error: shown(error),
    });
  }
  const { error } = member;
  const key = error?.details?.['key'];
  const isTold = member.steps.some((row) => row.status === 'failed' && row.key === key);
  if (error === null || isTold || error.code === 'STATE_UNKNOWN') return causes;
  // The machine itself threw: on an event, a timer, or on the result of a step that did well.
  const row = member.steps.find((each) => each.key === key);
  const on = row === undefined ? '' : ` on the result of ${row.step}`;
  causes.push({
    code: 'FAILED',
    words: `It failed${on} with ${error.code}: ${sentence(whyOf(error))}`,
    at: new Date(member.updatedAt),
    step: row === undefined ? null : invocationAt(row),
    error: shown(error),
  });
  return causes;
}

/** The machine has gone on without them. */
function failedActions({ member }: Place): Bare[] {
  return member.steps.filter(isFailedAction).flatMap((row) => {
    const { error, finishedAt } = row;
    if (error === null) return [];
    const words = `${what(row)} failed for good${inAttempt(row)}: ${error.code}, ${sentence(whyOf(error))} The machine has gone on without it.`;
    const at = new Date(finishedAt ?? member.updatedAt);
    return [{ code: 'ACTION_FAILED' as const, words, ...invocationAt(row), at, error: shown(error) }];
  });
}

/** Nothing is wrong and nothing is waited for: it is being moved right now. */
function between({ member, now }: Place): Bare {
  const row = member.steps.find((one) => !isFailedAction(one));
  if (row === undefined)
    return { code: 'SCHEDULED', words: 'It is about to be moved.', startAt: new Date(member.wakeAt ?? now) };
  const since = row.startedAt ?? row.queuedAt;
  return {
    code: 'RUNNING',
    words: `Step ${row.step} has ended, and its result is being taken up.`,
    ...invocationAt(row),
    since: new Date(since),
    ranMs: now - since,
    progress: row.progress,
    message: row.message,
    worker: member.lease,
    runId: null,
    usual: null,
    pace: null,
  };
}

function inAttempt({ fanOut, attempt, maxAttempts }: LiveStep): string {
  return fanOut === undefined
    ? ` in attempt ${attempt} of ${maxAttempts}`
    : `, with ${fanOut.done} of ${fanOut.total} items done`;
}

/** The message with a full stop. */
function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
