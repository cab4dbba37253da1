import { randomUUID } from 'node:crypto';
import { assign, setup } from 'xstate';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineWorkflow } from '../../src/index.ts';
import { reached, standing, useBench } from '../support/engine.ts';
import { waitsForGo } from '../support/machines.ts';

const bench = useBench();

type Event = { type: 'ADD'; amount: number } | { type: 'CLOSE' } | { type: 'LOCK' };

const account = defineWorkflow({
  machine: setup({
    types: {} as { context: { total: number }; events: Event; output: number },
  }).createMachine({
    id: 'account',
    context: { total: 0 },
    output: ({ context }) => context.total,
    initial: 'OPEN',
    states: {
      OPEN: {
        on: {
          ADD: {
            guard: ({ event }) => event.amount < 100,
            actions: assign({ total: ({ context, event }) => context.total + event.amount }),
          },
          LOCK: 'LOCKED',
          CLOSE: 'CLOSED',
        },
      },
      LOCKED: { on: { CLOSE: 'CLOSED' } },
      CLOSED: { type: 'final' },
    },
  }),
  events: { ADD: z.object({ amount: z.coerce.number().int() }) },
});

test('takes events in order, each once, with the payload as the schema gives it', async () => {
  const engine = await bench.worker([account]);
  const { id } = await engine.start('account', undefined);
  for (const amount of [1, 2, 3]) await engine.send(id, { type: 'ADD', amount: String(amount) });
  await engine.send(id, { type: 'CLOSE' });
  expect(await engine.result(id, { timeout: 10_000 })).toBe(6);
  const { items } = await engine.history(id);
  expect(items.map(({ event, payload }) => [event, payload])).toEqual([
    ['xstate.init', null],
    ['ADD', { amount: 1 }],
    ['ADD', { amount: 2 }],
    ['ADD', { amount: 3 }],
    ['CLOSE', null],
  ]);
});

test('takes every one of 50 events that are sent at once', async () => {
  const engine = await bench.worker([account]);
  const { id } = await engine.start('account', undefined);
  await Promise.all(Array.from({ length: 50 }, () => engine.send(id, { type: 'ADD', amount: 1 })));
  await engine.send(id, { type: 'CLOSE' });
  expect(await engine.result(id, { timeout: 10_000 })).toBe(50);
});

test('takes events with one key once, however many are sent at once, and says so later too', async () => {
  const engine = await bench.worker([account]);
  const { id } = await engine.start('account', undefined);
  const sent = await Promise.all(
    Array.from({ length: 10 }, () => engine.send(id, { type: 'ADD', amount: 5 }, { key: 'k' })),
  );
  expect(sent.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
  await engine.send(id, { type: 'LOCK' }, { key: 'lock' });
  await reached(engine, id, 'LOCKED');
  // The machine no longer takes it, but whoever did not hear the answer may ask again.
  expect(await engine.send(id, { type: 'LOCK' }, { key: 'lock' })).toEqual({ duplicate: true });
  await engine.send(id, { type: 'CLOSE' }, { key: 'close' });
  expect(await engine.result(id, { timeout: 10_000 })).toBe(5);
  expect(await engine.send(id, { type: 'CLOSE' }, { key: 'close' })).toEqual({ duplicate: true });
  await expect(engine.send(id, { type: 'CLOSE' }, { key: 'other' })).rejects.toMatchObject({ code: 'INSTANCE_ENDED' });
});

test("keys are an instance's own", async () => {
  const engine = await bench.worker([account]);
  for (let i = 0; i < 2; i++) {
    const { id } = await engine.start('account', undefined);
    expect(await engine.send(id, { type: 'CLOSE' }, { key: 'same' })).toEqual({ duplicate: false });
    await reached(engine, id, 'CLOSED');
  }
});

test('refuses what it cannot take, and says what it would', async () => {
  const engine = await bench.worker([account]);
  const { id } = await engine.start('account', undefined);
  await expect(engine.send(id, { type: 'NOPE' })).rejects.toMatchObject({
    code: 'UNKNOWN_EVENT',
    details: { events: ['ADD', 'CLOSE', 'LOCK'] },
  });
  for (const type of ['xstate.init', 'durachart.cancel', '*', '', undefined, 7]) {
    await expect(engine.send(id, { type: type as string })).rejects.toMatchObject({ code: 'UNKNOWN_EVENT' });
  }
  await expect(engine.send(id, { type: 'ADD', amount: 'x' })).rejects.toMatchObject({
    code: 'INVALID_EVENT',
    details: { issues: [{ path: 'amount', message: expect.any(String) }] },
  });
  await expect(engine.send(id, { type: 'LOCK', at: new Date() })).rejects.toMatchObject({ code: 'NOT_JSON' });
  await expect(engine.send(id, { type: 'ADD', amount: 100 })).rejects.toMatchObject({
    code: 'EVENT_NOT_ACCEPTED',
    message: expect.stringContaining('guard'),
  });
  await engine.send(id, { type: 'LOCK' });
  await reached(engine, id, 'LOCKED');
  await expect(engine.send(id, { type: 'ADD', amount: 1 })).rejects.toMatchObject({
    code: 'EVENT_NOT_ACCEPTED',
    details: { accepts: ['CLOSE'], state: 'LOCKED' },
  });
  expect((await engine.get(id)).accepts).toEqual(['CLOSE']);
  await engine.send(id, { type: 'CLOSE' });
  await reached(engine, id, 'CLOSED');
  await expect(engine.send(id, { type: 'CLOSE' })).rejects.toMatchObject({
    code: 'INSTANCE_ENDED',
    details: { status: 'done' },
  });
  expect((await engine.get(id)).accepts).toEqual([]);
});

test.each(['nobody', '', 'a\0b', '\ud800', "x' or '1'='1", 'a'.repeat(2_000)])(
  'finds no instance under %j',
  async (id) => {
    const engine = bench.engine([account]);
    const calls = [
      engine.send(id, { type: 'CLOSE' }),
      engine.get(id),
      engine.cancel(id),
      engine.retry(id),
      engine.history(id),
      engine.steps(id),
      engine.snapshot(id, 1),
      engine.result(id),
    ];
    for (const outcome of await Promise.allSettled(calls))
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'INSTANCE_NOT_FOUND' } });
  },
);

