import { LoopError } from '../core/loop.ts';
import type { Millis, Timer } from './ports.ts';

/** Transitions in a row that an instance has brought upon itself: by what it sent itself, or a timer without delay. */
export interface Chain {
  length: number;
  /** The states that the newest of them led to. */
  names: readonly string[];
}

export const NO_CHAIN: Chain = { length: 0, names: [] };

/** Each is a commit: what a machine has to go through without waiting for anything is better done within a transition, or by a step. */
const LONGEST = 1_000;
const REMEMBERED = 100;

/** Whether a timer was due as soon as the last transition had armed it. */
export function isOwnDoing(timer: Timer, { sequence, movedAt }: { sequence: number; movedAt: Millis }): boolean {
  return timer.sequence === sequence && timer.dueAt <= movedAt;
}

/** @throws LoopError where the chain has no end */
export function assertChainEnds({ length, names }: Chain, event: string): void {
  if (length >= LONGEST)
    throw new LoopError(`events of its own, like ${event},`, `${length.toLocaleString('en')} transitions`, names);
}

export function longer({ length, names }: Chain, name: string): Chain {
  return { length: length + 1, names: [...names.slice(1 - REMEMBERED), name] };
}
