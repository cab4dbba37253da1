import type { ErrorRecord } from '../core/error.ts';
import { assertChainEnds, countsFrom, isOwnDoing, longer, wasOverdue } from './chain.ts';
import type { LiveSnapshot } from '../core/machine.ts';
import { thrownOf } from '../core/thrown-value.ts';
import { failedBy, finished, isFanOut, needOf, withEnded, withItems, type ItemResults } from './fan-out.ts';
import { fanOutOf, invokeId, RELAY } from './keys.ts';
import { apply, activity, guarded, removed, Unhandled, withRow, type Decision } from './macrostep.ts';
import { message } from './message.ts';
import { isFailedAction } from './operations/legal.ts';
import type { InboxEvent, Millis, StepRow } from './ports.ts';
import { relayedBy, relays } from './relay.ts';
import { emptyChange, isHeld, type State } from './state.ts';
import { stopItems, stopWaiting } from './stopping.ts';

/** Whether a due timer may fire: a failed or paused instance keeps its timers until it goes on. */
export function timersRun(state: State): boolean {
  return state.status === 'running' || state.status === 'waiting';
}

/** Whether an invocation has come to its end. */
export function isSettled(row: StepRow): boolean {
  return row.status === 'done' || row.status === 'failed';
}

/** What a child instance reported, on the row of the invocation that it answers. */
export function childRow(row: StepRow, event: InboxEvent, now: Millis): StepRow {
  const { output, error } = event.payload as { output?: unknown; error?: ErrorRecord };
  return error === undefined
    ? { ...row, status: 'done', output, error: null, finishedAt: now }
    : { ...row, status: 'failed', error, finishedAt: now };
}

/** A live invocation has come to its end. */
export function onSettled(state: State, row: StepRow, now: Millis): Decision {
  if (!state.steps.has(row.key) || state.snapshot === null) return { state, change: emptyChange() };
  if (row.kind === 'action') return onActionEnded(state, row);
  if (row.kind === 'item') return onItemEnded(state, row, now);
  const wasItsFault = isItsFault(state, row);
  // What else comes in while the instance is failed or paused is kept on its row, to be taken when it goes on.
  if (isHeld(state.status) && !wasItsFault) return withRow(state, row);
  return taken(state, row, row, row.output, now);
}

/** All items of a fan-out have ended, and their results were read. A machine that throws on them is given them anew by a retry. */
export function onGathered(state: State, key: string, results: ItemResults, now: Millis): Decision {
  const fanOut = state.steps.get(key);
  if (!isFanOut(fanOut) || needOf(state, fanOut, now)?.type !== 'results') return { state, change: emptyChange() };
  const { row, output } = finished(fanOut, results, now);
  return taken(state, fanOut, row, output, now);
}

/** The machine takes what an invocation came to. @param kept its row, where the machine throws on that */
function taken(state: State, kept: StepRow, row: StepRow, output: unknown, now: Millis): Decision {
  const { workflow } = state;
  const snapshot = state.snapshot as LiveSnapshot;
  const wasItsFault = isItsFault(state, row);
  const change = emptyChange();
  change.steps.push(row);
  return guarded(state, change, kept, () => {
    const id = invokeId(row.key);
    const event =
      row.status === 'done'
        ? { type: `xstate.done.actor.${id}`, output, actorId: id }
        : {
            type: `xstate.error.actor.${id}`,
            error: row.error === null ? undefined : thrownOf(row.error),
            actorId: id,
          };
    const transition = workflow.machine.next(snapshot, event, state);
    const after: State = { ...state, error: null, status: wasItsFault ? 'waiting' : state.status };
    if (!transition.changed) {
      const without = removed(after, row.key);
      return { state: { ...without, status: activity(without) }, change };
    }
    if (transition.snapshot.status === 'error') throw new Unhandled(row);
    return apply(after, transition, event, change, now, { stepKey: row.key, payload: null });
  });
}

/**
 * The output of a child whose invocation has been left, by the child's own message or before that was taken.
 * The child ended in the transition that sent the message, before anything could stop it; XState delivers both.
 * Undefined where the invocation counts no more, and where another one has its id, whose output it would be taken for.
 */
export function onLeftChild(state: State, event: InboxEvent, now: Millis): Decision | undefined {
  if (event.fence === null || !isLeftOutput(state, event)) return undefined;
  const { output } = event.payload as { output?: unknown };
  const { snapshot, workflow } = state;
  const id = invokeId(event.fence);
  // Kept for later, as other events are.
  if (snapshot === null || isHeld(state.status)) return { state, change: emptyChange() };
  return guarded(state, emptyChange(), null, (change) => {
    const object = { type: event.type, output, actorId: id };
    const transition = workflow.machine.next(snapshot, object, state);
    const { changed } = transition;
    const sequence = changed ? state.sequence + 1 : null;
    change.consumed.push({ id: event.id, status: changed ? 'taken' : 'ignored', sequence });
    return changed
      ? apply(state, transition, object, change, now, { stepKey: null, payload: { output } })
      : { state, change };
  });
}

