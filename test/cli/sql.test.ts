import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startServer, type TestServer } from '../http/support/server.ts';
import { migrateWorkflows } from '../../src/store/migrate-workflows.ts';
import { openQuerySession } from '../../src/store/query-session.ts';
import { createDatabase } from '../support/database.ts';
import { run, type Run } from './support/cli.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
  await migrateWorkflows(server.databaseUrl, []);
});
afterAll(async () => server.close());

/** Asks the database of this file's server. */
const cli = (args: readonly string[], databaseUrl = server.databaseUrl): Promise<Run> =>
  run(args, { host: { openQuery: (seconds) => openQuerySession(databaseUrl, seconds) } });

test('prints a table, or JSON', async () => {
  expect(await cli(['sql', "select 'a' as name, 1 as n union all select null, 22 order by n"])).toEqual({
    exitCode: 0,
    out: 'name   n\na      1\nnull  22\n',
    err: '',
  });
  expect(
    JSON.parse(
      (await cli(['sql', "select 1 as n, '2026-01-31T12:00:00Z'::timestamptz as at, '{\"a\":1}'::json as j", '--json']))
        .out,
    ),
  ).toEqual([{ n: 1, at: '2026-01-31T12:00:00.000Z', j: { a: 1 } }]);
  expect(await cli(['sql', 'select 1 as n where false'])).toEqual({ exitCode: 0, out: 'n\n', err: 'No rows.\n' });
  expect(await cli(['sql', 'select generate_series(1, 50000) n', '--limit', '2'])).toMatchObject({
    exitCode: 0,
    out: 'n\n1\n2\n',
    err: expect.stringContaining('--limit') as string,
  });
});

test.each([
  ['delete from durachart.instances', 4, 'read-only'],
  ['create table x ()', 4, 'read-only'],
  ['with x as (delete from durachart.instances returning *) select * from x', 4, 'read-only'],
  ["select setval('durachart.events_id_seq', 1)", 4, 'permission denied for sequence'],
  ['select 1; delete from durachart.instances', 1, 'multiple commands'],
  ['commit; delete from durachart.instances', 1, 'multiple commands'],
  ['selec 1', 1, 'at character 1'],
  ['select pg_sleep(30)', 1, 'statement timeout'],
])('refuses %s in the words of Postgres', async (query, exitCode, words) => {
  const before = (await server.engine.list()).items.length;
  expect(await cli(['sql', query, '--timeout', '1'])).toMatchObject({
    exitCode,
    out: '',
    err: expect.stringContaining(words) as string,
  });
  expect((await server.engine.list()).items.length).toBe(before);
});

test('without a database says so, and keeps its password', async () => {
  const { exitCode, err } = await cli(['sql', 'select 1'], 'postgres://u:s3cret@127.0.0.1:1/x');
  expect(exitCode).toBe(5);
  expect(err).not.toContain('s3cret');
});

test('a database that has no tables of the engine yet: what to run', async () => {
  const { url, drop } = await createDatabase();
  onTestFinished(drop);
  const { exitCode, err } = await cli(['sql', 'select * from durachart.instances'], url);
  expect(exitCode).toBe(1);
  expect(err).toContain('run `durachart migrate`');
});
