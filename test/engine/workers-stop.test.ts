import { setTimeout as sleep } from 'node:timers/promises';
import { setup } from 'xstate';
import { expect, test } from 'vitest';
import { createEngine } from '../../src/create-engine.ts';
import { defineStep, defineWorkflow } from '../../src/index.ts';
import { eventually, reached, standing, stepWhere, useBench } from '../support/engine.ts';
import { HeldStep, oneStep, waitsForGo } from '../support/machines.ts';

const bench = useBench();

test('a graceful stop waits for running steps, starts no more, and gives everything back at once', async () => {
  const held = new HeldStep();
  const machine = setup({ actors: { work: held.step() } }).createMachine({
    id: 'handed',
    initial: 'A',
    states: {
      A: { invoke: { src: 'work', input: 'a', onDone: 'B' } },
      B: { invoke: { src: 'work', input: 'b', onDone: 'C' } },
      C: { type: 'final' },
    },
  });
  const workflow = defineWorkflow({ machine });
  const first = await bench.worker([workflow]);
  const { id } = await first.start('handed', undefined);
  const { signal } = await held.called(1);
  const stopped = first.stop();
  await sleep(30);
  expect(signal.aborted).toBe(false);
  held.release(1);
  await stopped;
  const [row] = await bench.sql`select state, status, lease from durachart.instances where id = ${id}`;
  expect(row).toEqual({ state: 'B', status: 'running', lease: null });
  expect(held.calls).toEqual(['a']);
  const second = await bench.worker([workflow]);
  await held.called(2);
  held.release(2);
  await second.result(id, { timeout: 10_000 });
  expect(held.calls).toEqual(['a', 'b']);
});

test('others go on with what a stopping worker gives back, without polling', async () => {
  const held = new HeldStep();
  const workflow = oneStep('passed-on', held.step());
  const first = await bench.worker([workflow], { concurrency: 1 });
  await first.start('passed-on', 'mine');
  await held.called(1);
  const { id } = await first.start('passed-on', 'in line');
  const second = await bench.worker([workflow], { pollInterval: 60_000 });
  const before = Date.now();
  const stopped = first.stop();
  await held.called(2);
  expect(Date.now() - before).toBeLessThan(2_000);
  expect(held.calls[1]).toBe('in line');
  held.release(1);
  held.release(2);
  await stopped;
  await second.result(id, { timeout: 10_000 });
});

test('steps that outlast the grace are interrupted, and run elsewhere without having used up an attempt', async () => {
  const held = new HeldStep();
  const workflow = oneStep('interrupted', held.step({ retry: { maxAttempts: 1 } }));
  const first = await bench.worker([workflow]);
  const { id } = await first.start('interrupted', null);
  const { signal, key } = await held.called(1);
  const second = await bench.worker([workflow]);
  await first.stop({ grace: 20 });
  expect(signal.aborted).toBe(true);
  const again = await held.called(2);
  expect(again).toMatchObject({ attempt: 1, key });
  held.release(1, 'first');
  held.release(2, 'second');
  expect(await second.result(id, { timeout: 10_000 })).toBe('second');
  expect((await second.steps(id))[0]?.attempts).toMatchObject([
    { attempt: 1, outcome: 'stopped', error: { code: 'INTERRUPTED' } },
  ]);
});

test("a killed worker's instances are taken over within two seconds, and the lost attempt is recorded", async () => {
  const held = new HeldStep();
  const workflow = oneStep('taken-over', held.step());
  const first = await bench.worker([workflow]);
  const { id } = await first.start('taken-over', null);
  await held.called(1);
  const second = await bench.worker([workflow]);
  const before = Date.now();
  const killed = (first as unknown as { kill(): Promise<void> }).kill();
  await held.called(2);
  expect(Date.now() - before).toBeLessThan(2_000);
  await killed;
  held.release(2, 'second');
  expect(await second.result(id, { timeout: 10_000 })).toBe('second');
  expect((await second.steps(id))[0]).toMatchObject({
    attempt: 1,
    attempts: [{ outcome: 'lost', error: { code: 'WORKER_LOST' } }],
  });
});

