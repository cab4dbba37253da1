import type { EventObject } from '../core/effect.ts';
import { DurachartError, type ErrorRecord } from '../core/error.ts';
import type { Transition } from '../core/machine.ts';
import { diffSnapshots, stateName } from '../core/snapshot.ts';
import { checkInput } from './checks.ts';
import { applyEffects, letter, stopStep } from './effects.ts';
import { CANCEL, invokeId, RETRY, SETTLED } from './keys.ts';
import type { InboxEvent, InstanceStatus, Millis, StepRow, Post } from './ports.ts';
import { emptyChange, hasEnded, type Change, type State } from './state.ts';

/** What can happen to an instance. */
export type Input =
  | { type: 'start' }
  | { type: 'event'; event: InboxEvent }
  /** A live invocation has come to its end: `row.status` is done or failed. */
  | { type: 'settled'; row: StepRow }
  | { type: 'timer'; id: string }
  /** A row of a live invocation changed, and nothing else. */
  | { type: 'step'; row: StepRow };

/** What an input leads to: the instance after it, and what has to be written. */
export interface Decision {
  state: State;
  change: Change;
}

/**
 * The engine's one rule: (instance, input, time) → (instance, rows). Pure; the same on every executor.
 * Whatever a stopped invocation still reports finds no live key, and is dropped.
 */
export function decide(state: State, input: Input, now: Millis): Decision {
  const decision = decided(state, input, now);
  const { change } = decision;
  // Without a transition nothing keeps the commit from being stored twice when its outcome is unknown; what it sends must still arrive once.
  if (decision.state.sequence === state.sequence) {
    change.posts = change.posts.map((post, index) => ({
      ...post,
      dedupeKey: `${state.id} ${state.sequence} ${nameOf(input)} ${now} ${index}`,
    }));
  }
  return decision;
}

/** What tells an input from others of the same instance at the same time. */
function nameOf(input: Input): string {
  switch (input.type) {
    case 'start':
      return 'start';
    case 'event':
      return `event ${input.event.id}`;
    case 'settled':
    case 'step':
      return `step ${input.row.key}`;
    case 'timer':
      return `timer ${input.id}`;
  }
}

function decided(state: State, input: Input, now: Millis): Decision {
  switch (input.type) {
    case 'start':
      return onStart(state, now);
    case 'event':
      return onEvent(state, input.event, now);
    case 'settled':
      return onSettled(state, input.row, now);
    case 'timer':
      return onTimer(state, input.id, now);
    case 'step':
      return withRow(state, input.row);
  }
}

/** Whether a due timer may fire: a failed instance keeps its timers until it is retried. */
export function timersRun(state: State): boolean {
  return state.status === 'running' || state.status === 'waiting';
}

function onStart(state: State, now: Millis): Decision {
  if (state.snapshot !== null || hasEnded(state.status)) return { state, change: emptyChange() };
  return guarded(state, emptyChange(), null, (change) => {
    // What a caller gives was checked when it was given; what a parent gives is checked here.
    const input = state.parent === null ? state.input : checkInput(state.workflow, state.input);
    const transition = state.workflow.machine.start(input);
    return apply(state, transition, { type: 'xstate.init' }, change, now, { stepKey: null, payload: null });
  });
}

function onEvent(state: State, event: InboxEvent, now: Millis): Decision {
  if (event.type === CANCEL) return onCancel(state, event, now);
  if (event.type === RETRY) return onRetry(state, event, now);
  const ignored = (): Decision => ({
    state,
    change: { ...emptyChange(), consumed: [{ id: event.id, status: 'ignored', sequence: null }] },
  });
  if (hasEnded(state.status)) return ignored();
  if (event.fence !== null) {
    const row = state.steps.get(event.fence);
    if (row === undefined || (event.type === SETTLED ? !isSettled(row) : row.status === 'done')) return ignored();
    const decision = onSettled(state, event.type === SETTLED ? row : childRow(row, event, now), now);
    decision.change.consumed.push({ id: event.id, status: 'taken', sequence: decision.state.sequence });
    return decision;
  }
  // A failed or unborn instance keeps its events for later.
  if (state.snapshot === null || state.status === 'failed') return { state, change: emptyChange() };
  const { snapshot, workflow } = state;
  return guarded(state, emptyChange(), null, (change) => {
    const object: EventObject = { ...(event.payload as object | null), type: event.type };
    const transition = workflow.machine.next(snapshot, object);
    if (!transition.changed) return ignored();
    change.consumed.push({ id: event.id, status: 'taken', sequence: state.sequence + 1 });
    return apply(state, transition, object, change, now, { stepKey: null, payload: event.payload });
  });
}

