import { hasEnded } from '../engine/state.ts';
import type { Commit } from '../engine/ports.ts';

/** From about here on Postgres keeps the value elsewhere, and logs it whole in any case. */
const LONGEST = 1_800;
/** One that grows gets room for what may follow, so that the next ones are as long: up to the next multiple of this. */
const STEP = 128;
/** Of so many instances it is known; no more are in hand at a time as a rule. */
const MOST_KNOWN = 20_000;

/** How long the snapshot is that an instance's row holds, of those that this process goes on with. */
const lengths = new Map<string, number>();

/**
 * A snapshot's text, with spaces at its end so that it is as long as the one before. Postgres logs of a row that changes
 * what lies between the first byte that differs and the last; the length of a value stands before it, so that a context
 * of which nothing changes would be logged whole for a state with a longer name. JSON may end in spaces.
 */
export function withRoom({ id, create, after, release }: Commit, text: string): string {
  const before = create === null ? lengths.get(id) : undefined;
  const length = before === undefined ? text.length : lengthFor(text.length, before);
  if (hasEnded(after.status) || release !== null) lengths.delete(id);
  else {
    if (lengths.size >= MOST_KNOWN) lengths.clear();
    lengths.set(id, length);
  }
  return text.padEnd(length);
}

function lengthFor(length: number, before: number): number {
  if (length === before || length > LONGEST) return length;
  // Much shorter than it was: that would be room for nothing.
  if (length < before) return before - length <= Math.max(STEP, before / 8) ? before : length;
  return Math.ceil(length / STEP) * STEP;
}
