import { DurachartError, type ErrorRecord } from '../../core/error.ts';
import { NO_CHAIN } from '../chain.ts';
import { againFor, isFanOut } from '../fan-out.ts';
import { HISTORY_LIMIT } from '../history-limit.ts';
import { onSettled } from '../inputs.ts';
import { CANCEL, RETRY, sequenceOf } from '../keys.ts';
import { apply, end, isBusy, reportToParent, type Decision } from '../macrostep.ts';
import { message } from '../message.ts';
import type { AttemptRecord, InboxEvent, InstanceStatus, Millis, StepRow } from '../ports.ts';
import { emptyChange, hasEnded, isUnreadable, standOf, type State } from '../state.ts';
import { blankAgain } from '../step-rows.ts';
import { stopItems, stopStep, stopWaiting } from '../stopping.ts';
import { edit } from './edit.ts';
import { hasFailedItems, legal, type Standing } from './legal.ts';
import type { Moment, Order } from './order.ts';

/** A decision, and what else is to be told of it. */
interface Performed extends Decision {
  result?: unknown;
}

/**
 * What an operator asked for, done or refused. Pure, as all deciding is.
 * What comes of it is written to its record by the commit that does it.
 */
export function onOrder(state: State, order: Order, event: InboxEvent, now: Millis): Decision {
  const record = (after: State, refusal: DurachartError | null, result: unknown): Decision['change']['audits'] =>
    // A parent's order has no record.
    event.payload === null
      ? []
      : [
          {
            eventId: event.id,
            create: null,
            status: refusal === null ? 'applied' : 'refused',
            code: refusal?.code ?? null,
            reason: refusal?.message ?? null,
            before: standOf(state),
            after: standOf(after),
            result: result ?? null,
          },
        ];
  try {
    const { state: after, change, result } = permitted(state, order, now);
    const sequence = after.sequence > state.sequence ? after.sequence : null;
    change.consumed.push({ id: event.id, status: 'taken', sequence });
    change.audits.push(...record(after, null, result));
    return { state: after, change };
  } catch (error) {
    if (!(error instanceof DurachartError)) throw error;
    const change = emptyChange();
    change.consumed.push({ id: event.id, status: 'ignored', sequence: null });
    change.audits.push(...record(state, error, null));
    // A parent that retries it learns that there is nothing to retry.
    if (order.operation === 'retry' && event.payload === null && hasEnded(state.status)) reportToParent(state, change);
    return { state, change };
  }
}

function permitted(state: State, order: Order, now: Millis): Performed {
  // What resuming comes to is judged by itself: this instance may have moved on since it was found stuck.
  const concrete = order.operation === 'resume' ? order.as : order;
  if (concrete.operation === 'send') return sendOwn(state, concrete.type, now);
  const verdict = legal(concrete.operation, standing(state), concrete.operation === 'skip' ? concrete.step : undefined);
  if (!verdict.ok) throw new DurachartError(verdict.code, verdict.reason);
  return perform(state, concrete, now);
}

function perform(state: State, order: Exclude<Order, { operation: 'resume' }>, now: Millis): Performed {
  switch (order.operation) {
    case 'retry':
      return retry(state, now);
    case 'pause':
      return { state: { ...state, status: 'paused' }, change: emptyChange() };
    case 'unpause':
      return { state: { ...state, status: doing(state) }, change: emptyChange() };
    case 'cancel':
      return cancel(state, order.force === true, now);
    case 'skip':
      return skip(state, order, now);
    case 'rewind':
      return rewind(state, order, now);
    case 'edit':
      return edit(state, order.patch, now);
  }
}

/** The facts that {@link legal} asks for, from an instance in memory. What was entered by an error only its history tells. */
function standing({ status, sequence, steps, snapshot, unreadable }: State): Standing {
  return {
    status,
    sequence,
    steps: [...steps.values()],
    enteredByError: false,
    stateKnown: !isUnreadable({ unreadable, snapshot }),
  };
}

/** What an instance is doing that is held by nobody. */
function doing({ sequence, steps }: State): InstanceStatus {
  if (sequence === 0) return 'scheduled';
  return isBusy(steps) ? 'running' : 'waiting';
}

function retry(state: State, now: Millis): Performed {
  if (isUnreadable(state)) throw unknownState(state);
  const change = emptyChange();
  const steps = new Map(state.steps);
  for (const row of steps.values()) {
    if (row.status !== 'failed' && !hasFailedItems(row)) continue;
    const again = isFanOut(row) ? againFor(state, row, now) : blankAgain(row, now);
    steps.set(row.key, again);
    change.steps.push(again);
    if (row.childId !== null)
      change.posts.push({ ...message(row.childId, { type: RETRY }), payload: null, source: 'control' });
  }
  const after = { ...state, steps, error: null, chain: NO_CHAIN };
  // Of one that has ended an action of its last transition is done once more, and nothing else.
  return { state: { ...after, status: hasEnded(state.status) ? state.status : doing(after) }, change };
}

