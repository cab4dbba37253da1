import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine/api.ts';
import { eventually, useBench } from '../support/engine.ts';
import { execute } from '../support/execute.ts';
import { blockingWorkflow } from './blocking.ts';

const bench = useBench();
beforeAll(async () => execute(bench.url, 'create table public.runs (id text, attempt int, pid int)'));

const PROGRAM = fileURLToPath(new URL('blocking-process.ts', import.meta.url));

/** A worker of a process of its own; `said` is what it was told of its own troubles. */
async function startProcess(deadAfter: number, hold: number): Promise<{ child: ChildProcess; said: string[] }> {
  const child = spawn(process.execPath, [PROGRAM, bench.url, String(deadAfter), String(hold)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(text));
  await once(child.stdout, 'data');
  return { child, said };
}

/** Has the other process begin the step, and then works here, too: this one's step holds nothing. */
async function begun(deadAfter: number): Promise<{ id: string; engine: Engine }> {
  const engine = bench.engine([blockingWorkflow(bench.url, 0)], { deadAfter });
  const { id } = await engine.start('blocking', undefined);
  await eventually(async () => (await runs(id)).length > 0);
  await engine.work();
  return { id, engine: engine as unknown as Engine };
}

async function runs(id: string): Promise<number[]> {
  const rows = await bench.sql<{ pid: number }[]>`select pid from public.runs where id = ${id}`;
  return rows.map(({ pid }) => pid);
}

test(
  'a step that holds the event loop for longer than deadAfter is run once, and its worker lives',
  { timeout: 90_000 },
  async () => {
    const { child, said } = await startProcess(4_000, 15_000);
    const { id, engine } = await begun(4_000);
    const cause = await eventually(async () =>
      (await engine.explain(id)).causes.find(({ code }) => code === 'WORKER_BLOCKED'),
    );
    expect(cause).toMatchObject({ running: [{ id, step: 'compute' }] });
    expect(cause.words).toContain(`compute of ${id}`);
    await engine.result(id, { timeout: 60_000 });
    expect(await runs(id)).toEqual([child.pid]);
    expect(await engine.steps(id)).toMatchObject([{ status: 'done', attempt: 1 }]);
    await eventually(() => said.join('').includes(`compute of ${id}`));
    expect(said.join('')).toContain('the event loop was held for');
    // It beats by itself again.
    await eventually(async () => {
      const [row] = await bench.sql<{ blocked: Date | null }[]>`
      select blocked_since as blocked from durachart.workers where stopped_at is null and name like ${`%:${child.pid}`}`;
      return row?.blocked === null;
    });
  },
);

test('one that holds it for good is noticed: another worker goes on', { timeout: 90_000 }, async () => {
  const { child } = await startProcess(400, 3_600_000);
  const { id, engine } = await begun(400);
  await engine.result(id, { timeout: 60_000 });
  expect(await runs(id)).toEqual([child.pid, process.pid]);
});

test('a process that is stopped is dead after deadAfter, thread and all', { timeout: 60_000 }, async () => {
  const { child } = await startProcess(2_000, 3_600_000);
  const engine = bench.engine([blockingWorkflow(bench.url, 0)], { deadAfter: 2_000 });
  const { id } = await engine.start('blocking', undefined);
  await eventually(async () => (await runs(id)).length > 0);
  child.kill('SIGSTOP');
  await engine.work();
  await engine.result(id, { timeout: 30_000 });
  expect(await runs(id)).toEqual([child.pid, process.pid]);
});