test.each(['', 'a\0', '\ud800', 'a'.repeat(501)])('refuses the key %j', async (key) => {
  const engine = bench.engine([account]);
  const { id } = await engine.start('account', undefined);
  await expect(engine.send(id, { type: 'LOCK' }, { key })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});

test('wildcards take what they match', async () => {
  const wild = defineWorkflow({
    machine: setup({}).createMachine({
      id: 'wild',
      initial: 'A',
      states: { A: { on: { 'mouse.*': 'B' } }, B: { on: { '*': 'C' } }, C: { type: 'final' } },
    }),
    events: { 'mouse.down': z.object({ x: z.number() }) },
  });
  const engine = await bench.worker([wild]);
  const { id } = await engine.start('wild', undefined);
  await expect(engine.send(id, { type: 'keyboard' })).rejects.toMatchObject({
    code: 'EVENT_NOT_ACCEPTED',
    details: { accepts: ['mouse.*'] },
  });
  await expect(engine.send(id, { type: 'mouse.down', x: 'left' })).rejects.toMatchObject({ code: 'INVALID_EVENT' });
  await engine.send(id, { type: 'mouse.down', x: 1 });
  await reached(engine, id, 'B');
  // Names that every object has are names like others.
  await engine.send(id, { type: 'toString' });
  await reached(engine, id, 'C');
});

test('each event that is taken shows in the history, and nothing is left in the inbox', async () => {
  const engine = await bench.worker([waitsForGo('stays')]);
  const { id } = await engine.start('stays', undefined);
  await engine.send(id, { type: 'STAY' });
  await engine.send(id, { type: 'GO' });
  await standing(engine, id, 'done');
  expect((await engine.history(id)).items.map(({ event }) => event)).toEqual(['xstate.init', 'STAY', 'GO']);
  const pending = await bench.sql`select 1 from durachart.events where instance_id = ${id} and status = 'pending'`;
  expect(pending).toHaveLength(0);
});

test('an event that has come too late is ignored, not lost in between', async () => {
  const reminded = defineWorkflow({
    machine: setup({}).createMachine({
      id: 'reminded',
      initial: 'OPEN',
      states: {
        OPEN: { on: { ADD: 'OPEN', CLOSE: 'CLOSED' }, after: { 900: {} } },
        CLOSED: { type: 'final' },
      },
    }),
  });
  const engine = bench.engine([reminded]);
  const { id } = await engine.start('reminded', undefined, { id: randomUUID() });
  // With no worker up nobody knows whether the timer comes first, so that both are taken in.
  await engine.send(id, { type: 'CLOSE' });
  await engine.send(id, { type: 'ADD' });
  const worker = await bench.worker([reminded]);
  await worker.result(id, { timeout: 10_000 });
  const rows =
    await bench.sql`select type, status, sequence from durachart.events where instance_id = ${id} order by id`;
  expect(rows).toMatchObject([
    { type: 'CLOSE', status: 'taken', sequence: 2 },
    { type: 'ADD', status: 'ignored' },
  ]);
});

test('a route of XState is an event like others, where the machine has one', async () => {
  const machine = setup({ types: {} as { context: { open: boolean }; events: { type: 'OPEN' } } }).createMachine({
    id: 'routes',
    context: { open: false },
    initial: 'HOME',
    states: {
      HOME: { on: { OPEN: { actions: assign({ open: true }) } } },
      SHOP: { id: 'shop', route: {} },
      VAULT: { id: 'vault', route: { guard: ({ context }) => context.open } },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine }), account]);
  const { id } = await engine.start('routes', undefined);
  const go = async (to: '#shop' | '#vault') => engine.send(id, { type: 'xstate.route', to } as never);
  expect(await engine.preview(id, { type: 'xstate.route', to: '#shop' })).toMatchObject({ state: 'SHOP' });
  await go('#shop');
  await reached(engine, id, 'SHOP');
  await expect(go('#vault')).rejects.toMatchObject({ code: 'EVENT_NOT_ACCEPTED' });
  await expect(engine.send(id, { type: 'xstate.done.actor.x' } as never)).rejects.toMatchObject({
    code: 'UNKNOWN_EVENT',
  });
  const { id: other } = await engine.start('account', undefined);
  await expect(engine.send(other, { type: 'xstate.route', to: '#shop' } as never)).rejects.toMatchObject({
    code: 'UNKNOWN_EVENT',
  });
});

test.each<[what: string, event: unknown]>([
  ['null', null],
  ['of type string', 'GO'],
  ['an object without one', { cents: 3 }],
])('what is no event is refused with how one looks: %s', async (what, event) => {
  const engine = bench.engine([waitsForGo('no-event')]);
  const { id } = await engine.start('no-event', undefined);
  await expect(engine.send(id, event as never)).rejects.toMatchObject({
    code: 'UNKNOWN_EVENT',
    message: `An event is an object with a type, like { type: "GO" }; this one is ${what}.`,
  });
});
