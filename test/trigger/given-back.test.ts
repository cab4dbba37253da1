import { afterAll, beforeAll, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { DRIVER } from '../../src/executors/trigger/names.ts';
import { defineWorkflow } from '../../src/index.ts';
import { createDriverStore } from '../../src/store/driver-store.ts';
import { createTriggerClient } from '../../src/trigger.ts';
import { openLane, type Lane } from '../proof/lane.ts';
import { eventually, standing } from '../support/engine.ts';
import { Platform } from './support/platform.ts';

const spread = defineWorkflow({
  machine: setup({ types: {} as { context: Record<string, string>; events: { type: 'SPREAD' } } }).createMachine({
    id: 'spread',
    context: {},
    on: {
      SPREAD: {
        actions: assign(() =>
          Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`part${i}`, 'p'.repeat(130_000)])),
        ),
      },
    },
  }),
});

const newer = defineWorkflow({
  machine: setup({}).createMachine({
    id: 'newer',
    initial: 'ASKED',
    states: { ASKED: { on: { GO: 'GONE' } }, GONE: { type: 'final' } },
  }),
});

let lane: Lane;
let platform: Platform;
/** Done once, before it is stored that an instance fails. */
let beforeItFails: (() => Promise<void>) | undefined;
beforeAll(async () => {
  lane = await openLane();
  const store = createDriverStore(lane.database);
  const commit: typeof store.commit = async (worker, batch) => {
    if (batch.some(({ after }) => after.status === 'failed')) {
      const first = beforeItFails;
      beforeItFails = undefined;
      await first?.();
    }
    return store.commit(worker, batch);
  };
  platform = await Platform.start(lane.database, {
    workflows: [[spread]],
    artifacts: lane.artifacts,
    storeOf: () => ({ ...store, commit }),
  });
});
afterAll(async () => {
  await platform.stop();
  await lane.close();
});

test('what comes in while an instance is being failed is for another driver at once', async () => {
  const { engine, ...client } = createTriggerClient({
    database: lane.database.url,
    workflows: [spread],
    artifacts: lane.artifacts,
  });
  try {
    const { id } = await client.start('spread', undefined);
    await standing(engine as never, id, 'waiting');
    const cancelled = Promise.withResolvers<unknown>();
    beforeItFails = async () => {
      cancelled.resolve(client.cancel(id));
      await eventually(
        async () =>
          (await lane.sql`select from durachart.events where status = 'pending' and source = 'control'`).length > 0,
      );
    };
    await client.send(id, { type: 'SPREAD' });
    await cancelled.promise;
    expect(await standing(engine as never, id, 'cancelled')).toMatchObject({ sequence: 1 });
  } finally {
    await client.stop();
  }
});

test('an instance of a workflow that the tasks do not know yet is due for those that will', async () => {
  const { start, reconcile, stop } = createTriggerClient({
    database: lane.database.url,
    workflows: [newer],
    artifacts: lane.artifacts,
  });
  try {
    const { host } = platform;
    host.hold(DRIVER);
    const { id } = await start('newer', undefined);
    host.letGo(DRIVER);
    // The next attempt stays queued: it would take the instance again, and hold it while it is asked what is due.
    host.hold(DRIVER);
    const run = await host.until(({ tags, errors }) => tags.includes(`instance:${id}`) && errors.length > 0);
    expect(JSON.stringify(run.errors)).toContain('newer, which these tasks do not know');
    expect(await reconcile()).toMatchObject({ due: [id] });
  } finally {
    await stop();
  }
});
