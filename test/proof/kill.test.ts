import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { createEngine } from '../../src/create-engine.ts';
import type { ArtifactStore } from '../../src/index.ts';
import { migrate } from '../../src/store/migrate.ts';
import { createDatabase } from '../support/database.ts';
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
    const database = await createDatabase();
    await migrate(database.url);
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
      const place = Math.floor(random() * WORKERS);
      const victim = workers[place] as WorkerProcess;
      const stranded = await atWork(sql, victim.workerId);
      await sleep(30 * random());
      const losses = await lossesOf(sql, stranded);
      victim.kill();
      const [taken, replacement] = await Promise.all([
        takeover(sql, { ids: stranded, losses, worker: victim.workerId, at: Date.now() }),
        startProcess(sql, database.url, CONCURRENCY),
      ]);
      takeovers.push(taken);
      workers[place] = replacement;
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

/** Waits until a worker runs steps; the instances that it runs them for. */
async function atWork(sql: postgres.Sql, worker: number): Promise<string[]> {
  for (;;) {
    const rows = await sql<{ id: string }[]>`
      select distinct i.id from durachart.instances i join durachart.steps s on s.instance_id = i.id and s.status = 'running' where i.lease = ${worker}`;
    if (rows.length > 0) return rows.map(({ id }) => id);
    await sleep(2);
  }
}

/** How often steps of instances were lost with their worker so far. */
async function lossesOf(sql: postgres.Sql, ids: readonly string[]): Promise<number> {
  const [row] = await sql<
    { lost: number }[]
  >`select sum(lost)::int as lost from durachart.steps where instance_id = any(${[...ids]})`;
  return row?.lost ?? 0;
}

/** Milliseconds until another worker has committed something for one of the instances of a killed one. */
async function takeover(
  sql: postgres.Sql,
  killed: { ids: readonly string[]; losses: number; worker: number; at: number },
): Promise<number> {
  for (;;) {
    const begun = await sql`
      select 1 from durachart.steps where instance_id = any(${[...killed.ids]}) and worker <> ${killed.worker} and started_at >= ${new Date(killed.at)} limit 1`;
    const passed = Date.now() - killed.at;
    if (begun.length > 0 || (await lossesOf(sql, killed.ids)) > killed.losses || passed > 10_000) return passed;
    await sleep(5);
  }
}
