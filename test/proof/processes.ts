import { spawn, type ChildProcess } from 'node:child_process';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type postgres from 'postgres';

const SCRIPT = fileURLToPath(new URL('worker-process.ts', import.meta.url));

/** A worker process. */
export interface WorkerProcess {
  /** Its id in the `workers` table. */
  workerId: number;
  /** Ends it without a warning. */
  kill(): void;
  /** What it has written to stderr, if it ended without having been killed. */
  crash(): string | undefined;
}

/** Starts a worker process and waits until it works. */
export async function startProcess(sql: postgres.Sql, url: string, concurrency: number): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [SCRIPT, url, String(concurrency)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  let killed = false;
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await ready(child, () => errors);
  const [row] = await sql<{ id: number }[]>`
    select id from durachart.workers where name = ${`${hostname()}:${child.pid}`} and stopped_at is null order by id desc limit 1`;
  return {
    workerId: row?.id ?? 0,
    kill: () => {
      killed = true;
      child.kill('SIGKILL');
    },
    crash: () => (killed || (child.exitCode === null && child.signalCode === null) ? undefined : errors),
  };
}

async function ready(child: ChildProcess, errors: () => string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('ready')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`The worker process ended with ${code}: ${errors()}`)));
  });
}
