import { mayBegin, type Pauses } from '../../engine/pauses.ts';
import type { StepRow } from '../../engine/ports.ts';
import { definitionOf, isRun, lostWorker } from '../../engine/step-rows.ts';
import { isHeld, type State } from '../../engine/state.ts';

/** The invocations that somebody has to make; a child workflow has drivers of its own. */
export function toRun({ steps, status, workflow }: State, pauses: Pauses): StepRow[] {
  if (isHeld(status)) return [];
  return [...steps.values()].filter(
    (row) =>
      isRun(row) &&
      row.status !== 'done' &&
      row.status !== 'failed' &&
      // What runs may end.
      (row.status === 'running' || mayBegin(pauses, workflow.name, row)),
  );
}

/** Whether the driver makes it itself: custom actions, steps that say so, and those that the code no longer has. */
export function isInline(state: State, row: StepRow): boolean {
  if (row.kind === 'action') return true;
  const definition = definitionOf(state.workflow, row);
  return definition === undefined || definition.inline === true;
}

/** The row after a run that ended without a word: begun again, unless that has happened too often. */
export function lostRun(row: StepRow, runId: string | null, now: number): StepRow {
  // Waiting for its next attempt it has lost nothing.
  if (row.status === 'retrying') return row;
  const lost = lostWorker(row.status === 'running' ? row : { ...row, attempt: row.attempt + 1 }, now);
  return withRun(lost, row, runId);
}

/** Notes the run in the attempts that came to it. */
export function withRun(row: StepRow, before: StepRow, runId: string | null): StepRow {
  if (runId === null || row.attempts === null) return row;
  const known = before.attempts?.length ?? 0;
  return { ...row, attempts: row.attempts.map((attempt, index) => (index < known ? attempt : { ...attempt, runId })) };
}
