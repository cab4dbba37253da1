import type { EventObject } from '../core/effect.ts';
import { decoded } from '../core/undefined.ts';
import { checkInput } from './checks.ts';
import { isCorrelated } from './events/correlation.ts';
import type { ItemResults } from './fan-out.ts';
import { childRow, isSettled, onGathered, onItems, onLeftChild, onSettled, onTimer } from './inputs.ts';
import { EMIT, SETTLED } from './keys.ts';
import { apply, guarded, withRow, type Decision } from './macrostep.ts';
import { onOrder } from './operations/perform.ts';
import { orderOf } from './operations/order.ts';
import type { InboxEvent, Millis, StepRow } from './ports.ts';
import { isRelay, relayedBy, relays } from './relay.ts';
import { emptyChange, hasEnded, isHeld, type State } from './state.ts';

/** What can happen to an instance. */
export type Input =
  | { type: 'start' }
  | { type: 'event'; event: InboxEvent }
  /** A live invocation has come to its end: `row.status` is done or failed. */
  | { type: 'settled'; row: StepRow }
  | { type: 'timer'; id: string }
  /** A row of a live invocation changed, and nothing else. */
  | { type: 'step'; row: StepRow }
  /** Items of a fan-out that were read to go on with it: all that wait, up to but not including index `upTo`. */
  | { type: 'items'; fanOut: string; rows: readonly StepRow[]; upTo: number }
  /** All items of a fan-out have ended, and this is what they came to. */
  | { type: 'gathered'; fanOut: string; results: ItemResults };

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
    case 'items':
    case 'gathered':
      return `${input.type} ${input.fanOut}`;
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
    case 'items':
      return onItems(state, input.fanOut, input.rows, input.upTo, now);
    case 'gathered':
      return onGathered(state, input.fanOut, input.results, now);
  }
}

function onStart(state: State, now: Millis): Decision {
  const early = state.startAt !== null && state.startAt > now;
  if (state.sequence > 0 || hasEnded(state.status) || isHeld(state.status) || early)
    return { state, change: emptyChange() };
  return guarded(state, emptyChange(), null, (change) => {
    // What a caller gives was checked when it was given; what a parent gives is checked here.
    const input = state.parent === null ? state.input : checkInput(state.workflow, decoded(state.input));
    const transition = state.workflow.machine.start(input, state);
    return apply(state, transition, { type: 'xstate.init' }, change, now, { stepKey: null, payload: null });
  });
}

function onEvent(state: State, event: InboxEvent, now: Millis): Decision {
  const order = orderOf(event);
  if (order !== undefined) return onOrder(state, order, event, now);
  const ignored = (): Decision => ({
    state,
    change: { ...emptyChange(), consumed: [{ id: event.id, status: 'ignored', sequence: null }] },
  });
  if (hasEnded(state.status)) return ignored();
  if (isRelay(event) && state.snapshot !== null) {
    const change = emptyChange();
    change.consumed.push({ id: event.id, status: 'taken', sequence: null });
    change.posts.push(...relays(state, state.steps, relayedBy(event)));
    return { state, change };
  }
  if (event.fence !== null) {
    const row = state.steps.get(event.fence);
    if (row === undefined) return onLeftChild(state, event, now) ?? ignored();
    if (event.type === SETTLED ? !isSettled(row) : row.status === 'done') return ignored();
    const decision = onSettled(state, event.type === SETTLED ? row : childRow(row, event, now), now);
    decision.change.consumed.push({ id: event.id, status: 'taken', sequence: decision.state.sequence });
    return decision;
  }
  // A failed, paused or unborn instance keeps its events for later.
  if (state.snapshot === null || isHeld(state.status)) return { state, change: emptyChange() };
  const { snapshot, workflow } = state;
  return guarded(state, emptyChange(), null, (change) => {
    if (event.type === EMIT && event.source === 'instance') {
      change.consumed.push({ id: event.id, status: 'taken', sequence: state.sequence + 1 });
      const emits = {
        snapshot,
        effects: [{ type: 'emit' as const, event: event.payload as EventObject }],
        changed: true,
      };
      return apply(state, emits, { type: EMIT }, change, now, { stepKey: null, payload: null });
    }
    if (event.correlation !== undefined && !isCorrelated(state, event.type, event.correlation)) return ignored();
    const object: EventObject = { ...(event.payload as object | null), type: event.type };
    const transition = workflow.machine.next(snapshot, object, state);
    if (!transition.changed) return ignored();
    change.consumed.push({ id: event.id, status: 'taken', sequence: state.sequence + 1 });
    return apply(state, transition, object, change, now, { stepKey: null, payload: event.payload });
  });
}
