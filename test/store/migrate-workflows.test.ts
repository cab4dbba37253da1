import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { z } from 'zod';
import { defineWorkflow, migrate, migrateWorkflows, type Workflow } from '../../src/index.ts';
import { makeReader } from '../../src/store/reader-role.ts';
import { createDatabase, createMigrated, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let sql: postgres.Sql;
beforeAll(async () => {
  database = await createMigrated();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

/** A workflow that waits for an event. */
function waits(name: string, options: object = {}, event = 'GO'): Workflow {
  const machine = createMachine({
    id: name,
    context: {},
    initial: 'A',
    states: { A: { on: { [event]: 'B' } }, B: { type: 'final' } },
  });
  return defineWorkflow({ machine, ...options }) as Workflow;
}

async function columnsOf(view: string): Promise<Record<string, string>> {
  const rows = await sql<{ name: string; type: string }[]>`
    select attname as name, format_type(atttypid, null) as type from pg_attribute
    where attrelid = to_regclass(${`durachart."${view}"`}) and attnum > 0 and attname ~ '^(input|context|output)' order by attnum`;
  return Object.fromEntries(rows.map(({ name, type }) => [name, type]));
}

test('a typed view has a column for each field of the schemas', async () => {
  const input = z.object({
    orderId: z.string(),
    order_id: z.number(),
    'it\'s; "quoted"': z.boolean(),
    at: z.iso.datetime().optional(),
    lines: z.array(z.string()),
    ['ä'.repeat(60)]: z.string(),
    ['nul\0']: z.string(),
  });
  await migrateWorkflows(database.url, [waits('Typed-View', { input, output: z.object({ total: z.int() }) })]);
  expect(await columnsOf('typed_view')).toEqual({
    input_order_id: 'text',
    input_order_id_2: 'numeric',
    input_it_s_quoted_: 'boolean',
    input_at: 'timestamp with time zone',
    input_lines: 'json',
    [`input_${'ä'.repeat(28)}`]: 'text',
    context: 'json',
    output_total: 'numeric',
  });
});

test('values that do not fit are null, and break nothing', async () => {
  const fields = z.object({
    t: z.string(),
    n: z.number(),
    b: z.boolean(),
    d: z.iso.datetime(),
    j: z.array(z.string()),
  });
  await migrateWorkflows(database.url, [waits('misfits', { input: fields })]);
  const insert = async (input: string): Promise<string> => {
    const id = randomUUID();
    await sql`insert into durachart.instances (id, workflow, version, created_at, input, status, state, sequence, live, updated_at)
      values (${id}, 'misfits', '1', now(), ${input}::text::json, 'waiting', 'A', 1, '[]', now())`;
    return id;
  };
  const ids = [
    await insert('{"t":"x","n":1.5e3,"b":true,"d":"2026-01-31T12:00:00.000Z","j":["a"]}'),
    await insert('{"t":1,"n":"1","b":"yes","d":"2026-02-31T12:00:00Z","j":null}'),
    await insert('{"t":{},"n":1e999999,"b":null,"d":"yesterday"}'),
    await insert('[1]'),
    await insert('"text"'),
    await insert('null'),
  ];
  const rows = await sql`select id, input_t, input_n, input_b, input_d, input_j from durachart.misfits`;
  const none = { input_t: null, input_n: null, input_b: null, input_d: null, input_j: null };
  const byId = new Map(rows.map(({ id, ...rest }) => [id as string, rest]));
  expect(ids.map((id) => byId.get(id))).toEqual([
    { input_t: 'x', input_n: '1500', input_b: true, input_d: new Date('2026-01-31T12:00:00Z'), input_j: ['a'] },
    none,
    none,
    none,
    none,
    none,
  ]);
});

test('repeated, it changes nothing; after a change the view, states and transitions are those of the code', async () => {
  const tables = async () => ({
    states: await sql`select state, accepts from durachart.workflow_states where workflow = 'changes' order by 1`,
    edges: await sql`select event, to_state from durachart.workflow_edges where workflow = 'changes' order by edge`,
    view: (await sql`select oid, xmin from pg_class where oid = 'durachart.changes'::regclass`)[0],
  });
  const first = () => waits('changes', { input: z.object({ a: z.string() }) });
  await migrateWorkflows(database.url, [first()]);
  const before = await tables();
  expect(before.edges).toEqual([
    { event: 'xstate.init', to_state: 'A' },
    { event: 'GO', to_state: 'B' },
  ]);
  await migrateWorkflows(database.url, [first()]);
  expect(await tables()).toEqual(before);

  await migrateWorkflows(database.url, [waits('changes', { input: z.object({ a: z.int() }) }, 'STOP')]);
  expect(await columnsOf('changes')).toMatchObject({ input_a: 'numeric' });
  expect((await tables()).states).toEqual([
    { state: 'A', accepts: ['STOP'] },
    { state: 'B', accepts: [] },
  ]);
});

test('five at once do it once', async () => {
  const all = () => [waits('at-once'), waits('at-once-too', { input: z.object({ a: z.string() }) })];
  await Promise.all(Array.from({ length: 5 }, () => migrateWorkflows(database.url, all())));
  expect(await columnsOf('at_once_too')).toMatchObject({ input_a: 'text' });
});

test('children have views, too; workflows that are not named stay as they are', async () => {
  const child = createMachine({ id: 'born', initial: 'C', states: { C: { on: { END: 'D' } }, D: { type: 'final' } } });
  const parent = createMachine(
    { id: 'bears', initial: 'P', states: { P: { invoke: { id: 'c', src: 'child', onDone: 'Q' } }, Q: {} } } as never,
    { actors: { child } } as never,
  );
  await migrateWorkflows(database.url, [defineWorkflow({ machine: parent }) as Workflow]);
  await migrateWorkflows(database.url, [waits('another')]);
  const known = await sql`select name, view from durachart.workflows where name in ('born', 'bears') order by 1`;
  expect(known).toEqual([
    { name: 'bears', view: 'bears' },
    { name: 'born', view: 'born' },
  ]);
  expect(await columnsOf('born')).toMatchObject({ context: 'json' });
});

test.each([
  ["the engine's tables", ['instances']],
  ["the engine's views", ['Status']],
  ['its indexes', ['instances_rest']],
  ['each other', ['same-name', 'same_name']],
  ['each other once they are cut', ['x'.repeat(63), `${'x'.repeat(63)}y`]],
])('a name like that of %s is refused', async (_, names) => {
  await expect(
    migrateWorkflows(
      database.url,
      names.map((name) => waits(name)),
    ),
  ).rejects.toMatchObject({
    code: 'VIEW_NAME_TAKEN',
    details: { workflow: names.at(-1) },
  });
  expect(await sql`select from durachart.workflows where name = any(${names})`).toHaveLength(0);
});

test('a view that somebody stands on is not dropped under them', async () => {
  await migrateWorkflows(database.url, [waits('stood-on', { input: z.object({ a: z.string() }) })]);
  await sql`create view public.mine as select input_a from durachart.stood_on`;
  const changed = () => waits('stood-on', { input: z.object({ a: z.int() }) });
  await expect(migrateWorkflows(database.url, [changed()])).rejects.toMatchObject({
    code: 'VIEW_IN_USE',
    message: expect.stringMatching(/view (public\.)?mine depends on view (durachart\.)?stood_on/) as string,
  });
  await sql`drop view public.mine`;
  await migrateWorkflows(database.url, [changed()]);
  expect(await columnsOf('stood_on')).toMatchObject({ input_a: 'numeric' });
});

test('a reader sees the views and nothing else', async () => {
  await migrateWorkflows(database.url, [waits('read-me')]);
  const name = `reader_${randomUUID().replaceAll('-', '')}`;
  await sql.unsafe(`create role ${name} login password 'secret'`);
  await sql.unsafe(`grant durachart_reader to ${name}`);
  const url = new URL(database.url);
  url.username = name;
  url.password = 'secret';
  const reader = postgres(url.href, { max: 1, onnotice: () => {} });
  const refused = async (query: string) =>
    expect(reader.unsafe(query)).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|55000)$/) as string });
  try {
    for (const view of [
      'status',
      'stuck',
      'retrying',
      'waiting',
      'overdue',
      'failures',
      'step_statistics',
      'dwell_times',
      'funnel',
      'throughput',
      'read_me',
    ])
      await reader.unsafe(`select * from durachart.${view}`);
    const tables = await sql<{ name: string }[]>`
      select relname as name from pg_class where relnamespace = 'durachart'::regnamespace and relkind in ('r', 'S') or relname in ('standing', 'late_steps', 'stalled', 'failed')`;
    expect(tables.length).toBeGreaterThan(12);
    for (const table of tables) await refused(`select * from durachart.${table.name}`);
    await refused('update durachart.status set id = id');
    await refused('delete from durachart.read_me');
    await refused('delete from durachart.instances');
    await refused('create table durachart.t ()');
  } finally {
    await reader.end();
    await sql.unsafe(`drop role ${name}`);
  }
});

test('one who may not make roles is told, and has the rest', async () => {
  const own = await createDatabase();
  const name = `owner_${randomUUID().replaceAll('-', '')}`;
  await sql.unsafe(`create role ${name} login password 'secret'`);
  const url = new URL(own.url);
  await sql.unsafe(`alter database ${url.pathname.slice(1)} owner to ${name}`);
  url.username = name;
  url.password = 'secret';
  try {
    await migrate(url.href);
    // The role of all databases is there from the tests beside this one, so another is asked for.
    expect(await migrateWorkflows(url.href, [waits('humble')])).toEqual([]);
    const humble = postgres(url.href, { max: 1, onnotice: () => {} });
    expect(await makeReader(humble, 'not_to_be_made')).toContain('create role not_to_be_made nologin');
    await humble.end();
  } finally {
    await own.drop();
    await sql.unsafe(`drop role ${name}`);
  }
});
