import { afterAll, beforeAll, expect, test } from 'vitest';
import { setup } from 'xstate';
import { defineWorkflow } from '../../src/index.ts';
import { createTriggerClient } from '../../src/trigger.ts';
import { openLane, type Lane } from '../proof/lane.ts';
import { eventually } from '../support/engine.ts';
import { Platform } from './support/platform.ts';

/** On Trigger.dev the sweep, a scheduled task, looks at the schedules each minute. */
const workflow = defineWorkflow({
  machine: setup({}).createMachine({ id: 'on-the-hour', initial: 'BEGUN', states: { BEGUN: { type: 'final' } } }),
  schedules: [{ cron: '0 * * * *' }],
});

let lane: Lane;
let platform: Platform;
beforeAll(async () => {
  lane = await openLane();
  platform = await Platform.start(lane.database, { workflows: [[workflow]] });
});
afterAll(async () => {
  await platform.stop();
  await lane.close();
});

test('the sweep starts what is due, once, and a driver moves it', async () => {
  const client = createTriggerClient({
    database: lane.database.url,
    workflows: [workflow],
    artifacts: undefined as never,
    onFault: () => {},
  });
  await platform.sweep();
  expect(await client.engine.schedules()).toMatchObject([{ id: 'on-the-hour/default', last: null }]);
  await lane.sql`update durachart.schedules set tick = date_trunc('hour', now()), due_at = date_trunc('hour', now())`;
  await Promise.all([platform.sweep(), platform.sweep()]);
  const [instance] = (await client.engine.schedules())[0]?.instances ?? [];
  await eventually(async () => (await client.status(instance?.id ?? '')).status === 'done');
  expect(await client.engine.schedules()).toMatchObject([
    { last: { outcome: 'started' }, started: 1, skipped: 0, instances: [{ id: instance?.id }] },
  ]);
  await platform.host.idle();
  await client.stop();
});
