import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { defineStep } from '../../src/index.ts';
import { eventually, standing, stepWhere, useBench } from '../support/engine.ts';
import { HOUR, ManualClock, YEAR } from '../support/manual-clock.ts';
import { HeldStep, oneStep } from '../support/machines.ts';

const bench = useBench();

test('a step that heeds its signal ends with TIMEOUT, and is tried again', async () => {
  const reasons: unknown[] = [];
  const step = defineStep<unknown, string>({
    timeout: 30,
    retry: { maxAttempts: 2, minDelay: 1 },
    run: async ({ signal, attempt }) => {
      if (attempt === 2) return 'in time';
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason);
          reject(signal.reason as Error);
        });
      });
      return 'never';
    },
  });
  const engine = await bench.worker([oneStep('heeds', step)]);
  const { id } = await engine.start('heeds', null);
  expect(await engine.result(id, { timeout: 10_000 })).toBe('in time');
  expect((await engine.steps(id))[0]?.attempts).toMatchObject([
    { outcome: 'failed', error: { code: 'TIMEOUT', class: 'retryable', message: expect.stringContaining('30 ms') } },
  ]);
  expect(reasons).toMatchObject([{ code: 'TIMEOUT' }]);
});

test('a step that ignores its signal is fenced: its place is free, and its late result counts for nothing', async () => {
  const held = new HeldStep();
  const clock = new ManualClock();
  const step = held.step({ timeout: HOUR, retry: { maxAttempts: 2, minDelay: 0 } });
  const engine = await bench.worker([oneStep('ignores', step)], { clock, deadAfter: YEAR, concurrency: 1 });
  const { id } = await engine.start('ignores', null);
  await held.called(1);
  clock.advance(2 * HOUR);
  // The only place is free again although the first call still runs.
  await held.called(2);
  expect(held.running).toBe(2);
  held.release(1, 'late');
  await eventually(() => held.running === 1);
  expect(await engine.get(id)).toMatchObject({ status: 'running', steps: [{ status: 'running', attempt: 2 }] });
  held.release(2, 'second');
  expect(await engine.result(id, { timeout: 10_000 })).toBe('second');
});

test("the last attempt's timeout fails the instance, and a late result does not wake it", async () => {
  const held = new HeldStep();
  const engine = await bench.worker([oneStep('too-late', held.step({ timeout: 20, retry: { maxAttempts: 1 } }))]);
  const { id } = await engine.start('too-late', null);
  expect((await standing(engine, id, 'failed')).error).toMatchObject({ code: 'TIMEOUT', attempt: 1 });
  held.release(1, 'late');
  await eventually(() => held.running === 0);
  expect(await engine.get(id)).toMatchObject({ status: 'failed', sequence: 1, steps: [{ status: 'failed' }] });
});

test('what an attempt says after its end is not heard', async () => {
  const held = new HeldStep();
  const clock = new ManualClock();
  const engine = await bench.worker(
    [oneStep('talks-on', held.step({ timeout: HOUR, retry: { maxAttempts: 2, minDelay: 0 } }))],
    { clock, deadAfter: YEAR },
  );
  const { id } = await engine.start('talks-on', null);
  const first = await held.called(1);
  clock.advance(2 * HOUR);
  const second = await held.called(2);
  second.progress(0.25, 'second');
  first.progress(0.9, 'first');
  first.log.info('first');
  await stepWhere(engine, id, ({ progress }) => progress === 0.25);
  await eventually(async () => (await engine.get(id)).steps[0]?.progress === 0.25);
  expect((await engine.get(id)).steps).toMatchObject([{ attempt: 2, progress: 0.25, message: 'second' }]);
  expect((await engine.steps(id))[0]?.logs).toEqual([]);
});

test('a silent step times out; one that says that it lives does not', async () => {
  const alive = defineStep<unknown, string>({
    heartbeat: 300,
    retry: { maxAttempts: 1 },
    run: async ({ heartbeat, progress }) => {
      for (let i = 0; i < 8; i++) {
        await sleep(60);
        if (i % 2 === 0) heartbeat();
        else progress(i / 8);
      }
      return 'alive';
    },
  });
  const silent = defineStep<unknown, string>({
    heartbeat: 50,
    retry: { maxAttempts: 1 },
    run: async ({ input, heartbeat, signal }) => {
      if (input === 'after a word') heartbeat();
      await sleep(5_000, undefined, { signal });
      return 'silent';
    },
  });
  const engine = await bench.worker([oneStep('alive', alive), oneStep('silent', silent)]);
  const { id } = await engine.start('alive', null);
  for (const input of ['from the first', 'after a word']) {
    const { id: other } = await engine.start('silent', input);
    expect((await standing(engine, other, 'failed')).error).toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('silent for 50 ms'),
    });
  }
  expect(await engine.result(id, { timeout: 10_000 })).toBe('alive');
});

test('a timeout of weeks is one', async () => {
  const clock = new ManualClock();
  const held = new HeldStep();
  const engine = await bench.worker(
    [oneStep('weeks', held.step({ timeout: 60 * 24 * HOUR, retry: { maxAttempts: 1 } }))],
    { clock, deadAfter: YEAR },
  );
  const { id } = await engine.start('weeks', null);
  await held.called(1);
  clock.advance(59 * 24 * HOUR);
  expect((await held.called(1)).signal.aborted).toBe(false);
  clock.advance(2 * 24 * HOUR);
  await standing(engine, id, 'failed');
});
