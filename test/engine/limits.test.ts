import { fromPromise, setup } from 'xstate';
import { expect, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { Limits } from '../../src/engine/limits.ts';
import { defineStep, defineWorkflow, StepError, type StepOptions } from '../../src/index.ts';
import { eventually, reached, standing, useBench } from '../support/engine.ts';
import { HeldStep, oneStep } from '../support/machines.ts';

const bench = useBench();

/** Counts how many run at a time, over all steps that share it. The first ones wait for each other, up to as many as are expected. */
class Meter {
  now = 0;
  most = 0;
  private readonly expected: number;
  private readonly met = Promise.withResolvers<void>();

  constructor(expected: number) {
    this.expected = expected;
  }

  step(options: StepOptions = {}) {
    return defineStep<unknown, null>({
      retry: { maxAttempts: 2, minDelay: 1 },
      ...options,
      run: async ({ input, attempt }) => {
        this.most = Math.max(this.most, ++this.now);
        if (this.now === this.expected) this.met.resolve();
        try {
          await Promise.race([this.met.promise, sleep(5_000)]);
          await sleep(3);
          if (input === 'fails once' && attempt === 1) throw new Error('once');
          if (input === 'fails') throw new StepError('NOT_FOUND', 'gone');
          return null;
        } finally {
          this.now--;
        }
      },
    });
  }
}

const inputs = Array.from({ length: 45 }, (_, n) => ['well', 'fails once', 'fails'][n % 3]);

test('a worker runs no more steps at a time than it may, errors and retries included, and uses its places', async () => {
  const meter = new Meter(4);
  const engine = await bench.worker([oneStep('per-worker', meter.step())], { concurrency: 4 });
  const ids = await Promise.all(inputs.map((input) => engine.start('per-worker', input)));
  await Promise.allSettled(ids.map(({ id }) => engine.result(id, { timeout: 20_000 })));
  expect(meter.most).toBe(4);
  expect((await engine.list({ workflow: 'per-worker', status: 'done' })).items).toHaveLength(30);
  expect((await engine.list({ workflow: 'per-worker', status: 'failed' })).items).toHaveLength(15);
});

test('a step and a queue have their own limits, across workflows', async () => {
  const narrow = new Meter(2);
  const shared = new Meter(3);
  const wide = new Meter(4);
  const workflows = [
    oneStep('narrow', narrow.step({ concurrency: 2 })),
    oneStep('shared-a', shared.step({ queue: 'gpu' })),
    oneStep('shared-b', shared.step({ queue: 'gpu' })),
    oneStep('wide', wide.step({ queue: 'nobody limits' })),
  ] as const;
  const engine = await bench.worker(workflows, { concurrency: 20, queues: { gpu: 3 } });
  const ids = await Promise.all(inputs.flatMap((input) => workflows.map(({ name }) => engine.start(name, input))));
  await Promise.allSettled(ids.map(({ id }) => engine.result(id, { timeout: 20_000 })));
  expect({ narrow: narrow.most, shared: shared.most }).toEqual({ narrow: 2, shared: 3 });
  expect(wide.most).toBeGreaterThan(3);
});

test('a full queue does not hold up the steps of others', async () => {
  const held = new HeldStep();
  const engine = await bench.worker(
    [
      oneStep('queued', held.step({ queue: 'one' })),
      oneStep('free', defineStep<unknown, string>({ run: () => 'free' })),
    ],
    { concurrency: 2, queues: { one: 1 } },
  );
  for (let i = 0; i < 5; i++) await engine.start('queued', i);
  await held.called(1);
  const { id } = await engine.start('free', null);
  expect(await engine.result(id, { timeout: 10_000 })).toBe('free');
  expect(held.calls).toHaveLength(1);
  for (let i = 1; i <= 5; i++) {
    await held.called(i);
    held.release(i);
  }
  expect(held.most).toBe(1);
});

test('places come back after a timeout, a cancel, a stop by the machine, and from the line', async () => {
  const held = new HeldStep();
  const leaving = setup({ actors: { work: held.step() }, types: {} as { events: { type: 'LEAVE' } } }).createMachine({
    id: 'leaving',
    initial: 'A',
    states: { A: { invoke: { src: 'work' }, on: { LEAVE: 'B' } }, B: {} },
  });
  const engine = await bench.worker(
    [
      oneStep('holds', held.step()),
      oneStep('times-out', held.step({ timeout: 20, retry: { maxAttempts: 1 } })),
      defineWorkflow({ machine: leaving }),
    ],
    { concurrency: 1 },
  );
  const { id: cancelled } = await engine.start('holds', 'cancelled');
  await held.called(1);
  const { id: inLine } = await engine.start('holds', 'in line');
  const { id: left } = await engine.start('leaving', undefined);
  await engine.cancel(inLine);
  await standing(engine, inLine, 'cancelled');
  await engine.cancel(cancelled);
  await held.called(2);
  await engine.send(left, { type: 'LEAVE' });
  await reached(engine, left, 'B');
  const { id: late } = await engine.start('times-out', 'late');
  await standing(engine, late, 'failed');
  const { id: last } = await engine.start('holds', 'last');
  await held.called(4);
  held.release(4, 'ran');
  expect(await engine.result(last, { timeout: 10_000 })).toBe('ran');
  expect(held.calls).toEqual(['cancelled', undefined, 'late', 'last']);
});

test('a step in line shows as queued, and begins as running', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([oneStep('shown', held.step())], { concurrency: 1 });
  await engine.start('shown', null);
  await held.called(1);
  const { id } = await engine.start('shown', null);
  expect((await engine.get(id)).steps).toMatchObject([
    { status: 'queued', attempt: 0, startedAt: null, queuedAt: expect.any(Date) },
  ]);
  held.release(1);
  await held.called(2);
  expect((await engine.get(id)).steps).toMatchObject([{ status: 'running', attempt: 1, startedAt: expect.any(Date) }]);
  held.release(2);
  await engine.result(id, { timeout: 10_000 });
});

