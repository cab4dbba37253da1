import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import type { EngineProcess } from './engine-process.ts';
import { STEPS } from './machines.ts';
import type { Probe, StatementCount } from './probe.ts';
import type { BenchDatabase } from './server.ts';

/** What one burst did and cost. */
export interface Burst {
  instances: number;
  seconds: number;
  stepsPerSecond: number;
  /** Until start() had returned for all. */
  startedSeconds: number;
  /** Client statements for the 10 steps of one instance, its start and its end included. */
  statementsPerInstance: number | null;
  walKbPerInstance: number;
  /** CPU a step: of the engine's process, and of all of Postgres. */
  nodeCpuMsPerStep: number;
  serverCpuMsPerStep: number | null;
  /** The most memory that the engine's process had up to the end of it. */
  peakMb: number;
  statements: StatementCount[] | null;
}

const TIMEOUT_MS = 60_000;

/**
 * Starts all instances at once, and measures until the database says that the last of them is done.
 * @param awaited somebody waits for each result
 */
export async function measureBurst(
  engine: EngineProcess,
  database: BenchDatabase,
  probe: Probe,
  instances: number,
  awaited = false,
): Promise<Burst> {
  const sql = postgres(database.url, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    // Connected and planned before the clock starts.
    await countDone(sql, new Date());
    const usage = await engine.order('usage', null);
    const mark = await probe.mark(database.name);
    const since = new Date();
    const began = performance.now();
    const { startedMs } = await engine.order('burst', { instances, awaited });
    while ((await countDone(sql, since)) < instances) {
      if (performance.now() - began > TIMEOUT_MS)
        throw new Error(`The burst has not ended within ${TIMEOUT_MS / 1000} s.`);
      await sleep(2);
    }
    const seconds = (performance.now() - began) / 1000;
    const spent = await engine.order('usage', null);
    const { walBytes, serverMs } = await probe.since(mark);
    const statements = await probe.statements(database.name);
    await check(sql, since, instances);
    const steps = instances * STEPS;
    return {
      instances,
      seconds,
      stepsPerSecond: steps / seconds,
      startedSeconds: startedMs / 1000,
      statementsPerInstance: statements && statements.reduce((sum, { calls }) => sum + calls, 0) / instances,
      walKbPerInstance: walBytes / 1024 / instances,
      nodeCpuMsPerStep: (spent.cpuMs - usage.cpuMs) / steps,
      serverCpuMsPerStep: serverMs === null ? null : serverMs / steps,
      peakMb: spent.peakMb,
      statements,
    };
  } finally {
    await sql.end();
  }
}

async function countDone(sql: postgres.Sql, since: Date): Promise<number> {
  const [row] = await sql<{ bench_probe: number }[]>`
    select count(*)::int as bench_probe from durachart.instances
    where created_at >= ${since} and workflow = 'bench-sequence' and status = 'done'`;
  return row?.bench_probe ?? 0;
}

/** A fast engine that loses something is no engine: every transition and every step's result must be there. */
async function check(sql: postgres.Sql, since: Date, instances: number): Promise<void> {
  const [row] = await sql<{ transitions: number; steps: number }[]>`
    with mine as materialized (select id as bench_probe from durachart.instances where created_at >= ${since})
    select (select count(*)::int from durachart.transitions where instance_id in (select bench_probe from mine)) as transitions,
      (select count(*)::int from durachart.steps where instance_id in (select bench_probe from mine) and status = 'done' and output is not null) as steps`;
  if (row?.transitions === instances * (STEPS + 1) && row.steps === instances * STEPS) return;
  throw new Error(
    `The burst left ${row?.transitions} transitions and ${row?.steps} results of ${instances} instances.`,
  );
}
