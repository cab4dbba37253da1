import { isOwnDoing } from './chain.ts';
import type { Input } from './decide.ts';
import { isLeftOutput, isSettled, timersRun } from './inputs.ts';
import { CANCEL, isOwnSend, SETTLED } from './keys.ts';
import { isFailedAction } from './operations/legal.ts';
import { orderOf } from './operations/order.ts';
import type { InboxEvent, Millis, Timer } from './ports.ts';
import { isRelay } from './relay.ts';
import { hasEnded, isHeld, type State } from './state.ts';

/** What an instance's next input is chosen from. */
export interface Intake {
  state: State;
  /** What lies in its inbox and has not been taken, in order of its ids. */
  inbox: readonly InboxEvent[];
  /** A time before the inbox was read: what was acknowledged by then is in it. */
  readAt: Millis;
  now: Millis;
  /** Whether it may begin and its timers may fire: its workflow is not paused, and its worker does not stop. */
  mayGoOn: boolean;
  /** Its workflow is paused: only operations, and what its steps and children came to, are taken from the inbox. */
  isStill: boolean;
}

/** `read`: a timer is due, and what was acknowledged before it may lie in the inbox since that was read. */
export type Next = Extract<Input, { type: 'start' | 'event' | 'settled' | 'timer' }> | { type: 'read' };

interface Candidate {
  at: Millis;
  input: Next;
}

/**
 * What an instance takes next, or undefined when nothing is left: of its start, its due timers, the results of its steps and its
 * inbox, what comes first by time. At equal times they come in that order; timers by the order in which they were armed,
 * events by that of the inbox, results by that of their invocations. Pure; the same on every executor. One input may
 * cancel timers or arm others that are due already, so that it is asked again after each.
 */
export function nextInput(intake: Intake): Next | undefined {
  let next: Candidate | undefined;
  for (const candidate of [start(intake), timer(intake), result(intake), event(intake)]) {
    if (candidate !== undefined && (next === undefined || candidate.at < next.at)) next = candidate;
  }
  return next?.input;
}

/** One that was cancelled before it has begun never begins. */
function start({ state, inbox, now, mayGoOn }: Intake): Candidate | undefined {
  if (state.status !== 'scheduled' || state.sequence > 0 || !mayGoOn) return undefined;
  if (state.startAt !== null && state.startAt > now) return undefined;
  if (inbox.some(({ type }) => type === CANCEL)) return undefined;
  return { at: state.startAt ?? state.createdAt, input: { type: 'start' } };
}

function timer({ state, readAt, now, mayGoOn }: Intake): Candidate | undefined {
  if (!mayGoOn || !timersRun(state)) return undefined;
  const first = firstTimer(state.timers.values());
  if (first === undefined || first.dueAt > now) return undefined;
  // What an instance sends itself comes next, with nothing from outside in between.
  const isSafe = first.dueAt <= readAt || isOwnDoing(first, state);
  return { at: first.dueAt, input: isSafe ? { type: 'timer', id: first.id } : { type: 'read' } };
}

/** Of timers in the order in which they were armed, the one that fires first. */
function firstTimer(timers: Iterable<Timer>): Timer | undefined {
  let first: Timer | undefined;
  for (const each of timers) {
    if (first === undefined || isBefore(each, first)) first = each;
  }
  return first;
}

/** What an instance has sent itself is there at once, before what is due at the same time: so it is in XState. */
function isBefore(a: Timer, b: Timer): boolean {
  if (a.dueAt !== b.dueAt) return a.dueAt < b.dueAt;
  if (isOwnSend(a.id) !== isOwnSend(b.id)) return isOwnSend(a.id);
  return a.sequence < b.sequence;
}

/**
 * A held instance takes no results. Of one that a row in the inbox tells of, that row has the place. An action that failed for good stays
 * among the live ones, and nothing more comes of it.
 */
function result({ state, inbox }: Intake): Candidate | undefined {
  if (isHeld(state.status)) return undefined;
  let first: Candidate | undefined;
  for (const row of state.steps.values()) {
    if (!isSettled(row) || isFailedAction(row)) continue;
    const at = row.finishedAt ?? -Infinity;
    if (first !== undefined && at >= first.at) continue;
    if (inbox.some(({ type, fence }) => type === SETTLED && fence === row.key)) continue;
    first = { at, input: { type: 'settled', row } };
  }
  return first;
}

function event({ state, inbox, isStill }: Intake): Candidate | undefined {
  // What is sent to one that is held, or has not begun, stays in the inbox.
  const keeps = !hasEnded(state.status) && (isHeld(state.status) || state.snapshot === null);
  const first = inbox.find((each) => {
    if (orderOf(each) !== undefined) return true;
    // What is only relayed waits until the instance has begun, since it may start the actor that is meant, and for nothing else.
    if (isRelay(each) && state.snapshot !== null) return true;
    if (each.fence !== null) return !(keeps && isLeftOutput(state, each));
    return !(isStill || keeps);
  });
  return first === undefined ? undefined : { at: first.createdAt, input: { type: 'event', event: first } };
}
