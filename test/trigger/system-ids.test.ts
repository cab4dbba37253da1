import { assign, sendTo, setup } from 'xstate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineWorkflow, type Engine } from '../../src/index.ts';
import { createTriggerClient } from '../../src/trigger.ts';
import { openLane, type Lane } from '../proof/lane.ts';
import { eventually, standing } from '../support/engine.ts';
import { Platform } from './support/platform.ts';

const hub = setup({ types: {} as { context: { received: number } } }).createMachine({
  id: 'driven-hub',
  context: { received: 0 },
  on: { HI: { actions: assign({ received: ({ context }) => context.received + 1 }) } },
});
const guest = setup({}).createMachine({
  id: 'driven-guest',
  on: {
    NOW: { actions: sendTo(({ system }) => system.get('hub'), { type: 'HI' } as never) },
    LATER: { actions: sendTo(({ system }) => system.get('hub'), { type: 'HI' } as never, { delay: 20 }) },
  },
});
const between = setup({ actors: { guest } }).createMachine({
  id: 'driven-between',
  invoke: { id: 'g', src: 'guest' },
});
const workflow = defineWorkflow({
  machine: setup({ actors: { hub, between } }).createMachine({
    id: 'driven-tree',
    invoke: [
      { id: 'h', src: 'hub', systemId: 'hub' },
      { id: 'b', src: 'between' },
    ],
  }),
});

let lane: Lane;
let platform: Platform;
let client: ReturnType<typeof createTriggerClient<readonly [typeof workflow]>>;
beforeAll(async () => {
  lane = await openLane();
  platform = await Platform.start(lane.database, { workflows: [[workflow]] });
  client = createTriggerClient({
    database: lane.database.url,
    workflows: [workflow],
    artifacts: undefined as never,
    onFault: () => {},
  });
});
afterAll(async () => {
  await client.stop();
  await platform.stop();
  await lane.close();
});

test('drivers relay what is sent by a system id, at once and later, and those of paused instances too', async () => {
  const engine = client.engine as unknown as Engine;
  const received = async (id: string): Promise<unknown> => (await engine.get(id)).context?.['received'];
  const { id } = await engine.start('driven-tree', undefined);
  const [to, middle, from] = [`${id}.1.h`, `${id}.1.b`, `${id}.1.b.1.g`];
  for (const one of [to, from])
    await eventually(async () => (await engine.get(one).catch(() => undefined))?.sequence === 1);
  await engine.send(from, { type: 'NOW' });
  await eventually(async () => (await received(to)) === 1);
  await engine.send(from, { type: 'LATER' });
  await eventually(async () => (await received(to)) === 2);
  for (const held of [id, middle]) {
    await engine.operate(held, { operation: 'pause' });
    await standing(engine, held, 'paused');
  }
  await engine.send(from, { type: 'NOW' });
  await eventually(async () => (await received(to)) === 3);
  expect(platform.faults).toEqual([]);
});