/** Whether an invocation has come to its end. */
export function isSettled(row: StepRow): boolean {
  return row.status === 'done' || row.status === 'failed';
}

/** What a child instance reported, on the row of the invocation that it answers. */
function childRow(row: StepRow, event: InboxEvent, now: Millis): StepRow {
  const { output, error } = event.payload as { output?: unknown; error?: ErrorRecord };
  return error === undefined
    ? { ...row, status: 'done', output, error: null, finishedAt: now }
    : { ...row, status: 'failed', error, finishedAt: now };
}

function onSettled(state: State, row: StepRow, now: Millis): Decision {
  if (!state.steps.has(row.key) || state.snapshot === null) return { state, change: emptyChange() };
  const { snapshot, workflow } = state;
  if (row.kind === 'action') return without(state, row);
  const wasItsFault = state.error?.details?.['key'] === row.key && row.status === 'done';
  // What else comes in while the instance is failed is kept on its row, to be taken after the retry.
  if (state.status === 'failed' && !wasItsFault) return withRow(state, row);
  const change = emptyChange();
  change.steps.push(row);
  return guarded(withRow(state, row).state, change, row, () => {
    const id = invokeId(row.key);
    const event =
      row.status === 'done'
        ? { type: `xstate.done.actor.${id}`, output: row.output, actorId: id }
        : { type: `xstate.error.actor.${id}`, error: row.error, actorId: id };
    const transition = workflow.machine.next(snapshot, event);
    const after = removed({ ...state, error: null }, row.key);
    if (!transition.changed) {
      return { state: { ...after, status: activity(after) }, change };
    }
    if (transition.snapshot.status === 'error') throw new Unhandled(row);
    return apply(after, transition, event, change, now, { stepKey: row.key, payload: null });
  });
}

