import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Explanation } from '../../src/index.ts';
import { defineStep } from '../../src/index.ts';
import { startServer, type TestServer } from '../http/support/server.ts';
import { oneStep } from '../support/machines.ts';
import { run } from './support/cli.ts';

/** What Postgres says, and drizzle hides behind the query and the values that were given to it. */
const WHY = 'relation "shop.payments" does not exist';
const QUERY = 'Failed query: select * from shop.payments where card = $1';

let server: TestServer;
let shop: postgres.Sql;
const pay = defineStep<unknown, unknown>({
  retry: { maxAttempts: 1 },
  run: async () => drizzle(shop).execute(sql`select * from shop.payments where card = ${'4111-s3cret'}`),
});
const fetches = defineStep<unknown, unknown>({
  retry: { maxAttempts: 2, minDelay: 3_600_000, maxDelay: 3_600_000 },
  // A port to which fetch does not connect.
  run: async () => fetch('http://127.0.0.1:1/'),
});

beforeAll(async () => {
  server = await startServer({ workflows: [oneStep('shop', pay), oneStep('fetches', fetches)] });
  shop = postgres(server.databaseUrl, { max: 1, onnotice: () => {} });
});
afterAll(async () => {
  await shop.end();
  await server.close();
});

const cli = async (...args: string[]): Promise<string> =>
  (await run(args, { environment: { DURACHART_URL: server.url } })).out;

test('a step that failed says the innermost cause wherever its error is told, and no values', async () => {
  const { id } = await server.engine.start('shop', null);
  await expect(server.engine.result(id)).rejects.toThrow(`failed in BEGUN: ${WHY} (42P01); in: ${QUERY}`);
  const { summary, causes } = await server.json<Explanation>(200, 'GET', `/instances/${id}/explain`);
  expect(summary).toContain(WHY);
  expect(causes[0]).toMatchObject({
    code: 'FAILED',
    error: { reason: `${WHY} (42P01); in: ${QUERY}`, message: QUERY },
  });
  expect(await cli('explain', id)).toContain(WHY);
  expect(await cli('show', id)).toContain(WHY);
  const [step] = await server.engine.steps(id);
  expect(step?.error).toMatchObject({ code: 'DATABASE_ERROR', cause: { message: WHY, code: '42P01' } });
  const [row] =
    await shop`select error::text as text, error ->> 'reason' as reason from durachart.steps where instance_id = ${id}`;
  expect(row?.['reason']).toContain(WHY);
  expect(row?.['text']).not.toContain('s3cret');
  expect(JSON.stringify(await server.json(200, 'GET', `/instances/${id}`))).not.toContain('s3cret');
  expect(JSON.stringify(await server.engine.export(id))).not.toContain('s3cret');
});

test('one that is tried again says it, too', async () => {
  const { id } = await server.engine.start('fetches', null);
  for (;;) {
    const { causes } = await server.engine.explain(id);
    if (causes[0]?.code !== 'RETRYING') continue;
    expect(causes[0].words).toContain('failed with NETWORK_ERROR (bad port; in: fetch failed)');
    break;
  }
});
