import { DurachartError } from '../core/error.ts';

/** Transitions of one instance. Each is a row for good, and an instance that lives on without end is better told in several. */
export const HISTORY_LIMIT = 50_000;
/** From so many on, explanations warn. */
export const HISTORY_WARNING = 40_000;

/** @throws DurachartError `HISTORY_TOO_LONG` where another transition would be too many */
export function assertHistoryHasRoom({ id, sequence }: { id: string; sequence: number }): void {
  if (sequence < HISTORY_LIMIT) return;
  throw new DurachartError(
    'HISTORY_TOO_LONG',
    `Instance ${id} has made ${sequence.toLocaleString('en')} transitions, and that is the limit. Fork it: the fork goes on from where this one stands, with a history of its own. A machine that goes on without end should end now and then, and start its successor.`,
    { details: { instance: id, transitions: sequence, limit: HISTORY_LIMIT } },
  );
}
