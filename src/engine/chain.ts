import { LoopError } from '../core/loop.ts';
import type { Millis, Timer } from './ports.ts';

/** Transitions in a row that an instance has brought upon itself: by what it sent itself, or a timer without delay. */
export interface Chain {
  length: number;
  /** The states that the newest of them led to. */
  names: readonly string[];
  /** Timers in a row that were due already when they were armed. */
  overdue: number;
}

export const NO_CHAIN: Chain = { length: 0, names: [], overdue: 0 };

/** Each is a commit: what a machine has to go through without waiting for anything is better done within a transition, or by a step. */
const LONGEST = 1_000;
const REMEMBERED = 100;
/** Timers of a machine without end that are made up for after nobody was there to fire them. */
export const MOST_OVERDUE = 500;

/** Whether a timer was due as soon as the last transition had armed it: it has no delay. */
export function isOwnDoing(timer: Timer, { sequence, since }: { sequence: number; since: Millis }): boolean {
  return timer.sequence === sequence && timer.dueAt <= since;
}

/** @throws LoopError where the chain has no end */
export function assertChainEnds({ length, names }: Chain, event: string): void {
  if (length >= LONGEST)
    throw new LoopError(`events of its own, like ${event},`, `${length.toLocaleString('en')} transitions`, names);
}

/** The chain after a timer was taken that leads to a state. */
export function longer(chain: Chain, name: string, by: { ownDoing: boolean; overdue: boolean }): Chain {
  const overdue = by.overdue ? chain.overdue + 1 : 0;
  if (!by.ownDoing) return { ...NO_CHAIN, overdue };
  return { length: chain.length + 1, names: [...chain.names.slice(1 - REMEMBERED), name], overdue };
}

/**
 * The time from which delays count that a due timer's transition begins: when it was due, so that of timers that follow each
 * other each has its time, however late they are taken. Of a machine without end not all of it is made up for.
 */
export function countsFrom(timer: Timer, { chain }: { chain: Chain }, now: Millis): Millis {
  return chain.overdue >= MOST_OVERDUE ? now : Math.min(timer.dueAt, now);
}

/** Whether a timer was due already when the last transition, at `movedAt`, armed it. */
export function wasOverdue(timer: Timer, { sequence, movedAt }: { sequence: number; movedAt: Millis }): boolean {
  return timer.sequence === sequence && timer.dueAt <= movedAt;
}
