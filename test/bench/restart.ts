import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import type { Cleanup } from './cleanup.ts';
import { EngineProcess } from './engine-process.ts';
import { STEPS } from './machines.ts';
import type { BenchDatabase } from './server.ts';

const INSTANCES = 200;
const STEP_MS = 50;
const CONCURRENCY = 50;
const KILLED_AT = 0.4;
const TIMEOUT_MS = 60_000;

/** What a kill -9 cost. */
export interface Restart {
  /** From the start of the process that takes over until the last instance is done. */
  seconds: number;
  /** What the steps that were left take by themselves. */
  ideal: number;
  /** Steps that had begun when it was killed. */
  begun: number;
  /** Steps that were begun twice. */
  repeated: number;
}

/** Kills the engine when 40 % of the steps have begun, and starts another one. */
export async function measureRestart(database: BenchDatabase, folder: string, cleanup: Cleanup): Promise<Restart> {
  const ledger = join(folder, `${database.name}.ledger`);
  const keys = (): string[] => (existsSync(ledger) ? readFileSync(ledger, 'utf8').split('\n').slice(0, -1) : []);
  const sql = postgres(database.url, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    const first = await EngineProcess.open(database.url, CONCURRENCY, cleanup);
    // It is killed before it answers.
    first.order('slow', { instances: INSTANCES, ms: STEP_MS, ledger }).catch(() => {});
    await until(() => keys().length >= INSTANCES * STEPS * KILLED_AT);
    await first.kill();
    const begun = keys().length;
    const began = performance.now();
    const second = await EngineProcess.open(database.url, CONCURRENCY, cleanup);
    // The database is asked at the very end only: what asks takes its share of the cores that are measured.
    await until(() => new Set(keys()).size === INSTANCES * STEPS, 20);
    await until(async () => {
      const [row] = await sql<{ done: number }[]>`
        select count(*)::int as done from durachart.instances where workflow = 'bench-slow' and status = 'done'`;
      return row?.done === INSTANCES;
    });
    const seconds = (performance.now() - began) / 1000;
    await second.close();
    const all = keys();
    const ideal = ((INSTANCES * STEPS - begun) * STEP_MS) / CONCURRENCY / 1000;
    return { seconds, ideal, begun, repeated: all.length - new Set(all).size };
  } finally {
    await sql.end();
  }
}

async function until(reached: () => boolean | Promise<boolean>, pauseMs = 5): Promise<void> {
  const end = performance.now() + TIMEOUT_MS;
  while (!(await reached())) {
    if (performance.now() > end) throw new Error(`Not reached within ${TIMEOUT_MS / 1000} s.`);
    await sleep(pauseMs);
  }
}
