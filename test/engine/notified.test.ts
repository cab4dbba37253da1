import { once } from 'node:events';
import { setup } from 'xstate';
import { expect, onTestFinished, test } from 'vitest';
import { assembleEngine } from '../../src/engine/create.ts';
import { systemClock } from '../../src/engine/clock.ts';
import type { Claimed, Clock, Store } from '../../src/engine/ports.ts';
import { localExecutor } from '../../src/executors/local.ts';
import { defineStep, defineWorkflow } from '../../src/index.ts';
import { LANES, openDatabase } from '../../src/store/database.ts';
import { isTransient } from '../../src/store/transient.ts';
import { createEventStore } from '../../src/store/events.ts';
import { createOperationStore } from '../../src/store/operations.ts';
import { createStore } from '../../src/store/postgres.ts';
import { createReader } from '../../src/store/reader.ts';
import { createRetentionStore } from '../../src/store/retention.ts';
import { createScheduleStore } from '../../src/store/schedules.ts';
import { reached, useBench } from '../support/engine.ts';

const bench = useBench();

/** Nothing that comes round each second comes: what moves was notified. */
const withoutBeat: Clock = {
  now: () => systemClock.now(),
  after: (delay, callback) => systemClock.after(delay === 1_000 ? 3_600_000 : delay, callback),
};

const workflow = defineWorkflow({
  machine: setup({
    types: { events: {} as { type: 'YES' } },
    // Runs until its state is left, so that the instance stays in memory.
    actors: {
      busy: defineStep({
        run: async ({ signal }) => {
          await once(signal, 'abort');
        },
      }),
    },
  }).createMachine({
    id: 'asked',
    initial: 'w',
    states: { w: { invoke: { src: 'busy' }, on: { YES: 'yes' } }, yes: { type: 'final' } },
  }),
});

/** A worker whose answers the test holds up, and that says what it is notified of. */
async function slowWorker(hold: (claimed: Claimed[]) => Promise<void>, change: Partial<Store> = {}) {
  const database = openDatabase(bench.url);
  const store = createStore(database);
  const heard: string[] = [];
  const engine = assembleEngine({
    workflows: [workflow],
    store: {
      ...store,
      claim: async (...asked) => {
        const claimed = await store.claim(...asked);
        await hold(claimed);
        return claimed;
      },
      onWork: async (callback) =>
        store.onWork((ids) => {
          callback(ids);
          heard.push(...[ids].flat());
        }),
      ...change,
    },
    reader: createReader(database),
    operations: createOperationStore(database),
    retention: createRetentionStore(database.pool),
    events: createEventStore(database.pool),
    schedules: createScheduleStore(database.pool),
    executor: localExecutor,
    close: async () => database.close(),
    isTransient,
    lanes: LANES,
    clock: withoutBeat,
    pollInterval: 3_600_000,
    onFault: () => {},
  });
  onTestFinished(async () => engine.stop({ grace: 0 }));
  await engine.work();
  return { heard };
}

test('an event whose notification arrives while its instance is being claimed is taken at once', async () => {
  const visitor = bench.engine([workflow]);
  const claims: string[] = [];
  const sent = Promise.withResolvers<void>();
  const { heard } = await slowWorker(async (claimed) => {
    claims.push(...claimed.map(({ id }) => id));
    if (claimed.length > 0) await sent.promise;
  });
  const { id } = await visitor.start('asked', undefined);
  await expect.poll(() => claims, { timeout: 15_000 }).toContain(id);
  await visitor.send(id, { type: 'YES' });
  // Once for its start, once for the event.
  await expect.poll(() => heard.filter((one) => one === id).length, { timeout: 15_000 }).toBe(2);
  sent.resolve();
  await reached(visitor, id, 'yes');
});