function cancel(state: State, force: boolean, now: Millis): Performed {
  const own = state.workflow.controls.cancel;
  const { snapshot, workflow } = state;
  const mayMove = state.sequence < HISTORY_LIMIT;
  if (
    !force &&
    mayMove &&
    own !== undefined &&
    snapshot !== null &&
    workflow.machine.accepts(snapshot, { type: own }, state)
  ) {
    return { ...sendOwn(state, own, now), result: { event: own } };
  }
  const error: ErrorRecord = {
    code: 'CANCELLED',
    class: 'final',
    name: 'CancelledError',
    message: `Instance ${state.id} was cancelled.`,
  };
  const change = emptyChange();
  return { state: end({ ...state, status: 'cancelled', error }, change, now), change };
}

/** An event that the machine has for the purpose; it moves a held instance too. */
function sendOwn(state: State, type: string, now: Millis): Performed {
  const { snapshot, workflow } = state;
  if (hasEnded(state.status)) throw new DurachartError('INSTANCE_ENDED', `The instance is ${state.status}.`);
  if (snapshot === null) throw unknownState(state);
  const transition = workflow.machine.next(snapshot, { type }, state);
  if (!transition.changed) throw new DurachartError('EVENT_NOT_ACCEPTED', `State ${state.name} does not take ${type}.`);
  return {
    ...apply(state, transition, { type }, emptyChange(), now, { stepKey: null, payload: null }),
    result: { event: type },
  };
}

function skip(state: State, { step, output }: Extract<Order, { operation: 'skip' }>, now: Millis): Performed {
  if (isUnreadable(state)) throw unknownState(state);
  const row = state.steps.get(step) as StepRow;
  const attempt: AttemptRecord = {
    attempt: row.attempt,
    startedAt: row.startedAt ?? now,
    finishedAt: now,
    outcome: 'skipped',
    ...(row.error === null ? {} : { error: row.error }),
    ...(row.logs === null ? {} : { logs: row.logs }),
  };
  const done: StepRow = {
    ...row,
    status: 'done',
    output,
    error: null,
    attempts: [...(row.attempts ?? []), attempt],
    nextAttemptAt: null,
    finishedAt: now,
  };
  if (!isFanOut(row)) {
    const decision = onSettled(state, done, now);
    dismiss(row, decision.change);
    return decision;
  }
  const stopped = emptyChange();
  const steps = stopItems(state.steps, row.key, stopped, now);
  stopWaiting(row, stopped);
  const decision = onSettled({ ...state, steps }, done, now);
  decision.change.steps.unshift(...stopped.steps);
  decision.change.stoppedItems.push(...stopped.stoppedItems);
  return decision;
}

/** A child that nobody waits for any longer is ended. */
function dismiss({ childId }: StepRow, change: Decision['change']): void {
  if (childId !== null) change.posts.push({ ...message(childId, { type: CANCEL }), payload: null, source: 'control' });
}

/** The same instance again at an earlier moment: a transition like others, so that history keeps what came between. */
export function rewind(state: State, { to, moment }: Extract<Order, { operation: 'rewind' }>, now: Millis): Performed {
  if (to > state.sequence) throw new DurachartError('TRANSITION_NOT_FOUND', `The instance has no transition ${to}.`);
  const change = emptyChange();
  const steps = new Map<string, StepRow>();
  for (const row of state.steps.values()) {
    // What was asked for by then is still owed.
    if (row.kind === 'action' && sequenceOf(row.key) <= to) steps.set(row.key, row);
    else if (row.status !== 'failed' && row.status !== 'done') stopStep(row, change, now);
    else if (row.status === 'failed') dismiss(row, change);
  }
  change.cancelled.push(...state.timers.keys());
  const decision = stand({ ...state, steps, timers: new Map(), finishedAt: null }, moment, change, now, {
    event: 'durachart.rewind',
    payload: { to },
  });
  return { ...decision, state: state.status === 'paused' ? { ...decision.state, status: 'paused' } : decision.state };
}

/** Puts an instance where another moment, its own or another instance's, stood. @throws DurachartError `STATE_UNKNOWN`, `MOMENT_ENDED` */
export function stand(
  state: State,
  { snapshot, effects }: Moment,
  change: Decision['change'],
  now: Millis,
  by: { event: string; payload: unknown },
): Decision {
  if (snapshot.status !== 'active')
    throw new DurachartError(
      'MOMENT_ENDED',
      'After that transition the machine had ended; nothing would go on from there. Take an earlier one.',
    );
  const restored = state.workflow.machine.restore(snapshot);
  const transition = { snapshot: restored, effects, changed: true };
  return apply(state, transition, { type: by.event }, change, now, { stepKey: null, payload: by.payload });
}

function unknownState(state: State): DurachartError {
  const { unreadable } = state;
  if (unreadable !== null && unreadable.code !== 'STATE_UNKNOWN')
    return new DurachartError(unreadable.code, unreadable.message);
  return new DurachartError(
    'STATE_UNKNOWN',
    `The code no longer has the state ${state.name}. Bring it back, or rewind the instance to a state that there is.`,
  );
}