test('a paused worker that was taken for dead stops what it ran, and begins anew', async () => {
  const held = new HeldStep();
  const workflow = oneStep('paused', held.step());
  const first = await bench.worker([workflow]);
  const { id } = await first.start('paused', null);
  const { signal } = await held.called(1);
  const [row] = await bench.sql<{ lease: number }[]>`select lease from durachart.instances where id = ${id}`;
  await bench.sql`update durachart.workers set stopped_at = now() where id = ${row?.lease as number}`;
  // It notices by its next beat, and, being the only one, takes the instance again under its new id.
  await held.called(2);
  expect(signal.aborted).toBe(true);
  held.release(2, 'again');
  expect(await first.result(id, { timeout: 10_000 })).toBe('again');
  expect(bench.faults.join()).toContain('taken for dead');
});

test('health names the live workers, and what they hold', async () => {
  const held = new HeldStep();
  const workflow = oneStep('healthy', held.step());
  const visitor = bench.engine([workflow]);
  const mine = async () => (await visitor.health()).workers.filter(({ workflows }) => workflows.includes('healthy'));
  expect(await mine()).toEqual([]);
  const engine = await bench.worker([workflow]);
  await engine.start('healthy', null);
  await held.called(1);
  expect(await mine()).toEqual([
    {
      id: expect.any(Number),
      name: expect.stringContaining(String(process.pid)),
      workflows: ['healthy'],
      startedAt: expect.any(Date),
      beatAt: expect.any(Date),
      owned: 1,
    },
  ]);
  held.release(1);
  await engine.stop();
  expect(await mine()).toEqual([]);
});

test('health says when the database does not answer', async () => {
  const nowhere = new URL(bench.url);
  nowhere.port = '1';
  const engine = createEngine({
    database: nowhere.href,
    workflows: [waitsForGo('nowhere')],
    artifacts: undefined as never,
    onFault: () => {},
  });
  expect(await engine.health()).toEqual({
    database: false,
    latencyMs: null,
    trouble: { code: 'NOT_ANSWERING', message: expect.stringContaining('Try again in a moment') as string },
    workers: [],
  });
  await expect(engine.work()).rejects.toThrow();
  // Nothing is left half begun: it may be asked again once the database is there.
  await expect(engine.work()).rejects.toThrow();
  await engine.stop();
});

test('stop and work may be called again, and in any order', async () => {
  const engine = await bench.worker([waitsForGo('again')]);
  await engine.work();
  const { id } = await engine.start('again', undefined);
  await reached(engine, id, 'WAITING');
  await Promise.all([engine.stop(), engine.stop()]);
  await engine.stop();
  const idle = bench.engine([waitsForGo('again')]);
  await idle.stop();
});

test('what waits for nothing is held by nobody', async () => {
  const later = defineStep<unknown, null>({
    retry: { minDelay: 30_000 },
    run: () => Promise.reject(new Error('later')),
  });
  const engine = await bench.worker([waitsForGo('idle'), oneStep('idle-retry', later)]);
  const { id: waiting } = await engine.start('idle', undefined);
  const { id: retrying } = await engine.start('idle-retry', null);
  await stepWhere(engine, retrying, ({ status }) => status === 'retrying');
  const { id: done } = await engine.start('idle', undefined);
  await engine.send(done, { type: 'GO' });
  await standing(engine, done, 'done');
  const rows = await eventually(async () => {
    const found = await bench.sql<
      { id: string; lease: number | null; wake_at: Date | null }[]
    >`select id, lease, wake_at from durachart.instances where id = any(${[waiting, retrying, done]})`;
    return found.every(({ lease }) => lease === null) && found;
  });
  const wake = new Map(rows.map((row) => [row.id, row.wake_at]));
  expect([wake.get(waiting), wake.get(done)]).toEqual([null, null]);
  expect(wake.get(retrying)?.getTime()).toBeGreaterThan(Date.now() + 20_000);
});
