import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { afterAll, beforeAll, test } from 'vitest';
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
import { Life } from './life.ts';
import { LEDGERS, ordersWorkflow } from './orders.ts';
import { proveOrders } from './orders-proof.ts';
import { Plan, type Mode } from './plan.ts';
import { seeded } from './random.ts';

const INSTANCES = 150;
/** One call in so many goes wrong. */
const RATE = 8;

let lane: Lane;
beforeAll(async () => {
  lane = await openLane();
  await lane.sql.unsafe(LEDGERS);
});
afterAll(() => lane.close());

/** Cuts connections at random, before and after what was asked for. */
class RandomCuts extends Plan {
  cuts = 0;
  private readonly random: () => number;

  constructor(random: () => number) {
    super();
    this.random = random;
  }

  override note(): Mode | undefined {
    if (this.random() * RATE > 1) return undefined;
    this.cuts++;
    return this.random() < 0.5 ? 'cut before' : 'cut after';
  }
}

test(
  'a process whose connections keep breaking loses nothing, does nothing twice, and runs out of no places',
  { timeout: 60_000 },
  async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
    const plan = new RandomCuts(seeded(seed));
    const life = new Life(plan, (id) => id);
    const client = postgres(lane.database.url, { max: 4, onnotice: () => {} });
    const engine = assembleEngine({
      workflows: [ordersWorkflow(client)],
      store: life.store(createStore(lane.database)),
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
      // A place that is not given back would soon be missed.
      concurrency: 5,
      pollInterval: 100,
      onFault: () => {},
    });
    while (
      !(await engine.work().then(
        () => true,
        () => false,
      ))
    )
      await sleep(10);
    const ids = Array.from({ length: INSTANCES }, (_, index) => `order-${index}`);
    await Promise.all(ids.map(async (id) => untilStored(async () => engine.start('orders', undefined, { id }))));
    await Promise.all(ids.map((id) => engine.result(id, { timeout: 45_000 })));
    await proveOrders(lane.sql, ids, 0);
    console.log(`seed ${seed}: ${plan.cuts} cuts`);
    await engine.stop();
    await client.end();
  },
);

async function untilStored(start: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await start();
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== 'DATABASE_UNAVAILABLE') throw error;
      await sleep(10);
    }
  }
}
