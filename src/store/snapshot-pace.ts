import type { Commit } from '../engine/ports.ts';
import { lastWhole } from '../engine/macrostep.ts';

/** So many characters of history are read for a snapshot without a second thought. */
const LITTLE = 64_000;
/** Of so many instances it is known how they stand; no more are in hand at a time as a rule. */
const MOST_KNOWN = 20_000;

/** Of an instance in hand: how much was written of its history since the last whole snapshot, and how much that was. */
interface Pace {
  since: number;
  whole: number;
}

const paces = new Map<string, Pace>();

/**
 * What a commit writes to its instance's row as the snapshot, empty for nothing (docs/decisions/0031). It writes it where it gives the
 * instance back; and where the instance stays in hand once the differences since the last whole snapshot are more than that is
 * itself: so no more than twice as much is written, or read, as need be.
 * @param length of its transitions, in characters
 * @param text makes the snapshot's text
 */
export function snapshotToWrite(
  { id, create, release, transitions }: Commit,
  length: number,
  text: () => string,
): string {
  if (release !== null || create?.leased === false) {
    paces.delete(id);
    return text();
  }
  if (transitions.some(({ sequence }) => sequence === lastWhole(sequence)))
    return note(id, { since: 0, whole: length }, '');
  const { since, whole } = paces.get(id) ?? { since: 0, whole: 0 };
  if (since + length <= Math.max(LITTLE, whole)) return note(id, { since: since + length, whole }, '');
  const snapshot = text();
  return note(id, { since: 0, whole: snapshot.length }, snapshot);
}

function note(id: string, pace: Pace, snapshot: string): string {
  if (paces.size >= MOST_KNOWN) paces.clear();
  paces.set(id, pace);
  return snapshot;
}
