import { dueAt, isFanOut } from './fan-out.ts';
import { timersRun } from './inputs.ts';
import { mayBegin, type Pauses } from './pauses.ts';
import type { InboxEvent, Millis, RunningAttempt } from './ports.ts';
import type { State } from './state.ts';

/** An instance in a worker's hands. The rows are the truth; this is a copy that runs ahead of them by what is being committed. */
export interface Owned {
  state: State;
  /** Which of the committer's lanes its commits take. */
  readonly lane: number;
  /** Count of its inbox when it was last read. */
  wake: number;
  /** What lies in its inbox and has not been taken, as it was last read. */
  inbox: readonly InboxEvent[];
  /** A time before it was read. Infinity until the instance is stored: nobody knows of it. */
  readAt: Millis;
  /** Events that were taken up, so that a second reading does not take them again. */
  readonly taken: Set<number>;
  /** Invocations that run here or are in line for it, by key. */
  readonly attempts: Map<string, AttemptEntry>;
  /** Stops the wait for the next timer or retry. */
  stopWaiting: () => void;
  /** A commit that gives it back is under way. */
  releasing: boolean;
  /** Its inbox must be read again. */
  poked: boolean;
}

/** An invocation that is in line (no place yet), about to run (no attempt yet) or running. */
export interface AttemptEntry {
  attempt: RunningAttempt | null;
  /** The places that it holds; null while it is in line. */
  places: readonly string[] | null;
  leaveLine: () => void;
}

export function own(state: State, lane: number, wake: number, readAt: Millis): Owned {
  return {
    state,
    lane,
    wake,
    inbox: [],
    readAt,
    taken: new Set(),
    attempts: new Map(),
    stopWaiting: () => {},
    releasing: false,
    poked: false,
  };
}

/** When the instance has to be looked at next, or null when only an event moves it. What runs beside a step that failed goes on. */
export function nextDue(state: State, pauses: Pauses): Millis | null {
  if (state.status === 'paused') return null;
  let due = nextTimer(state, pauses) ?? Infinity;
  for (const row of state.steps.values()) {
    if (!mayBegin(pauses, state.workflow.name, row)) continue;
    if (row.status === 'queued') due = Math.min(due, row.queuedAt);
    if (isFanOut(row)) due = Math.min(due, dueAt(state, row) ?? Infinity);
  }
  return due === Infinity ? null : due;
}

/** When its start, the next timer or the next retry is due, or null for none. */
export function nextTimer(state: State, pauses: Pauses): Millis | null {
  if (state.status === 'paused') return null;
  let due = state.status === 'scheduled' ? (state.startAt ?? state.createdAt) : Infinity;
  if (timersRun(state)) for (const timer of state.timers.values()) due = Math.min(due, timer.dueAt);
  for (const row of state.steps.values()) {
    if (!mayBegin(pauses, state.workflow.name, row)) continue;
    if (row.status === 'retrying') due = Math.min(due, row.nextAttemptAt ?? 0);
    if (isFanOut(row) && row.fanOut.resumeAt !== null) due = Math.min(due, dueAt(state, row) ?? Infinity);
  }
  return due === Infinity ? null : due;
}
