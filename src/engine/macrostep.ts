import type { EventObject } from '../core/effect.ts';
import { DurachartError, errorRecord, TransitionError, type ErrorRecord } from '../core/error.ts';
import type { Transition } from '../core/machine.ts';
import { diffSnapshots, stateName, type StoredSnapshot } from '../core/snapshot.ts';
import { stored as storedThrown } from '../core/stored-thrown.ts';
import { NO_CHAIN, type Chain } from './chain.ts';
import { applyEffects, type Draft } from './effects.ts';
import { subscriptionsOf } from './events/correlation.ts';
import { assertHistoryHasRoom } from './history-limit.ts';
import { invokeId, RELAY } from './keys.ts';
import { isFailedAction } from './operations/legal.ts';
import type { InstanceStatus, Millis, Outstanding, Post, StepRow } from './ports.ts';
import { emptyChange, type Change, type State } from './state.ts';
import { stopStep } from './stopping.ts';

/** What an input leads to: the instance after it, and what has to be written. */
export interface Decision {
  state: State;
  change: Change;
}

/** Where a macrostep came from: the step whose result it took, the event's payload. */
export interface Origin {
  stepKey: string | null;
  payload: unknown;
  /** Of a timer: the time from which the delays of the transition count, and what the chain of timers comes to. */
  timer?: { since: Millis; chain: (name: string) => Chain };
}

/** Takes a macrostep: the one place where the sequence grows. @throws DurachartError `HISTORY_TOO_LONG` */
export function apply(
  state: State,
  transition: Transition,
  event: EventObject,
  change: Change,
  now: Millis,
  from: Origin,
): Decision {
  assertHistoryHasRoom(state);
  const sequence = state.sequence + 1;
  const stored = state.workflow.machine.store(transition.snapshot);
  const draft: Draft = { steps: new Map(state.steps), timers: state.timers, change };
  if (from.stepKey !== null) draft.steps.delete(from.stepKey);
  const since = from.timer?.since ?? now;
  const emitted = applyEffects(state, transition.effects, draft, sequence, { now, since });
  const name = stateName(stored.value);
  change.transitions.push({
    sequence,
    event: event.type,
    payload: from.payload,
    stepKey: from.stepKey,
    from: state.stored === null ? null : state.name,
    to: name,
    diff:
      state.stored === null || sequence === lastWhole(sequence) ? { ...stored } : diffSnapshots(state.stored, stored),
    emitted: emitted.length > 0 ? emitted : null,
    timers: outstanding(draft, over(stored, draft.steps)),
    at: now,
  });
  const next: State = {
    ...state,
    sequence,
    snapshot: transition.snapshot,
    stored,
    name,
    movedAt: now,
    since,
    chain: from.timer?.chain(name) ?? NO_CHAIN,
    steps: draft.steps,
    timers: draft.timers,
    error: null,
    status: isBusy(draft.steps) ? 'running' : 'waiting',
  };
  change.subscriptions = subscriptionsOf(next);
  if (stored.status === 'active') return { state: next, change };
  return { state: end({ ...next, status: 'done' }, change, now), change };
}

/** Every so many transitions the history holds the whole snapshot, so that an earlier one is found by reading few rows. The view `standing` has the number, too. */
export const WHOLE_EVERY = 100;

/** The newest transition up to this one that has the whole snapshot. */
export function lastWhole(sequence: number): number {
  return Math.max(1, Math.floor(sequence / WHOLE_EVERY) * WHOLE_EVERY);
}

function outstanding({ timers, change }: Draft, over: string[]): Outstanding | null {
  if (timers.size === 0 && over.length === 0) return null;
  const armed = change.timers.map(({ sequence: _, ...timer }) => timer);
  const anew = new Set(armed.map(({ id }) => id));
  const left = [...timers.keys()].filter((id) => !anew.has(id));
  return { armed, left, ...(over.length > 0 ? { over } : {}) };
}

/** Invocations that the machine still knows, since it has not left the state that asked for them, and that nothing more will come of. */
function over({ children }: StoredSnapshot, steps: ReadonlyMap<string, StepRow>): string[] {
  const known = Object.keys(children);
  const live = [...steps.values()].filter(({ kind }) => kind === 'step' || kind === 'workflow' || kind === 'fan-out');
  if (live.length === known.length && live.every(({ key }) => Object.hasOwn(children, invokeId(key)))) return [];
  const ids = new Set(live.map(({ key }) => invokeId(key)));
  return known.filter((id) => !ids.has(id));
}

