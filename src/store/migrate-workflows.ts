import type postgres from 'postgres';
import { DurachartError } from '../core/error.ts';
import type { Workflow } from '../core/workflow.ts';
import { registry } from '../engine/create.ts';
import { openSession } from './direct.ts';
import { MIGRATION_LOCK } from './migrate.ts';
import { grantReader, makeReader } from './reader-role.ts';
import { identifier, typedView, viewName } from './typed-view.ts';

/**
 * Tells the database of these workflows and of those that they start: states, transitions and time limits for the views,
 * and a typed view for each (`durachart.video_processing`). Workflows that are not named stay as they are. To be called
 * after `migrate`; safe to repeat, and when several processes do it at once.
 * @returns what the user should know, in words: that the role `durachart_reader` could not be made
 * @throws DurachartError `VIEW_NAME_TAKEN`, `VIEW_IN_USE`; DefinitionError `DUPLICATE_WORKFLOW`; DatabaseUnavailableError behind a pooler
 */
export async function migrateWorkflows(url: string, workflows: readonly Workflow[]): Promise<string[]> {
  const all = [...registry(workflows).values()];
  const sql = await openSession(url);
  try {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK}, 0)`;
    const notice = await makeReader(sql);
    const known = await sql<ViewRow[]>`select name, view, definition from durachart.workflows`;
    checkNames(all, known, await relations(sql));
    // All or nothing: no view is ever missing, and none without its columns.
    await sql.begin(async (tx) => {
      await writeTables(tx, all);
      for (const workflow of all) await writeView(tx, workflow, known);
      await grantReader(tx);
    });
    return notice === undefined ? [] : [notice];
  } finally {
    await sql.end({ timeout: 5 });
  }
}

interface ViewRow {
  name: string;
  view: string;
  definition: string;
}

/** Names of all that is in the schema: views, tables, indexes, sequences. */
async function relations(sql: postgres.Sql): Promise<Set<string>> {
  const rows = await sql<{ name: string }[]>`
    select relname as name from pg_class where relnamespace = 'durachart'::regnamespace`;
  return new Set(rows.map(({ name }) => name));
}

function checkNames(all: readonly Workflow[], known: readonly ViewRow[], taken: ReadonlySet<string>): void {
  const owners = new Map(known.map(({ name, view }) => [view, name]));
  for (const { name } of all) {
    const view = viewName(name);
    const owner = owners.get(view);
    if (owner === name) continue;
    if (owner !== undefined || taken.has(view)) {
      const whose = owner === undefined ? "is the engine's own, or somebody else's" : `is that of workflow ${owner}`;
      throw new DurachartError(
        'VIEW_NAME_TAKEN',
        `Workflow ${name} cannot have its view: durachart.${view} ${whose}. Give the workflow another name in defineWorkflow({ name }).`,
        { details: { workflow: name, view, ...(owner === undefined ? {} : { owner }) } },
      );
    }
    owners.set(view, name);
  }
}

/** Longest time limit that is told to SQL, a century: a longer one has no date. */
const LONGEST = 3_155_760_000_000;

async function writeTables(tx: postgres.TransactionSql, all: readonly Workflow[]): Promise<void> {
  const names = all.map(({ name }) => name);
  const rows = all.map(({ name, machine, steps, children }) => ({
    workflow: name,
    ...machine.chart,
    steps: [
      ...[...steps].map(([step, { timeout, heartbeat }]) => ({
        step,
        kind: 'step',
        timeout: limit(timeout),
        heartbeat: limit(heartbeat),
      })),
      ...[...children.keys()].map((step) => ({ step, kind: 'workflow' })),
    ],
  }));
  const states = rows.flatMap((row) =>
    row.states.map(({ state, accepts }) => ({ workflow: row.workflow, state: (state ?? '*').slice(0, 300), accepts })),
  );
  const edges = rows.flatMap((row) =>
    row.edges.map(({ from, event, to, taken }, i) => ({
      workflow: row.workflow,
      edge: i + 1,
      from,
      event,
      to,
      taken: taken.map((each) => [each.from, each.event, each.to]),
    })),
  );
  const steps = rows.flatMap((row) => row.steps.map((step) => ({ workflow: row.workflow, ...step })));
  for (const table of ['workflow_states', 'workflow_edges', 'workflow_steps'])
    await tx`delete from durachart.${tx(table)} where workflow = any(${names})`;
  await tx`
    insert into durachart.workflow_states (workflow, state, accepts)
    select workflow, state, array(select json_array_elements_text(accepts))
    from json_to_recordset(${JSON.stringify(states)}::text::json) as x(workflow text, state text, accepts json) on conflict do nothing`;
  await tx`
    insert into durachart.workflow_edges (workflow, edge, from_state, event, to_state, taken)
    select workflow, edge, "from", event, "to", taken
    from json_to_recordset(${JSON.stringify(edges)}::text::json) as x(workflow text, edge int, "from" text, event text, "to" text, taken json)`;
  await tx`
    insert into durachart.workflow_steps (workflow, step, kind, timeout, heartbeat)
    select workflow, step, kind, timeout, heartbeat
    from json_to_recordset(${JSON.stringify(steps)}::text::json) as x(workflow text, step text, kind text, timeout bigint, heartbeat bigint)`;
}

function limit(milliseconds: number | undefined): number | null {
  return milliseconds === undefined ? null : Math.min(Math.ceil(milliseconds), LONGEST);
}

/** Makes a workflow's view, anew where its columns have changed. */
async function writeView(tx: postgres.TransactionSql, workflow: Workflow, known: readonly ViewRow[]): Promise<void> {
  const { name, version } = workflow;
  const view = viewName(name);
  const definition = typedView(workflow);
  const before = known.find((row) => row.name === name);
  await tx`
    insert into durachart.workflows (name, version, view, definition) values (${name}, ${version}, ${view}, ${definition})
    on conflict (name) do update set version = excluded.version, definition = excluded.definition`;
  const [found] = await tx`select from pg_views where schemaname = 'durachart' and viewname = ${view}`;
  if (found !== undefined && before?.definition === definition) return;
  const create = `create or replace view durachart.${identifier(view)} as ${definition}`;
  try {
    await tx.savepoint(async (inner) => inner.unsafe(create));
  } catch (error) {
    // Columns may be added at the end only; else the view is made anew.
    if (codeOf(error) !== '42P16') throw error;
    await dropView(tx, name, view);
    await tx.unsafe(create);
  }
}

async function dropView(tx: postgres.TransactionSql, workflow: string, view: string): Promise<void> {
  try {
    await tx.savepoint(async (inner) => inner.unsafe(`drop view durachart.${identifier(view)}`));
  } catch (error) {
    if (codeOf(error) !== '2BP01') throw error;
    const { detail = '' } = error as { detail?: string };
    throw new DurachartError(
      'VIEW_IN_USE',
      `The columns of workflow ${workflow} have changed, and its view durachart.${view} cannot be made anew: ${detail.replaceAll('\n', '; ')}. Drop what depends on it, migrate, and make that again.`,
      { details: { workflow, view, detail }, cause: error },
    );
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}