/** Whether an event is such an output, and no live invocation has the child's id. */
export function isLeftOutput({ steps }: State, { fence, payload }: InboxEvent): boolean {
  if (fence === null || steps.has(fence) || (payload as { sent?: boolean } | null)?.sent !== true) return false;
  const id = invokeId(fence);
  return ![...steps.values()].some(({ kind, key }) => kind !== 'action' && invokeId(key) === id);
}

/** The instance has failed for this invocation, and now there is a result of it. */
function isItsFault({ error }: State, { key, status }: StepRow): boolean {
  return error?.details?.['key'] === key && status === 'done';
}

/** One that has failed for good stays, so that it is seen, and can be done once more; the machine has gone on long since. */
function onActionEnded(state: State, row: StepRow): Decision {
  if (row.status === 'done') return without(state, row);
  const known = state.steps.get(row.key);
  if (known !== undefined && isFailedAction(known)) return { state, change: emptyChange() };
  const { state: after, change } = withRow(state, row);
  return { state: { ...after, status: activity(after) }, change };
}

function without(state: State, row: StepRow): Decision {
  const change = emptyChange();
  change.steps.push(row);
  const after = removed(state, row.key);
  return { state: { ...after, status: activity(after) }, change };
}

/** An item of a fan-out has come to its end: the fan-out counts it, also while the instance is held. */
function onItemEnded(state: State, item: StepRow, now: Millis): Decision {
  const key = fanOutOf(item.key);
  const fanOut = state.steps.get(key);
  const change = emptyChange();
  change.steps.push(item);
  const steps = new Map(state.steps);
  steps.delete(item.key);
  if (!isFanOut(fanOut)) return { state: { ...state, steps }, change };
  const row = withEnded(fanOut, item, steps, now);
  if (item.status !== 'failed' || row.fanOut.onItemError === 'continue') {
    change.steps.push(row);
    return { state: { ...state, steps: steps.set(key, row) }, change };
  }
  const left = stopItems(steps, key, change, now);
  stopWaiting(row, change);
  const decision = onSettled({ ...state, steps: left }, failedBy(row, item, now), now);
  decision.change.steps.unshift(...change.steps);
  decision.change.stoppedItems.unshift(...change.stoppedItems);
  return decision;
}

/** Items of a fan-out were read whose turn it may be. @param upTo index up to which, itself not included, they were read */
export function onItems(state: State, key: string, read: readonly StepRow[], upTo: number, now: Millis): Decision {
  const change = emptyChange();
  const fanOut = state.steps.get(key);
  if (!isFanOut(fanOut) || fanOut.status !== 'running' || isHeld(state.status)) return { state, change };
  const { row, items } = withItems(state, fanOut, read, upTo, now);
  const steps = new Map(state.steps).set(key, row);
  for (const item of items) steps.set(item.key, item);
  change.steps.push(row, ...items);
  return { state: { ...state, steps }, change };
}

/** A timer is due. */
export function onTimer(state: State, id: string, now: Millis): Decision {
  const timer = state.timers.get(id);
  if (timer === undefined || state.snapshot === null || !timersRun(state)) return { state, change: emptyChange() };
  const { snapshot, workflow } = state;
  const timers = new Map(state.timers);
  timers.delete(id);
  const after: State = { ...state, timers };
  const change = emptyChange();
  change.cancelled.push(id);
  if (timer.to !== state.id) {
    change.posts.push(message(timer.to, timer.event));
    return { state: after, change };
  }
  if (timer.event.type === RELAY) {
    change.posts.push(...relays(state, state.steps, relayedBy({ payload: timer.event })));
    return { state: after, change };
  }
  const ownDoing = isOwnDoing(timer, state);
  return guarded(state, emptyChange(), null, () => {
    if (ownDoing) assertChainEnds(state.chain, timer.event.type);
    const transition = workflow.machine.next(snapshot, timer.event, state);
    if (!transition.changed) return { state: after, change };
    const { type: _, ...payload } = timer.event;
    return apply(after, transition, timer.event, change, now, {
      stepKey: null,
      payload: Object.keys(payload).length > 0 ? payload : null,
      timer: {
        since: countsFrom(timer, state, now),
        chain: (name) => longer(state.chain, name, { ownDoing, overdue: wasOverdue(timer, state) }),
      },
    });
  });
}
