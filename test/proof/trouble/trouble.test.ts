import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { pino } from 'pino';
import { createApi } from '../../../src/http/api.ts';
import { Proxy } from '../../chaos/proxy.ts';
import { createMigrated, type TestDatabase } from '../../support/database.ts';
import { TroubleBench, underLoad } from './bench.ts';

/** What each trouble leaves alone: the process, what is stored, and what was told. What it ends by: itself. */
let database: TestDatabase;
beforeAll(async () => {
  database = await createMigrated();
});
afterAll(() => database.drop());

const WHILE = { timeout: 15_000 };

async function opened(url: string): Promise<TroubleBench> {
  const bench = await TroubleBench.open(url, database.url);
  onTestFinished(() => bench.close());
  return bench;
}

test('a database that takes no more connections', { timeout: 60_000 }, async () => {
  // The limit of a role says the same as max_connections, and is this test's own.
  const role = `limited_${randomUUID().slice(0, 8)}`;
  const bench = await opened(database.url);
  await bench.sql.unsafe(`create role ${role} login password 'secret' in role pg_read_all_data, pg_write_all_data`);
  onTestFinished(() => bench.sql.unsafe(`drop role ${role}`).then(() => {}));
  const url = new URL(database.url);
  url.username = role;
  url.password = 'secret';
  const limited = await opened(url.href);
  await underLoad(limited, async () => {
    await limited.reports(undefined);
    await limited.sql.unsafe(`alter role ${role} connection limit 0`);
    await limited.cutAll();
    await limited.reports('TOO_MANY_CONNECTIONS');
    await expect.poll(() => [...limited.refusals], WHILE).toContain('TOO_MANY_CONNECTIONS');
    await limited.sql.unsafe(`alter role ${role} connection limit -1`);
    await limited.reports(undefined);
  });
  await limited.prove();
});

test('a database that is read-only', { timeout: 60_000 }, async () => {
  const bench = await opened(database.url);
  const [{ name } = { name: '' }] = await bench.sql<{ name: string }[]>`select current_database() as name`;
  await underLoad(bench, async () => {
    await bench.reports(undefined);
    onTestFinished(() => bench.sql.unsafe(`alter database ${name} reset default_transaction_read_only`).then(() => {}));
    await bench.sql.unsafe(`alter database ${name} set default_transaction_read_only = on`);
    await bench.cutAll();
    await bench.reports('READ_ONLY');
    await expect.poll(() => [...bench.refusals], WHILE).toContain('READ_ONLY');
    // What is stored can still be read, and monitors are told in the API's words.
    const [id = ''] = bench.stored;
    expect(await bench.engine.get(id)).toMatchObject({ id });
    const api = createApi(bench.engine, {
      artifacts: undefined as never,
      version: '1',
      log: pino({ level: 'silent' }),
    });
    const answer = await api.request('/health/ready');
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      status: 'unavailable',
      database: true,
      trouble: { code: 'READ_ONLY', detail: expect.stringContaining('Promote it') as string },
    });
    await bench.sql.unsafe(`alter database ${name} reset default_transaction_read_only`);
    await bench.cutAll();
    await bench.reports(undefined);
  });
  await bench.prove();
});

test('a database that is 200 ms away', { timeout: 60_000 }, async () => {
  const { port } = new URL(database.url);
  const proxy = await Proxy.before(Number(port));
  onTestFinished(() => proxy.close());
  const url = new URL(database.url);
  url.port = String(proxy.port);
  const bench = await opened(url.href);
  await bench.reports(undefined);
  proxy.latency = 200;
  await underLoad(bench, async () => {
    await bench.reports('SLOW');
    await expect.poll(() => bench.stored.length, { timeout: 15_000 }).toBeGreaterThan(5);
  });
  expect((await bench.engine.health()).latencyMs).toBeGreaterThanOrEqual(200);
  expect(bench.refusals).toEqual(new Set());
  proxy.latency = 0;
  await bench.reports(undefined);
  await bench.prove();
});
