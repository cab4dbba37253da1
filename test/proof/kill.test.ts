import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { createEngine } from '../../src/create-engine.ts';
import type { ArtifactStore } from '../../src/index.ts';
import { createMigrated } from '../support/database.ts';
import { LEDGERS, ordersWorkflow } from './orders.ts';
import { proveOrders } from './orders-proof.ts';
import { startProcess, type WorkerProcess } from './processes.ts';
import { seeded } from './random.ts';

const INSTANCES = 500;
const WORKERS = 3;
const KILLS = 10;
const ROUND = INSTANCES / KILLS;
/** Few enough that a round's work takes longer than a kill. */
const CONCURRENCY = 4;
const LONGEST_TAKEOVER = 2_000;

test(
  'ten kills -9 of three workers under 500 instances: nothing lost, nothing twice',
  { timeout: 60_000 },
  async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
    const random = seeded(seed);
    const database = await createMigrated();
    const sql = postgres(database.url, { max: 4, onnotice: () => {} });
    await sql.unsafe(LEDGERS);
    // Right after its start a server gives workers time to come back.
    await sql`select pg_sleep(greatest(0, 3.1 - extract(epoch from now() - pg_postmaster_start_time())))`;

    const client = createEngine({
      database: database.url,
      workflows: [ordersWorkflow(sql)],
      artifacts: undefined as unknown as ArtifactStore,
    });
    const ids = Array.from({ length: INSTANCES }, (_, index) => `order-${index}`);
    const workers = await Promise.all(
      Array.from({ length: WORKERS }, () => startProcess(sql, database.url, CONCURRENCY)),
    );
    const started = Date.now();

    const takeovers: number[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      // New work in each round, so that each kill falls into the middle of some.
      await Promise.all(
        ids.slice(kill * ROUND, (kill + 1) * ROUND).map((id) => client.start('orders', undefined, { id })),
      );
      const busy = await atWork(sql);
      const candidates = workers.filter(({ workerId }) => busy.includes(workerId));
      const victim = (candidates[Math.floor(random() * candidates.length)] ?? workers[0]) as WorkerProcess;
      await sleep(30 * random());
      victim.kill();
      const [taken, replacement] = await Promise.all([
        takeover(sql, victim.workerId, Date.now()),
        startProcess(sql, database.url, CONCURRENCY),
      ]);
      if (taken !== undefined) takeovers.push(taken);
      workers.splice(workers.indexOf(victim), 1, replacement);
    }
    const left = await sql`select 1 from durachart.instances where status <> 'done'`;
    await Promise.all(ids.map((id) => client.result(id, { timeout: 30_000 })));
    const { repeated } = await proveOrders(sql, ids, KILLS);
    expect(workers.map((worker) => worker.crash())).toEqual(workers.map(() => undefined));

    console.log(
      `seed ${seed}: ${INSTANCES} instances in ${Date.now() - started} ms under ${KILLS} kills (${left.length} not done after the last), ` +
        `${repeated} plain steps repeated, takeovers in ms: ${takeovers.join(' ')}`,
    );
    expect(takeovers.length).toBeGreaterThan(0);
    expect(Math.max(...takeovers)).toBeLessThan(LONGEST_TAKEOVER);

    for (const worker of workers) worker.kill();
    await client.stop();
    await sql.end();
    await database.drop();
  },
);

/** Waits until workers run steps; which ones do. */
async function atWork(sql: postgres.Sql): Promise<number[]> {
  for (;;) {
    const rows = await sql<{ lease: number }[]>`
      select distinct i.lease from durachart.instances i join durachart.steps s on s.instance_id = i.id and s.status = 'running'
      join durachart.workers w on w.id = i.lease and w.stopped_at is null order by i.lease`;
    if (rows.length > 0) return rows.map(({ lease }) => lease);
    await sleep(2);
  }
}

/** Milliseconds until another worker has committed something for one of the instances of a killed one; undefined when it left none. */
async function takeover(sql: postgres.Sql, worker: number, killedAt: number): Promise<number | undefined> {
  const left = await sql<{ id: string }[]>`
    select id from durachart.instances where lease = ${worker} and status <> 'done'`;
  const ids = left.map(({ id }) => id);
  for (;;) {
    const now = await sql<{ status: string; taken: boolean }[]>`
      select i.status, exists (select from durachart.steps s where s.instance_id = i.id and s.worker <> ${worker} and s.started_at >= ${new Date(killedAt)}) as taken
      from durachart.instances i where i.id = any(${ids})`;
    const passed = Date.now() - killedAt;
    if (now.some(({ taken }) => taken)) return passed;
    // What the dead process had sent off still ended them.
    if (now.every(({ status }) => status === 'done')) return undefined;
    if (passed > 10_000) return passed;
    await sleep(5);
  }
}
