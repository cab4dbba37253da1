import { afterAll, beforeAll, expect, test } from 'vitest';
import { setup } from 'xstate';
import { defineWorkflow } from '../../src/index.ts';
import { createTriggerClient } from '../../src/trigger.ts';
import { openLane, type Lane } from '../proof/lane.ts';
import { eventually } from '../support/engine.ts';
import { ManualClock, SECOND } from '../support/manual-clock.ts';
import { Platform } from './support/platform.ts';

/** On Trigger.dev the sweep, a scheduled task, looks at the schedules each minute. */
const workflow = defineWorkflow({
  machine: setup({}).createMachine({ id: 'on-the-hour', initial: 'BEGUN', states: { BEGUN: { type: 'final' } } }),
  schedules: [{ cron: '0 * * * *' }],
});

const frequent = defineWorkflow({
  machine: setup({}).createMachine({ id: 'frequent', initial: 'BEGUN', states: { BEGUN: { type: 'final' } } }),
  schedules: [
    { name: 'minutes', cron: '* * * * *', missed: 'skip' },
    { name: 'seconds', cron: '*/5 * * * * *', missed: 'skip' },
  ],
});

const clock = new ManualClock();
let lane: Lane;
let platform: Platform;
beforeAll(async () => {
  lane = await openLane();
  platform = await Platform.start(lane.database, { workflows: [[workflow, frequent]], clock });
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
  await lane.sql`update durachart.schedules set tick = date_trunc('hour', now()), due_at = date_trunc('hour', now()) where workflow = 'on-the-hour'`;
  await Promise.all([platform.sweep(), platform.sweep()]);
  const [instance] = (await client.engine.schedules())[0]?.instances ?? [];
  await eventually(async () => (await client.status(instance?.id ?? '')).status === 'done');
  expect(await client.engine.schedules()).toMatchObject([
    { last: { outcome: 'started' }, started: 1, skipped: 0, instances: [{ id: instance?.id }] },
  ]);
  await platform.host.idle();
  await client.stop();
});

test('the sweep starts each of the times that have passed since the one before', async () => {
  const times = async (name: string): Promise<number[]> => {
    const rows = await lane.sql<{ key: string }[]>`
      select key from durachart.instances where workflow = 'frequent' and ${`schedule:frequent/${name}`} = any(tags) order by key`;
    return rows.map(({ key }) => Date.parse(key.slice(`schedule ${name} `.length)));
  };
  await platform.sweep();
  const begin = clock.now();
  for (let sweeps = 0; sweeps < 3; sweeps++) {
    clock.advance(66 * SECOND);
    await platform.sweep();
  }
  const rows = await lane.sql<{ name: string; tick: Date; skipped: number }[]>`
    select name, tick, skipped from durachart.schedules where workflow = 'frequent'`;
  for (const { name, tick, skipped } of rows) {
    const every = name === 'minutes' ? 60 * SECOND : 5 * SECOND;
    const started = await times(name);
    const [first = Infinity] = started;
    expect(first).toBeLessThanOrEqual(begin + every);
    const wanted: number[] = [];
    for (let time = first; time < tick.getTime(); time += every) wanted.push(time);
    expect(started).toEqual(wanted);
    expect(wanted.length).toBeGreaterThanOrEqual((198 * SECOND) / every - 1);
    expect(skipped).toBe(0);
  }
  expect(rows).toHaveLength(2);
  await platform.host.idle();
});
