import type { Millis } from './ports.ts';

/** Milliseconds after which a run of another system that has not begun counts as lost there. */
const UNBEGUN = 5 * 60_000;
/** Each round waits twice as long as the one before, up to some hours: where all wait in line, runs are not made for nothing again and again. */
const DOUBLINGS = 6;

/** When a run that should have begun at a time, and has not, is replaced. */
export function replacedAt(since: Millis, round: number): Millis {
  return since + UNBEGUN * 2 ** Math.min(round - 1, DOUBLINGS);
}