test('parallel regions run their steps at once', async () => {
  const met = Promise.withResolvers<void>();
  let there = 0;
  const meet = fromPromise(async () => {
    if (++there === 4) met.resolve();
    await met.promise;
  });
  const region = {
    initial: 'A',
    states: { A: { invoke: { src: 'meet', onDone: 'B' } }, B: { type: 'final' } },
  } as const;
  const machine = setup({ actors: { meet } }).createMachine({
    id: 'meets',
    type: 'parallel',
    states: { a: region, b: region, c: region, d: region },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('meets', undefined);
  await engine.result(id, { timeout: 10_000 });
  await eventually(
    async () => (await bench.sql`select from durachart.instances where id = ${id} and lease is null`).length === 1,
  );
});

test('lines: priority first, then order; whoever leaves is passed over; nobody waits for another queue', () => {
  const limits = new Limits((name) => ({ worker: 2, slow: 1 })[name] ?? Infinity);
  const ran: string[] = [];
  const enter = (name: string, names: string[], priority = 5) =>
    limits.take(names, priority, () => void ran.push(name));
  enter('a', ['worker', 'slow']);
  enter('b', ['worker', 'slow']);
  const leave = enter('c', ['worker', 'slow'], 9);
  enter('d', ['worker', 'slow'], 9);
  expect(ran).toEqual(['a']);
  expect(limits.tryTake(['worker', 'slow'])).toBe(false);
  expect(limits.tryTake(['worker'])).toBe(true);
  expect(limits.tryTake(['worker'])).toBe(false);
  leave();
  limits.release(['worker', 'slow']);
  expect(ran).toEqual(['a', 'd']);
  limits.release(['worker', 'slow']);
  limits.release(['worker']);
  expect(ran).toEqual(['a', 'd', 'b']);
  expect([limits.taken('worker'), limits.taken('slow')]).toEqual([1, 1]);
});

test('whoever has a place or waits for one takes memory, and nobody else does', () => {
  const limits = new Limits((name) => (name === 'worker' ? 2 : 1), 'worker');
  const key = (n: number): string[] => ['worker', `step\0${n}`];
  const ran: number[] = [];
  for (let n = 0; n < 5; n++) limits.take(key(n), 5, () => void ran.push(n));
  const leave = limits.take(key(0), 5, () => void ran.push(-1));
  limits.take(key(5), 9, () => void ran.push(5));
  expect(ran).toEqual([0, 1]);
  leave();
  leave();
  for (let next = 0; next < ran.length; next++) limits.release(key(ran[next] as number));
  // The one with the highest priority first, then in order.
  expect(ran).toEqual([0, 1, 5, 2, 3, 4]);
  expect(limits.size).toBe(0);
  expect(limits.tryTake(key(0))).toBe(true);
  limits.release(key(0));
  expect(limits.size).toBe(0);
});

test('names are told apart whatever characters they have', () => {
  const limits = new Limits((name) => (name === 'worker' ? Infinity : 1));
  const ran: string[][] = [];
  for (const names of [
    ['worker', 'a\nb'],
    ['worker', 'a\nb'],
    ['worker', 'a', 'b'],
    ['worker', 'c"],["b'],
  ])
    limits.take(names, 5, () => void ran.push(names));
  expect(ran).toEqual([
    ['worker', 'a\nb'],
    ['worker', 'a', 'b'],
    ['worker', 'c"],["b'],
  ]);
});
