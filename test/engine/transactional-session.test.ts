import { drizzle } from 'drizzle-orm/postgres-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineStep, type StepTransaction } from '../../src/index.ts';
import { eventually, useBench } from '../support/engine.ts';
import { oneStep } from '../support/machines.ts';

const bench = useBench();

const role = `tenant_${process.pid}_${Date.now()}`;

beforeAll(async () => {
  await bench.sql.unsafe(`create schema tenant_42; create table tenant_42.own (n int); create table public.own (n int);
    create sequence counter; create role ${role}; grant ${role} to current_user; grant usage on schema tenant_42 to ${role}`);
});
afterAll(async () => {
  await bench.sql.unsafe(`drop owned by ${role}; drop role ${role}`);
});

/** All that a session is, as far as SQL shows it: settings with where they come from, who it is, what it holds. */
async function session(tx: StepTransaction) {
  const settings = await tx<{ name: string; setting: string }>`
    select name, setting from pg_settings
    where source = 'session' and name not in ('transaction_read_only', 'transaction_isolation', 'transaction_deferrable')`;
  const [row] = await tx`
    select current_user::text as "user", session_user::text as "sessionUser", current_setting('search_path') as "searchPath",
      nullif(current_setting('app.tenant', true), '') as tenant, current_setting('default_transaction_read_only') as "readOnly",
      current_setting('application_name') as name,
      (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
      (select count(*)::int from pg_prepared_statements where from_sql) as prepared,
      (select count(*)::int from pg_cursors where is_holdable) as cursors,
      (select array(select pg_listening_channels())) as channels,
      to_regclass('pg_temp.mine') is not null as "hasTable", to_regclass('own')::text as own, '2026-02-03'::date as date,
      '{"a":1}'::json as json`;
  const date = row?.['date'];
  const [counter] = await tx.savepoint(async (inner) => inner`select currval('counter')`).catch(() => []);
  return {
    ...row,
    counter,
    settings: settings.map(({ name, setting }) => `${name} = ${setting}`),
    date: `${typeof date} ${JSON.stringify(date)}`,
  };
}

/** Leaves something in its session; the next step is asked what it sees. */
const traces: Record<string, (tx: StepTransaction) => Promise<unknown>> = {
  'set search_path': async (tx) => tx`set search_path = tenant_42`,
  'a setting of the application': async (tx) => tx`select set_config('app.tenant', '42', false)`,
  'formats of output': async (tx) =>
    tx.unsafe(`set datestyle = 'German'; set bytea_output = 'escape'; set timezone = 'Asia/Tokyo'`),
  'characteristics of transactions': async (tx) =>
    tx.unsafe('set session characteristics as transaction isolation level serializable, read write'),
  'timeouts of nothing': async (tx) => tx.unsafe('set lock_timeout = 12345; set work_mem = 65'),
  'set role': async (tx) => tx.unsafe(`set role ${role}`),
  'set session authorization': async (tx) => tx.unsafe(`set session authorization ${role}`),
  'an advisory lock': async (tx) => tx`select pg_advisory_lock(42)`,
  'a temporary table': async (tx) => tx`create temp table mine as select 1 as n`,
  'a prepared statement': async (tx) => tx`prepare mine as select 1`,
  'a cursor that outlives its transaction': async (tx) => tx`declare mine cursor with hold for select 1`,
  listen: async (tx) => tx`listen mine`,
  'the value of a sequence': async (tx) => tx`select nextval('counter')`,
  client_encoding: async (tx) => tx`set client_encoding = 'LATIN1'`,
  'all prepared statements gone, those of the driver too': async (tx) => tx`deallocate all`,
  "drizzle's parsers": async (tx) => drizzle(tx).execute('select 1'),
};

/** One connection for all steps, so that each has the session of the one before. */
async function engineOf(run: (tx: StepTransaction, input: string) => Promise<unknown>) {
  const step = defineStep<string, unknown>({
    transactional: true,
    retry: { maxAttempts: 1 },
    run: async ({ tx, input }) => run(tx, input),
  });
  const engine = await bench.worker([oneStep('session', step)], { concurrency: 1 });
  return async (input: string): Promise<unknown> => {
    const { id } = await engine.start('session', input);
    const output = await engine.result(id, { timeout: 10_000 }).catch((error: Error) => error.message);
    await eventually(
      async () =>
        (
          await bench.sql`select from pg_stat_activity where application_name = 'durachart step' and state <> 'idle' and datname = current_database()`
        ).length === 0,
    );
    return output;
  };
}

test.each(Object.keys(traces))('the next step sees nothing of it: %s', async (name) => {
  const step = await engineOf(async (tx, input) => {
    const [value] = await tx`select ${'ü'} as text`;
    if (input === 'look') return { session: await session(tx), value };
    await traces[name]?.(tx);
    if (input === 'throw') throw new Error('thrown');
    return 'ü – done';
  });
  const before = (await step('look')) as { session: object };
  expect(before.session).toMatchObject({
    readOnly: 'on',
    name: 'durachart step',
    settings: ['DateStyle = ISO, MDY'],
    own: 'own',
  });
  expect(await step('leave')).toBe('ü – done');
  const after = (await step('look')) as { session: object };
  expect(after.session).toEqual(before.session);
  expect(await step('throw')).toContain('thrown');
  expect(await step('look')).toEqual(after);
});

test('the connection stays the same, and what the driver has prepared on it', async () => {
  const step = await engineOf(async (tx) => {
    const [row] = await tx<{ prepared: number; pid: number }>`
      select pg_backend_pid() as pid, (select count(*)::int from pg_prepared_statements where not from_sql and ${'x'} = 'x') as prepared`;
    return row;
  });
  const first = (await step('')) as { prepared: number; pid: number };
  expect(await step('')).toEqual(await step(''));
  expect(await step('')).toMatchObject({ pid: first.pid });
});

test('what cannot be undone costs the connection, and no more', async () => {
  const step = await engineOf(async (tx, input) => {
    const [row] = await tx<{ pid: number }>`select pg_backend_pid() as pid`;
    await tx.unsafe(input);
    return row?.pid;
  });
  const first = await step('prepare mine as select 1');
  const second = await step('deallocate all');
  const third = await step('prepare mine as select 1');
  expect(new Set([first, second, third]).size).toBe(3);
});

test('role and encoding of the step do not count for the result', async () => {
  const step = await engineOf(async (tx, input) => {
    await tx.unsafe(input);
    return 'ü – stored';
  });
  expect(await step(`set local role ${role}`)).toBe('ü – stored');
  expect(await step(`set local session authorization ${role}`)).toBe('ü – stored');
  expect(await step(`set local client_encoding = 'LATIN1'`)).toBe('ü – stored');
  expect(await step(`set local search_path = nowhere`)).toBe('ü – stored');
});
