import { assign, setup } from 'xstate';
import { expect, test } from 'vitest';
import { defineStep, defineWorkflow } from '../../src/index.ts';
import type { Commit } from '../../src/engine/ports.ts';
import { LANES, openDatabase } from '../../src/store/database.ts';
import { isTransient } from '../../src/store/transient.ts';
import { assembleEngine } from '../../src/engine/create.ts';
import type { Engine } from '../../src/engine/api.ts';
import { localExecutor } from '../../src/executors/local.ts';
import { createEventStore } from '../../src/store/events.ts';
import { createScheduleStore } from '../../src/store/schedules.ts';
import { createOperationStore } from '../../src/store/operations.ts';
import { createRetentionStore } from '../../src/store/retention.ts';
import { createReader } from '../../src/store/reader.ts';
import { createStore } from '../../src/store/postgres.ts';
import { newArtifacts } from '../support/artifacts.ts';
import { standing, useBench } from '../support/engine.ts';
import { oneStep } from '../support/machines.ts';

const bench = useBench();

const loop: Record<string, unknown> = {};
loop['self'] = loop;

test.each<[string, unknown]>([
  ['a function', () => 1],
  ['a Date', { at: new Date() }],
  ['a Map', new Map([[1, 2]])],
  ['a bigint', 1n],
  ['NaN', { deep: [Number.NaN] }],
  ['text with NUL', 'a\0b'],
  ['a key with NUL', { 'a\0': 1 }],
  ['a lone surrogate', '\ud800'],
  ['itself', loop],
])('a step that returns %s fails with INVALID_OUTPUT and names the place', async (_what, output) => {
  const workflow = oneStep('returns', defineStep<unknown, unknown>({ retry: { maxAttempts: 1 }, run: () => output }));
  const engine = await bench.worker([workflow]);
  const { id } = await engine.start('returns', null);
  const { error } = await standing(engine, id, 'failed');
  expect(error).toMatchObject({ code: 'INVALID_OUTPUT' });
  expect(bench.faults).toEqual([]);
});

test.each<[string, unknown]>([
  ['an error whose message has NUL', new Error('a\0b\ud800')],
  ['text', 'no\0'],
  ['nothing', undefined],
  [
    'an object that throws when it is read',
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
      },
    ),
  ],
])('a step that throws %s fails, and the worker goes on', async (_what, thrown) => {
  const workflow = oneStep(
    'throws',
    defineStep<unknown, unknown>({
      retry: { maxAttempts: 1 },
      run: () => {
        throw thrown;
      },
    }),
  );
  const engine = await bench.worker([workflow]);
  const { id } = await engine.start('throws', null);
  const view = await standing(engine, id, 'failed');
  expect(view.steps).toMatchObject([{ status: 'failed' }]);
  expect(bench.faults).toEqual([]);
});

const empty: string[] = [];

const grows = defineWorkflow({
  machine: setup({
    actors: {
      // 1 MB as JSON.
      fill: defineStep<unknown, string>({ run: () => 'ä"\\\n'.repeat(125_000) }),
    },
  }).createMachine({
    id: 'grows',
    context: { texts: empty },
    initial: 'FILLING',
    output: ({ context }) => context.texts.reduce((sum: number, text: string) => sum + text.length, 0),
    states: {
      FILLING: {
        invoke: {
          id: 'fill',
          src: 'fill',
          onDone: {
            target: 'FILLED',
            actions: assign({ texts: ({ context, event }) => [...context.texts, event.output] }),
          },
        },
      },
      FILLED: { always: [{ guard: ({ context }) => context.texts.length < 3, target: 'FILLING' }, { target: 'FULL' }] },
      FULL: { type: 'final' },
    },
  }),
});

test('contexts of 3 MB, twenty at a time', async () => {
  const { store } = await newArtifacts();
  const engine = await bench.worker([grows], { artifacts: store });
  const ids = await Promise.all(Array.from({ length: 20 }, async () => (await engine.start('grows', undefined)).id));
  for (const id of ids) expect(await engine.result(id, { timeout: 20_000 })).toBe(1_500_000);
  expect(bench.faults).toEqual([]);
});

/** A worker whose database refuses some commits, whoever else is in the batch. */
async function refusing(
  isBad: (commit: Commit) => boolean,
): Promise<{ engine: Engine; batches: number[]; stop: () => Promise<void> }> {
  const database = openDatabase(bench.url);
  const real = createStore(database);
  const batches: number[] = [];
  const workflow = oneStep('refused', defineStep<unknown, unknown>({ run: ({ input }) => input }));
  const engine = assembleEngine({
    workflows: [workflow],
    store: {
      ...real,
      commit: async (worker, batch) => {
        batches.push(batch.length);
        // What is stored for it breaks the statement for all of them.
        if (batch.some(isBad))
          throw Object.assign(new Error('invalid byte sequence for encoding "UTF8": 0x00'), { code: '22021' });
        return real.commit(worker, batch);
      },
    },
    reader: createReader(database),
    operations: createOperationStore(database),
    retention: createRetentionStore(database.pool),
    schedules: createScheduleStore(database.pool),
    events: createEventStore(database.pool),
    executor: localExecutor,
    artifacts: undefined as never,
    close: async () => database.close(),
    isTransient,
    lanes: LANES,
    onFault: () => {},
  });
  await engine.work();
  return { engine: engine as unknown as Engine, batches, stop: async () => engine.stop() };
}

test('what the database refuses of one instance fails that one only, and it can be retried', async () => {
  let mended = false;
  const { engine, batches, stop } = await refusing(
    ({ steps }) => !mended && steps.some(({ output }) => output === 'bad'),
  );
  const inputs = Array.from({ length: 60 }, (_, index) => (index % 10 === 3 ? 'bad' : `good ${index}`));
  const ids = await Promise.all(inputs.map(async (input) => (await engine.start('refused', input)).id));
  for (const [index, id] of ids.entries()) {
    if (inputs[index] === 'bad')
      expect((await standing(engine, id, 'failed')).error).toMatchObject({ code: 'NOT_STORABLE' });
    else expect(await engine.result(id, { timeout: 10_000 })).toBe(inputs[index]);
  }
  expect(Math.max(...batches)).toBeGreaterThan(1);
  mended = true;
  const bad = ids.filter((_, index) => inputs[index] === 'bad');
  await Promise.all(bad.map((id) => engine.retry(id)));
  for (const id of bad) {
    await standing(engine, id, 'done');
    expect(await engine.result(id, { timeout: 10_000 })).toBe('bad');
  }
  await stop();
});

test('what the database refuses of a new instance is told to whoever starts it', async () => {
  const { engine, stop } = await refusing(({ create, id }) => create !== null && id === 'bad');
  const [good, bad] = await Promise.allSettled([
    engine.start('refused', 1, { id: 'good' }),
    engine.start('refused', 1, { id: 'bad' }),
  ]);
  expect(good.status).toBe('fulfilled');
  expect(bad).toMatchObject({ status: 'rejected', reason: { code: '22021' } });
  expect(await engine.result('good', { timeout: 10_000 })).toBe(1);
  await stop();
});