/** Of an ended instance only the actions that its transitions have asked for run on: steps and children are stopped, timers go, the parent is told. */
export function end(state: State, change: Change, now: Millis): State {
  const actions = new Map<string, StepRow>();
  for (const row of state.steps.values()) {
    if (row.kind === 'action' && state.status === 'done') actions.set(row.key, row);
    else stopStep(row, change, now);
  }
  change.timers = [];
  if (state.timers.size > 0) change.cancelled = 'all';
  if (state.workflow.receives.length > 0) change.subscriptions = [];
  reportToParent(state, change);
  return { ...state, steps: actions, timers: new Map(), finishedAt: now };
}

/** Tells the instance that started it, if any, how it ended. */
export function reportToParent(state: State, change: Change): void {
  if (state.parent === null) return;
  const { id } = state.parent;
  const sent = change.posts.some(({ to, type }) => to === id && type !== RELAY) ? { sent: true as const } : {};
  const outcome = state.status === 'done' ? { output: state.stored?.output, ...sent } : { error: state.error };
  change.posts.push(report(state.parent, outcome));
}

/**
 * How an instance ended, for the one that started it.
 * `sent`: the transition that ended it sent the parent events, too. The parent may leave its invocation on one of them,
 * and takes the output all the same, as an event.
 */
export type ChildOutcome = { output: unknown; sent?: true } | { error: ErrorRecord | null };

/** The event that reports how an instance ended to the one that started it. */
export function report(parent: { id: string; key: string }, outcome: ChildOutcome): Post {
  const kind = 'error' in outcome ? 'error' : 'done';
  const type = `xstate.${kind}.actor.${invokeId(parent.key)}`;
  return { to: parent.id, type, payload: outcome, source: 'instance', fence: parent.key, dedupeKey: null };
}

/** Runs code of the machine; if it throws, the instance fails where it stands and loses nothing. */
export function guarded(
  before: State,
  change: Change,
  row: StepRow | null,
  run: (change: Change) => Decision,
): Decision {
  try {
    return run(change);
  } catch (error) {
    const state = row === null ? before : withRow(before, row).state;
    const record = error instanceof Unhandled ? error.record : recordOf(error);
    const key = row === null ? {} : { key: row.key, step: row.step };
    const failed: State = {
      ...state,
      status: 'failed',
      error: { ...record, details: { ...record.details, ...key } },
    };
    const kept = { ...emptyChange(), steps: row === null ? [] : [row], consumed: [] };
    if (state.status !== 'failed') reportToParent(failed, kept);
    return { state: failed, change: kept };
  }
}

function recordOf(error: unknown): ErrorRecord {
  const { name, message, stack } = error as Error;
  const record: ErrorRecord =
    error instanceof DurachartError ? errorRecord(error) : { code: 'TRANSITION_FAILED', class: 'final', name, message };
  if (stack !== undefined) record.stack = stack.slice(0, 8_000);
  // A parent's onError receives what code of the machine has thrown, not the words around it.
  if (error instanceof TransitionError && 'cause' in error) record.thrown = { value: storedThrown(error.cause) };
  return record;
}

/** No state of the machine handles a step's error. */
export class Unhandled extends Error {
  readonly record: ErrorRecord;
  constructor(row: StepRow) {
    super(row.error?.message ?? '');
    this.record = row.error ?? {
      code: 'UNKNOWN',
      class: 'final',
      name: 'Error',
      message: 'The step failed without an error.',
    };
  }
}

/** What is to be written of an instance whose state the code no longer has: that it is failed, and that to its parent, once. */
export function becameUnreadable(state: State, before: InstanceStatus): Change {
  const change = emptyChange();
  if (before !== 'failed') reportToParent(state, change);
  return change;
}

/** A row of a live invocation changed. */
export function withRow(state: State, row: StepRow): Decision {
  const change = emptyChange();
  if (!state.steps.has(row.key)) return { state, change };
  change.steps.push(row);
  return { state: { ...state, steps: new Map(state.steps).set(row.key, row) }, change };
}

export function removed(state: State, key: string): State {
  const steps = new Map(state.steps);
  steps.delete(key);
  return { ...state, steps };
}

/** What an active instance is doing. */
export function activity(state: State): InstanceStatus {
  if (state.status !== 'running' && state.status !== 'waiting') return state.status;
  return isBusy(state.steps) ? 'running' : 'waiting';
}

/** Whether anything is still to come of its invocations. A custom action that has failed for good is among them until somebody sees to it. */
export function isBusy(steps: ReadonlyMap<string, StepRow>): boolean {
  for (const row of steps.values()) if (!isFailedAction(row)) return true;
  return false;
}
