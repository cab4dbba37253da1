import { setup } from 'xstate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineWorkflow } from '../../src/index.ts';
import { assembleEngine } from '../../src/engine/create.ts';
import { localExecutor } from '../../src/executors/local.ts';
import { LANES } from '../../src/store/database.ts';
import { isTransient } from '../../src/store/transient.ts';
import { createEventStore } from '../../src/store/events.ts';
import { createScheduleStore } from '../../src/store/schedules.ts';
import { createOperationStore } from '../../src/store/operations.ts';
import { createRetentionStore } from '../../src/store/retention.ts';
import { createStore } from '../../src/store/postgres.ts';
import { openLane, type Lane } from './lane.ts';

let lane: Lane;
beforeAll(async () => {
  lane = await openLane();
});
afterAll(() => lane.close());

test('a worker starts although its first look for dead ones meets a deadlock', async () => {
  const store = createStore(lane.database);
  let looks = 0;
  const engine = assembleEngine({
    workflows: [defineWorkflow({ machine: setup({}).createMachine({ id: 'waits', initial: 'A', states: { A: {} } }) })],
    store: {
      ...store,
      buryWorkers: async (...args) => {
        if (++looks === 1) throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
        return store.buryWorkers(...args);
      },
    },
    reader: lane.reader,
    operations: createOperationStore(lane.database),
    retention: createRetentionStore(lane.database.pool),
    schedules: createScheduleStore(lane.database.pool),
    events: createEventStore(lane.database.pool),
    executor: localExecutor,
    artifacts: undefined as never,
    close: async () => {},
    isTransient,
    lanes: LANES,
    onFault: () => {},
  });
  await engine.work();
  expect(looks).toBe(1);
  await expect.poll(() => looks, { timeout: 5_000 }).toBeGreaterThan(1);
  await engine.stop();
});
