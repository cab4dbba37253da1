import { assign, fromPromise, setup } from 'xstate';
import { expect, test } from 'vitest';
import { defineStep, defineWorkflow, StepError } from '../../src/index.ts';
import { eventually, standing, useBench } from '../support/engine.ts';
import { HOUR, ManualClock, YEAR } from '../support/manual-clock.ts';
import { oneStep } from '../support/machines.ts';

const bench = useBench();

test('with no handler the instance fails where it stands, keeps its snapshot, and a retry goes on', async () => {
  let broken = true;
  const calls: string[] = [];
  const machine = setup({
    types: {} as { context: { done: string[] }; output: string[] },
    actors: {
      first: fromPromise(async () => void calls.push('first')),
      second: defineStep<unknown, string>({
        retry: { maxAttempts: 2, minDelay: 1 },
        run: ({ attempt, key }) => {
          calls.push(`second ${attempt} ${key.split(':').slice(1).join(':')}`);
          if (broken) throw new Error('broken');
          return 'mended';
        },
      }),
    },
  }).createMachine({
    id: 'breaks',
    context: { done: [] },
    output: ({ context }) => context.done,
    initial: 'A',
    states: {
      A: { invoke: { src: 'first', onDone: { target: 'B', actions: assign({ done: ['first'] }) } } },
      B: {
        invoke: {
          id: 'second',
          src: 'second',
          onDone: { target: 'C', actions: assign({ done: ({ context, event }) => [...context.done, event.output] }) },
        },
      },
      C: { type: 'final' },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('breaks', undefined);
  const failed = await standing(engine, id, 'failed');
  expect(failed).toMatchObject({
    state: 'B',
    sequence: 2,
    context: { done: ['first'] },
    error: { code: 'UNKNOWN', details: { key: '2:second' } },
  });
  await engine.retry(id);
  // Fresh attempts, of the same invocation.
  await expect(engine.result(id, { timeout: 10_000 })).rejects.toMatchObject({ code: 'INSTANCE_FAILED' });
  expect(calls).toHaveLength(5);
  broken = false;
  await engine.retry(id);
  expect(await engine.result(id, { timeout: 10_000 })).toEqual(['first', 'mended']);
  expect(calls).toEqual(['first', ...['1', '2', '1', '2', '1'].map((attempt) => `second ${attempt} 2:second`)]);
  expect(await engine.get(id)).toMatchObject({ status: 'done', error: null, errorCode: null, sequence: 3 });
  expect((await engine.steps(id))[1]?.attempts).toHaveLength(4);
});

test('only what has failed is retried', async () => {
  const engine = await bench.worker([oneStep('retry-done', defineStep<unknown, null>({ run: () => null }))]);
  const { id } = await engine.start('retry-done', null);
  await engine.result(id, { timeout: 10_000 });
  await expect(engine.retry(id)).rejects.toMatchObject({ code: 'NOT_FAILED', details: { status: 'done' } });
});

test('two retries at once give it fresh attempts once', async () => {
  const calls: number[] = [];
  const step = defineStep<unknown, null>({
    run: ({ attempt }) => {
      calls.push(attempt);
      throw new StepError('NOT_FOUND', 'gone');
    },
  });
  const engine = await bench.worker([oneStep('retry-twice', step)]);
  const { id } = await engine.start('retry-twice', null);
  await standing(engine, id, 'failed');
  const retries = await Promise.allSettled(Array.from({ length: 5 }, () => engine.retry(id)));
  expect(retries.some(({ status }) => status === 'fulfilled')).toBe(true);
  await eventually(
    async () =>
      (await bench.sql`select from durachart.events where instance_id = ${id} and status = 'pending'`).length === 0,
  );
  await standing(engine, id, 'failed');
  const [{ taken }] =
    (await bench.sql`select count(*)::int as taken from durachart.events where instance_id = ${id} and status = 'taken'`) as unknown as [
      { taken: number },
    ];
  expect(calls).toHaveLength(1 + taken);
});

test('what comes in while it is failed waits for the retry: events, other steps, timers', async () => {
  const clock = new ManualClock();
  const open = Promise.withResolvers<string>();
  let broken = true;
  const machine = setup({
    types: {} as { events: { type: 'NOTE' } },
    actors: {
      breaks: defineStep<unknown, null>({
        run: () => {
          if (broken) throw new StepError('NOT_FOUND', 'gone');
          return null;
        },
      }),
      slow: fromPromise(async () => open.promise),
    },
  }).createMachine({
    id: 'holds-on',
    type: 'parallel',
    states: {
      a: { initial: 'RUNS', states: { RUNS: { invoke: { src: 'breaks', onDone: 'DONE' } }, DONE: { type: 'final' } } },
      b: { initial: 'RUNS', states: { RUNS: { invoke: { src: 'slow', onDone: 'DONE' } }, DONE: { type: 'final' } } },
      c: { initial: 'WAITS', states: { WAITS: { on: { NOTE: 'DONE' } }, DONE: { type: 'final' } } },
      d: { initial: 'WAITS', states: { WAITS: { after: { [HOUR]: 'DONE' } }, DONE: { type: 'final' } } },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })], { clock, deadAfter: YEAR });
  const { id } = await engine.start('holds-on', undefined);
  await standing(engine, id, 'failed');
  await engine.send(id, { type: 'NOTE' });
  open.resolve('slow');
  clock.advance(2 * HOUR);
  await eventually(async () =>
    (await engine.steps(id)).some(({ step, status }) => step === 'slow' && status === 'done'),
  );
  expect(await engine.get(id)).toMatchObject({
    status: 'failed',
    sequence: 1,
    state: 'a.RUNS, b.RUNS, c.WAITS, d.WAITS',
    timers: [{ dueAt: expect.any(Date) }],
  });
  broken = false;
  await engine.retry(id);
  await engine.result(id, { timeout: 10_000 });
  expect((await engine.history(id)).items.map(({ event }) => event).toSorted()).toEqual([
    'NOTE',
    'xstate.after.3600000.holds-on.d.WAITS',
    'xstate.done.actor.0.holds-on.a.RUNS',
    'xstate.done.actor.0.holds-on.b.RUNS',
    'xstate.init',
  ]);
});

test('two steps that fail together are both retried', async () => {
  let broken = true;
  const breaks = defineStep<unknown, null>({
    run: () => {
      if (broken) throw new StepError('NOT_FOUND', 'gone');
      return null;
    },
  });
  const region = {
    initial: 'RUNS',
    states: { RUNS: { invoke: { src: 'breaks', onDone: 'DONE' } }, DONE: { type: 'final' } },
  } as const;
  const machine = setup({ actors: { breaks } }).createMachine({
    id: 'both',
    type: 'parallel',
    states: { a: region, b: region },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('both', undefined);
  await eventually(async () => (await engine.get(id)).steps.every(({ status }) => status === 'failed'));
  broken = false;
  await engine.retry(id);
  await engine.result(id, { timeout: 10_000 });
});
