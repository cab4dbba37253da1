import { isFanOut, itemsUnderWay, type FanOutRow } from './fan-out.ts';
import { CANCEL } from './keys.ts';
import type { Millis, StepRow } from './ports.ts';
import type { Change } from './state.ts';

/** Marks an invocation as stopped; what it still reports finds no live key. */
export function stopStep(row: StepRow, change: Change, now: Millis): void {
  if (isFanOut(row)) stopWaiting(row, change);
  const unsaved = change.newSteps.findIndex((other) => other.key === row.key);
  if (unsaved >= 0) {
    // Entered and left within one transition: it has never been.
    change.newSteps.splice(unsaved, 1);
    change.children = change.children.filter((child) => child.id !== row.childId);
    return;
  }
  change.steps = change.steps.filter((other) => other.key !== row.key);
  change.steps.push({ ...row, status: 'stopped', finishedAt: now, nextAttemptAt: null });
  if (row.childId !== null) {
    change.posts.push({
      to: row.childId,
      type: CANCEL,
      payload: null,
      source: 'control',
      fence: null,
      dedupeKey: null,
    });
  }
}

/** Stops the items that are under way. Returns the invocations that are left. */
export function stopItems(
  steps: ReadonlyMap<string, StepRow>,
  fanOut: string,
  change: Change,
  now: Millis,
): Map<string, StepRow> {
  const left = new Map(steps);
  for (const item of itemsUnderWay(steps, fanOut)) {
    left.delete(item.key);
    stopStep(item, change, now);
  }
  return left;
}

/** Items that have not had their turn never begin. */
export function stopWaiting({ key, fanOut }: FanOutRow, change: Change): void {
  const unsaved = change.waitingItems.findIndex((items) => items.fanOut === key);
  if (unsaved >= 0) change.waitingItems.splice(unsaved, 1);
  else if (fanOut.cursor < fanOut.total && fanOut.waiting > 0)
    change.stoppedItems.push({ fanOut: key, from: fanOut.cursor, to: fanOut.total });
}
