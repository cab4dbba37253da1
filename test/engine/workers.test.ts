import { setTimeout as sleep } from 'node:timers/promises';
import { assign, setup } from 'xstate';
import { expect, test } from 'vitest';
import { createEngine } from '../../src/create-engine.ts';
import { defineStep, defineWorkflow } from '../../src/index.ts';
import { eventually, reached, standing, stepWhere, useBench } from '../support/engine.ts';
import { HeldStep, oneStep, waitsForGo } from '../support/machines.ts';

const bench = useBench();

test('several workers share the work, and an instance is moved by one at a time', async () => {
  const running = new Set<string>();
  let overlaps = 0;
  const touch = defineStep<number, number>({
    run: async ({ input, instance }) => {
      if (running.has(instance.id)) overlaps++;
      running.add(instance.id);
      await sleep(2);
      running.delete(instance.id);
      return input + 1;
    },
  });
  const machine = setup({ types: {} as { context: { n: number }; output: number; events: { type: 'POKE' } }, actors: { touch } }).createMachine({
    id: 'moved',
    context: { n: 0 },
    output: ({ context }) => context.n,
    initial: 'TURNS',
    on: { POKE: {} },
    states: {
      TURNS: {
        invoke: {
          src: 'touch',
          input: ({ context }) => context.n,
          onDone: [
            { guard: ({ event }) => event.output >= 8, target: 'DONE', actions: assign({ n: ({ event }) => event.output }) },
            { target: 'TURNS', reenter: true, actions: assign({ n: ({ event }) => event.output }) },
          ],
        },
      },
      DONE: { type: 'final' },
    },
  });
  const workflow = defineWorkflow({ machine });
  const visitor = bench.engine([workflow]);
  const ids = await Promise.all(Array.from({ length: 60 }, () => visitor.start('moved', undefined)));
  const workers = await Promise.all(Array.from({ length: 3 }, () => bench.worker([workflow], { concurrency: 5 })));
  // They come and go while the work lasts.
  await sleep(50);
  await workers[0]?.stop();
  await bench.worker([workflow], { concurrency: 5 });
  for (const { id } of ids) expect(await visitor.result(id, { timeout: 20_000 })).toBe(8);
  expect(overlaps).toBe(0);
  const rows = await bench.sql`select instance_id, count(*)::int as n, max(sequence) as top from durachart.transitions where instance_id = any(${ids.map(({ id }) => id)}) group by instance_id`;
  expect(rows.every((row) => row['n'] === 9 && row['top'] === 9)).toBe(true);
});

test('work spreads: what is started by one may run at another', async () => {
  const held = new HeldStep();
  const workflow = oneStep('spreads', held.step());
  const visitor = bench.engine([workflow]);
  const workers = await Promise.all(Array.from({ length: 2 }, () => bench.worker([workflow])));
  for (let i = 0; i < 20; i++) await visitor.start('spreads', i);
  await held.called(20);
  const { workers: live } = await visitor.health();
  expect(live.filter(({ workflows }) => workflows.includes('spreads'))).toHaveLength(2);
  for (let i = 1; i <= 20; i++) held.release(i);
  await eventually(async () => (await visitor.list({ workflow: 'spreads', status: 'done' })).items.length === 20);
  expect(held.calls).toHaveLength(20);
  for (const worker of workers) await worker.stop();
});

test('a graceful stop waits for running steps, starts no more, and gives everything back at once', async () => {
  const held = new HeldStep();
  const machine = setup({ actors: { work: held.step() } }).createMachine({
    id: 'handed',
    initial: 'A',
    states: { A: { invoke: { src: 'work', input: 'a', onDone: 'B' } }, B: { invoke: { src: 'work', input: 'b', onDone: 'C' } }, C: { type: 'final' } },
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
  expect((await second.steps(id))[0]?.attempts).toMatchObject([{ attempt: 1, outcome: 'stopped', error: { code: 'INTERRUPTED' } }]);
});

test('a killed worker\'s instances are taken over within two seconds, and the lost attempt is recorded', async () => {
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
  expect((await second.steps(id))[0]).toMatchObject({ attempt: 1, attempts: [{ outcome: 'lost', error: { code: 'WORKER_LOST' } }] });
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
  expect(await mine()).toEqual([{ id: expect.any(Number), name: expect.stringContaining(String(process.pid)), workflows: ['healthy'], startedAt: expect.any(Date), beatAt: expect.any(Date), owned: 1 }]);
  held.release(1);
  await engine.stop();
  expect(await mine()).toEqual([]);
});

test('health says when the database does not answer', async () => {
  const nowhere = new URL(bench.url);
  nowhere.port = '1';
  const engine = createEngine({ database: nowhere.href, workflows: [waitsForGo('nowhere')], artifacts: undefined as never, onFault: () => {} });
  expect(await engine.health()).toEqual({ database: false, workers: [] });
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
  const later = defineStep<unknown, null>({ retry: { minDelay: 30_000 }, run: () => Promise.reject(new Error('later')) });
  const engine = await bench.worker([waitsForGo('idle'), oneStep('idle-retry', later)]);
  const { id: waiting } = await engine.start('idle', undefined);
  const { id: retrying } = await engine.start('idle-retry', null);
  await stepWhere(engine, retrying, ({ status }) => status === 'retrying');
  const { id: done } = await engine.start('idle', undefined);
  await engine.send(done, { type: 'GO' });
  await standing(engine, done, 'done');
  const rows = await eventually(async () => {
    const found = await bench.sql<{ id: string; lease: number | null; wake_at: Date | null }[]>`select id, lease, wake_at from durachart.instances where id = any(${[waiting, retrying, done]})`;
    return found.every(({ lease }) => lease === null) && found;
  });
  const wake = new Map(rows.map((row) => [row.id, row.wake_at]));
  expect([wake.get(waiting), wake.get(done)]).toEqual([null, null]);
  expect(wake.get(retrying)?.getTime()).toBeGreaterThan(Date.now() + 20_000);
});
