import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../src/create-engine.ts';
import type { Engine } from '../../src/engine/api.ts';
import type { ArtifactStore } from '../../src/index.ts';
import { startEmbedded, type EmbeddedServer } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';
import { LEDGERS, ordersWorkflow } from './orders.ts';
import { proveOrders } from './orders-proof.ts';
import { startProcess, type WorkerProcess } from './processes.ts';

const INSTANCES = 320;
/** What is done to the database, one after the other. */
const BLOWS = ['stopped', 'cut', 'stopped', 'cut'] as const;
const ROUND = INSTANCES / BLOWS.length;
const CONCURRENCY = 6;

let folder: string;
let server: EmbeddedServer;
let sql: postgres.Sql;
let workers: WorkerProcess[];
let client: Engine;
const faults: unknown[] = [];
/** The test is over, however it went: nobody tries any longer. */
let over = false;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'durachart-proof-'));
  chmodSync(folder, 0o755);
  server = await startEmbedded({ dataDir: join(folder, 'data') });
  await migrate(server.url);
  sql = postgres(server.url, {
    max: 2,
    onnotice: () => {},
    backoff: () => 0.1,
    connection: { application_name: 'proof' },
  });
  await sql.unsafe(LEDGERS);
  workers = await Promise.all([0, 1].map(() => startProcess(sql, server.url, CONCURRENCY)));
  client = createEngine({
    database: server.url,
    workflows: [ordersWorkflow(sql)],
    artifacts: undefined as unknown as ArtifactStore,
    onFault: (message, error) => void faults.push(message, error),
  });
});
afterAll(async () => {
  over = true;
  for (const worker of workers) worker.kill();
  await client.stop();
  await sql.end({ timeout: 1 });
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
  rmSync(server.dataDir, { recursive: true, force: true });
});

test(
  'the server stopped hard and started again, and all sessions cut, twice each under load',
  { timeout: 60_000 },
  async () => {
    const ids = Array.from({ length: INSTANCES }, (_, index) => `order-${index}`);
    const began = Date.now();
    const told: string[] = [];
    for (const [round, blow] of BLOWS.entries()) {
      const batch = ids.slice(round * ROUND, (round + 1) * ROUND);
      const starting = Promise.all(batch.map((id) => untilStored(id)));
      await underWay(batch);
      const at = Date.now();
      if (blow === 'cut')
        await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'durachart%'`;
      else {
        // The process that has started it, this one, starts it again.
        process.kill(server.pid, 'SIGKILL');
      }
      await starting;
      await underWay(batch, await stepsDone());
      told.push(`${blow}: steps are done again after ${Date.now() - at} ms`);
    }
    await Promise.all(ids.map((id) => client.result(id, { timeout: 40_000 })));
    const { repeated } = await proveOrders(sql, ids, BLOWS.length);
    console.log(
      `${INSTANCES} instances in ${Date.now() - began} ms, ${repeated} plain steps repeated; ${told.join('; ')}`,
    );
    // They stay up and go on by themselves.
    expect(workers.map((worker) => worker.crash())).toEqual([undefined, undefined]);
  },
);

/** Starts an instance as somebody who tries again while the database is away. */
async function untilStored(id: string): Promise<void> {
  for (;;) {
    try {
      await client.start('orders', undefined, { id });
      return;
    } catch (error) {
      if (over || (error as { code?: string }).code !== 'DATABASE_UNAVAILABLE') throw error;
      await sleep(20);
    }
  }
}

/** Waits until some steps of a batch run or have run, and more are done than `above`. */
async function underWay(batch: readonly string[], above = 0): Promise<void> {
  for (;;) {
    const [row] = await again(
      () => sql`
      select count(*) filter (where status = 'done')::int as done, count(*) filter (where status = 'running')::int as running
      from durachart.steps where instance_id = any(${[...batch]})`,
    );
    const unfinished = await again(
      () => sql`select 1 from durachart.instances where id = any(${[...batch]}) and status <> 'done' limit 1`,
    );
    const done = Number(row?.['done']);
    if (above === 0 && done > 20 && (Number(row?.['running']) > 0 || unfinished.length === 0)) return;
    if (above > 0 && ((await stepsDone()) > above || unfinished.length === 0)) return;
  }
}

async function stepsDone(): Promise<number> {
  const [row] = await again(() => sql`select count(*)::int as count from durachart.steps where status = 'done'`);
  return Number(row?.['count']);
}

/** Asks until the database answers. */
async function again<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (over) throw error;
      await sleep(20);
    }
  }
}
