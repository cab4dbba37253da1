import { expect, test } from 'vitest';
import { defineStep } from '../../src/index.ts';
import { eventually, stepWhere, useBench } from '../support/engine.ts';
import { HeldStep, oneStep } from '../support/machines.ts';

const bench = useBench();

test('progress is told at once, and soon in the row for everybody', async () => {
  const held = new HeldStep();
  const workflow = oneStep('progress', held.step());
  const engine = await bench.worker([workflow]);
  const { id } = await engine.start('progress', null);
  const { progress } = await held.called(1);
  const heard = stepWhere(engine, id, (step) => step.progress === 0.5);
  await stepWhere(engine, id, ({ status }) => status === 'running');
  progress(0.5, 'half of it');
  expect(await heard).toMatchObject({ status: 'running', message: 'half of it', heartbeatAt: expect.any(Date) });
  const visitor = bench.engine([workflow]);
  const seen = await eventually(async () => (await visitor.get(id)).steps.find((step) => step.progress === 0.5));
  expect(seen).toMatchObject({ message: 'half of it', heartbeatAt: expect.any(Date) });
  // Another process's subscriber hears of it as well.
  progress(0.75);
  expect(await stepWhere(visitor, id, (step) => step.progress === 0.75)).toMatchObject({ message: null });
  held.release(1);
  await engine.result(id, { timeout: 10_000 });
  expect((await engine.steps(id))[0]).toMatchObject({ status: 'done', progress: 1 });
});

test.each([
  [-1, 0],
  [7, 1],
  [Number.NaN, null],
])('progress %d shows as %j', async (said, shown) => {
  const held = new HeldStep();
  const engine = await bench.worker([oneStep('odd-progress', held.step())]);
  const { id } = await engine.start('odd-progress', null);
  const { progress } = await held.called(1);
  progress(said, 'a\0b\ud800'.padEnd(10_000, 'x'));
  const { message } = await eventually(async () =>
    (await engine.get(id)).steps.find((step) => step.message !== null && step.progress === shown),
  );
  expect(message).toBe('ab\ufffd'.padEnd(500, 'x'));
  held.release(1);
  await engine.result(id, { timeout: 10_000 });
});

test('lines are kept with their attempt, the last ones, bounded and storable', async () => {
  const step = defineStep<unknown, string>({
    retry: { maxAttempts: 2, minDelay: 1 },
    run: ({ log, attempt }) => {
      if (attempt === 1) {
        log.warn('first attempt', { n: 1, nested: { a: [1] }, big: 1n, bad: 'x\0y', not: Number.NaN, nothing: null });
        throw new Error('again');
      }
      for (let i = 1; i <= 500; i++) log.debug(`line ${i}`);
      log.error('a\0b\ud800'.padEnd(100_000, 'x'));
      log.info(undefined as never, {
        odd: {
          toJSON: () => {
            throw new Error('no');
          },
        },
      });
      return 'done';
    },
  });
  const engine = await bench.worker([oneStep('logs', step)]);
  const { id } = await engine.start('logs', null);
  expect(await engine.result(id, { timeout: 10_000 })).toBe('done');
  const [row] = await engine.steps(id);
  expect(row?.attempts[0]?.logs).toEqual([
    {
      at: expect.any(Number),
      level: 'warn',
      message: 'first attempt',
      fields: { n: 1, nested: '{"a":[1]}', big: '1', bad: 'xy', not: expect.anything(), nothing: null },
    },
  ]);
  const logs = row?.logs ?? [];
  expect(logs).toHaveLength(200);
  expect(logs[0]).toMatchObject({ level: 'debug', message: 'line 303' });
  expect(logs.at(-2)).toMatchObject({ level: 'error', message: expect.stringMatching(/^ab\ufffdx+/) });
  expect(logs.at(-2)?.message.length).toBeLessThanOrEqual(2_000);
});

test('lines of a running step can be read', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([oneStep('live-logs', held.step())]);
  const { id } = await engine.start('live-logs', null);
  (await held.called(1)).log.info('looking', { at: 'it' });
  const [line] = await eventually(async () => {
    const logs = (await engine.steps(id))[0]?.logs ?? [];
    return logs.length > 0 && logs;
  });
  expect(line).toMatchObject({ level: 'info', message: 'looking', fields: { at: 'it' } });
  held.release(1);
  await engine.result(id, { timeout: 10_000 });
});