/** No state of the machine handles a step's error. */
class Unhandled extends Error {
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

function onTimer(state: State, id: string, now: Millis): Decision {
  const timer = state.timers.get(id);
  if (timer === undefined || state.snapshot === null || !timersRun(state)) return { state, change: emptyChange() };
  const { snapshot, workflow } = state;
  const timers = new Map(state.timers);
  timers.delete(id);
  const after: State = { ...state, timers };
  const change = emptyChange();
  change.cancelled.push(id);
  if (timer.to !== state.id) {
    change.posts.push(letter(timer.to, timer.event));
    return { state: after, change };
  }
  return guarded(state, emptyChange(), null, () => {
    const transition = workflow.machine.next(snapshot, timer.event);
    if (!transition.changed) return { state: after, change };
    const { type: _, ...payload } = timer.event;
    return apply(after, transition, timer.event, change, now, {
      stepKey: null,
      payload: Object.keys(payload).length > 0 ? payload : null,
    });
  });
}

function onCancel(state: State, event: InboxEvent, now: Millis): Decision {
  const change = emptyChange();
  if (hasEnded(state.status)) {
    change.consumed.push({ id: event.id, status: 'ignored', sequence: null });
    return { state, change };
  }
  change.consumed.push({ id: event.id, status: 'taken', sequence: null });
  const error: ErrorRecord = {
    code: 'CANCELLED',
    class: 'final',
    name: 'CancelledError',
    message: `Instance ${state.id} was cancelled.`,
  };
  return { state: end({ ...state, status: 'cancelled', error }, change, now), change };
}

function onRetry(state: State, event: InboxEvent, now: Millis): Decision {
  const change = emptyChange();
  const took = state.status === 'failed';
  change.consumed.push({ id: event.id, status: took ? 'taken' : 'ignored', sequence: null });
  if (!took) {
    // A parent that retries it learns that there is nothing to retry.
    if (hasEnded(state.status)) reportToParent(state, change);
    return { state, change };
  }
  const steps = new Map(state.steps);
  for (const row of steps.values()) {
    if (row.status !== 'failed') continue;
    const status = row.kind === 'workflow' ? 'running' : 'queued';
    const again: StepRow = {
      ...row,
      status,
      attempt: 0,
      lost: 0,
      error: null,
      nextAttemptAt: null,
      queuedAt: now,
      startedAt: null,
      finishedAt: null,
    };
    steps.set(row.key, again);
    change.steps.push(again);
    if (row.childId !== null)
      change.posts.push({
        to: row.childId,
        type: RETRY,
        payload: null,
        source: 'control',
        fence: null,
        dedupeKey: null,
      });
  }
  const status: InstanceStatus = state.snapshot === null ? 'scheduled' : steps.size > 0 ? 'running' : 'waiting';
  return { state: { ...state, steps, status, error: null }, change };
}

/** Runs code of the machine; if it throws, the instance fails where it stands and loses nothing. */
function guarded(state: State, change: Change, row: StepRow | null, run: (change: Change) => Decision): Decision {
  try {
    return run(change);
  } catch (error) {
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
  const code = error instanceof DurachartError ? error.code : 'TRANSITION_FAILED';
  const record: ErrorRecord = { code, class: 'final', name, message };
  if (error instanceof DurachartError && error.code !== 'TRANSITION_FAILED') record.details = { ...error.details };
  if (stack !== undefined) record.stack = stack.slice(0, 8_000);
  return record;
}

/** Takes a macrostep: the one place where the sequence grows. */
function apply(
  state: State,
  transition: Transition,
  event: EventObject,
  change: Change,
  now: Millis,
  from: { stepKey: string | null; payload: unknown },
): Decision {
  const sequence = state.sequence + 1;
  const stored = state.workflow.machine.store(transition.snapshot);
  const draft = { steps: new Map(state.steps), timers: new Map(state.timers), change };
  const emitted = applyEffects(state, transition.effects, draft, sequence, now);
  const name = stateName(stored.value);
  change.transitions.push({
    sequence,
    event: event.type,
    payload: from.payload,
    stepKey: from.stepKey,
    from: state.stored === null ? null : state.name,
    to: name,
    diff: state.stored === null || sequence % WHOLE_EVERY === 0 ? { ...stored } : diffSnapshots(state.stored, stored),
    emitted: emitted.length > 0 ? emitted : null,
    at: now,
  });
  const next: State = {
    ...state,
    sequence,
    snapshot: transition.snapshot,
    stored,
    name,
    steps: draft.steps,
    timers: draft.timers,
    error: null,
    status: draft.steps.size > 0 ? 'running' : 'waiting',
  };
  if (stored.status === 'active') return { state: next, change };
  return { state: end({ ...next, status: 'done' }, change, now), change };
}

/** Every so many transitions the history holds the whole snapshot, so that an earlier one is found by reading few rows. */
export const WHOLE_EVERY = 100;

/** Of an ended instance only the actions that its transitions have asked for run on: steps and children are stopped, timers go, the parent is told. */
function end(state: State, change: Change, now: Millis): State {
  const actions = new Map<string, StepRow>();
  for (const row of state.steps.values()) {
    if (row.kind === 'action' && state.status === 'done') actions.set(row.key, row);
    else stopStep(row, change, now);
  }
  change.timers = [];
  change.cancelled = 'all';
  reportToParent(state, change);
  return { ...state, steps: actions, timers: new Map(), finishedAt: now };
}

function reportToParent(state: State, change: Change): void {
  if (state.parent === null) return;
  const outcome = state.status === 'done' ? { output: state.stored?.output } : { error: state.error };
  change.posts.push(report(state.parent, outcome));
}

/** What an instance tells the one that started it when it has come to an end. */
export function report(
  parent: { id: string; key: string },
  outcome: { output: unknown } | { error: ErrorRecord | null },
): Post {
  const kind = 'error' in outcome ? 'error' : 'done';
  const type = `xstate.${kind}.actor.${invokeId(parent.key)}`;
  return { to: parent.id, type, payload: outcome, source: 'instance', fence: parent.key, dedupeKey: null };
}

function withRow(state: State, row: StepRow): Decision {
  const change = emptyChange();
  if (!state.steps.has(row.key)) return { state, change };
  change.steps.push(row);
  return { state: { ...state, steps: new Map(state.steps).set(row.key, row) }, change };
}

function without(state: State, row: StepRow): Decision {
  const change = emptyChange();
  change.steps.push(row);
  const after = removed(state, row.key);
  return { state: { ...after, status: activity(after) }, change };
}

function removed(state: State, key: string): State {
  const steps = new Map(state.steps);
  steps.delete(key);
  return { ...state, steps };
}

function activity(state: State): InstanceStatus {
  if (state.status !== 'running' && state.status !== 'waiting') return state.status;
  return state.steps.size > 0 ? 'running' : 'waiting';
}
