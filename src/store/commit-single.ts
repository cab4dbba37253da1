import type { Commit } from '../engine/ports.ts';
import { NEW_STEP, OWN, scalars, scalarValues, STEP, TRANSITION, type Columns } from './commit-columns.ts';
import { newStepOf, ownRow, stepOf, textOf, told, transitionOf } from './commit-parameters.ts';
import { INSERT, newStepsFrom, partsOf, STORED, stepsFrom, transitionsFrom, UPDATE } from './commit-statement.ts';

/**
 * The commit of a batch that is what one instance does alone: at most one transition, one step that begins and one that
 * changes, and nothing for anybody else. Most of the time of the statement for batches is then not spent on rows but on
 * setting up what reads them (docs/decisions/0026); with its rows as parameters there is less to set up.
 */
export function singleOf(batch: readonly Commit[]): Commit | undefined {
  const [commit] = batch;
  if (commit === undefined || batch.length > 1) return undefined;
  const { transitions, newSteps, steps, requires } = commit;
  if (transitions.length > 1 || newSteps.length > 1 || steps.length > 1 || requires !== null) return undefined;
  const { creates: _, ...others } = partsOf(batch);
  return Object.values(others).some(Boolean) ? undefined : commit;
}

interface Part {
  columns: Columns;
  row: Readonly<Record<string, unknown>> | undefined;
  sql: (from: string) => string;
}

function partsFor({ transitions, newSteps, steps }: Commit): Part[] {
  const [transition, newStep, step] = [transitions[0], newSteps[0], steps[0]];
  return [
    { columns: TRANSITION, row: transition && transitionOf(transition), sql: transitionsFrom },
    { columns: NEW_STEP, row: newStep && newStepOf(newStep), sql: (from) => newStepsFrom(from, {}) },
    { columns: STEP, row: step && stepOf(step), sql: stepsFrom },
  ];
}

/** $1 to $4 as in the statement for batches; from there on the commit's own columns, its snapshot, and the rows that it has. */
function statement(creates: boolean, parts: readonly Part[]): string {
  let next = 5;
  const row = (columns: Columns): string => {
    const text = scalars(columns, next);
    next += columns.length;
    return text;
  };
  const own = row(OWN);
  const snapshot = `$${next++}::text as snapshot`;
  const write = creates ? `${INSERT}\n  on conflict (id) do nothing returning id, lease is null as released` : UPDATE;
  const rest = parts.map(({ columns, sql }) => sql(`ok, (select ${row(columns)}) as x`));
  return `\nwith b as (select ${own}, ${snapshot}), ok as (${write}\n)${rest.join('')}${STORED}`;
}

const made = new Map<string, string>();

/** The statement for a commit of its own, and its parameters. */
export function singleStatement(
  worker: number,
  commit: Commit,
): { text: string; parameters: (string | number | null)[] } {
  const all = partsFor(commit);
  const parts = all.filter(({ row }) => row !== undefined);
  const creates = commit.create !== null;
  const form = [creates, ...all.map(({ row }) => row !== undefined)].join();
  const text = made.get(form) ?? statement(creates, parts);
  made.set(form, text);
  const values = parts.flatMap(({ columns, row }) => (row === undefined ? [] : scalarValues(columns, row)));
  return {
    text,
    parameters: [
      worker,
      ...told([commit]),
      ...scalarValues(OWN, ownRow(commit)),
      textOf(commit).snapshot || null,
      ...values,
    ],
  };
}
