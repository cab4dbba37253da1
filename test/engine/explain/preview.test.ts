import { assign, cancel, emit, raise, sendTo, setup } from 'xstate';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineStep, defineWorkflow, type Preview } from '../../../src/index.ts';
import { eventually, reached, standing, useBench } from '../../support/engine.ts';
import { HeldStep } from '../../support/machines.ts';
import { HOUR, ManualClock } from '../../support/manual-clock.ts';

const bench = useBench();

const child = setup({ types: {} as { events: { type: 'HEAR' } } }).createMachine({
  id: 'preview-child',
  initial: 'A',
  states: { A: { on: { HEAR: 'A' } } },
});

function shop(held: HeldStep) {
  const machine = setup({
    types: {} as {
      context: { cents: number; by: string | null };
      input: { cents: number };
      output: { by: string | null };
      events: { type: 'PAY'; cents: number } | { type: 'TELL' } | { type: 'CLOSE'; by: string } | { type: 'BREAK' };
    },
    actors: { held: held.step(), charge: defineStep<{ cents: number }, null>({ run: () => null }), child },
    actions: { notify: () => {} },
    guards: { enough: ({ event }) => event.type === 'PAY' && event.cents >= 100 },
  }).createMachine({
    id: 'shop',
    context: ({ input }) => ({ cents: input.cents, by: null }),
    initial: 'OPENED',
    output: ({ context }) => ({ by: context.by }),
    on: {
      CLOSE: { target: '.CLOSED', actions: assign({ by: ({ event }) => event.by }) },
      BREAK: {
        actions: assign(() => {
          throw new Error('it broke');
        }),
      },
    },
    states: {
      OPENED: {
        entry: raise({ type: 'TELL' }, { delay: HOUR, id: 'remind' }),
        invoke: [
          { id: 'held', src: 'held' },
          { id: 'child', src: 'child' },
        ],
        on: {
          PAY: {
            guard: 'enough',
            target: 'PAID',
            actions: [
              assign({ cents: ({ event }) => event.cents }),
              cancel('remind'),
              emit({ type: 'paid' }),
              { type: 'notify', params: { to: 'ada' } },
            ],
          },
          TELL: { actions: sendTo('child', { type: 'HEAR' }) },
        },
      },
      PAID: {
        invoke: [
          { id: 'charge', src: 'charge', input: ({ context }) => ({ cents: context.cents }) },
          { id: 'again', src: 'child' },
        ],
        after: { 60_000: 'CLOSED' },
      },
      CLOSED: { type: 'final' },
    },
  });
  return defineWorkflow({ machine, events: { PAY: z.object({ cents: z.int() }) } });
}

/** Every row of the engine's tables, with the transaction that wrote it last. */
async function everything(): Promise<string> {
  const tables = ['instances', 'transitions', 'steps', 'events', 'timers', 'runs', 'audit', 'pauses'];
  const rows = await Promise.all(
    tables.map((table) => bench.sql.unsafe(`select xmin::text, t.*::text from durachart.${table} t order by 2`)),
  );
  return JSON.stringify(rows);
}

const held = new HeldStep();
async function opened() {
  const before = held.calls.length;
  const engine = await bench.worker([shop(held)]);
  const { id } = await engine.start('shop', { cents: 1 });
  await held.called(before + 1);
  await reached(engine, `${id}.1.child`, 'A');
  await eventually(
    async () =>
      (await bench.sql`select from durachart.instances where id = ${`${id}.1.child`} and lease is null`).length === 1,
  );
  return { engine, id };
}

test('says what an event would start, stop, arm and send, and writes nothing at all', async () => {
  const { engine, id } = await opened();
  const before = await everything();
  const seen = await engine.preview(id, { type: 'PAY', cents: 250 });
  expect(seen).toEqual({
    accepted: true,
    state: 'PAID',
    status: 'running',
    ahead: 0,
    steps: [{ key: '2:charge', step: 'charge', input: { cents: 250 } }],
    stops: [
      { key: '1:held', step: 'held', status: 'running', childId: null },
      { key: '1:child', step: 'child', status: 'running', childId: `${id}.1.child` },
    ],
    timers: [{ id: 'xstate.after.60000.shop.PAID', event: 'xstate.after.60000.shop.PAID', dueInMs: 60_000 }],
    cancelsTimers: ['remind'],
    actions: [{ name: 'notify', params: { to: 'ada' } }],
    sends: [],
    children: [{ id: `${id}.2.again`, workflow: 'preview-child', input: null }],
    context: { cents: 250 },
    emits: [{ type: 'emit', event: { type: 'paid' } }],
  } satisfies Preview);
  expect((await engine.preview(id, { type: 'TELL' })).sends).toEqual([
    { to: `${id}.1.child`, type: 'HEAR', payload: {} },
  ]);
  expect(await engine.preview(id, { type: 'CLOSE', by: 'bob' })).toMatchObject({
    accepted: true,
    state: 'CLOSED',
    status: 'done',
    cancelsTimers: ['remind'],
    output: { by: 'bob' },
  });
  expect(await engine.preview(id, { type: 'BREAK' })).toMatchObject({
    accepted: true,
    state: 'OPENED',
    status: 'failed',
    error: { code: 'TRANSITION_FAILED', message: expect.stringContaining('it broke') as string },
  });
  expect(await everything()).toBe(before);
  // What was foretold is what happens.
  await engine.send(id, { type: 'PAY', cents: 250 });
  await reached(engine, id, 'PAID');
  const { steps, timers, children, context } = await engine.get(id);
  expect(steps.map(({ key }) => key)).toEqual(expect.arrayContaining(['2:again']));
  expect(timers).toMatchObject([{ id: 'xstate.after.60000.shop.PAID' }]);
  expect(children.map((each) => each.id)).toContain(`${id}.2.again`);
  expect(context).toMatchObject({ cents: 250 });
});

test('says why an event would do nothing', async () => {
  const { engine, id } = await opened();
  const why = async (event: { type: string; [field: string]: unknown }) => {
    const seen = await engine.preview(id, event);
    expect(seen).toMatchObject({ accepted: false, state: 'OPENED', status: 'running', steps: [], stops: [] });
    return seen.reason?.code;
  };
  expect(await why({ type: 'PAY', cents: 5 })).toBe('EVENT_NOT_ACCEPTED');
  expect(await why({ type: 'PAY', cents: 'much' })).toBe('INVALID_EVENT');
  expect(await why({ type: 'FLY' })).toBe('UNKNOWN_EVENT');
  await engine.cancel(id);
  await standing(engine, id, 'cancelled');
  expect((await engine.preview(id, { type: 'PAY', cents: 500 })).reason?.code).toBe('INSTANCE_ENDED');
  await expect(engine.preview('nobody', { type: 'PAY' })).rejects.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
});

test('of a failed or unborn instance: kept, and not taken now; and how many events come first', async () => {
  const clock = new ManualClock();
  const visitor = bench.engine([shop(held)], { clock });
  const { id } = await visitor.start('shop', { cents: 1 }, { startAt: new Date(clock.now() + HOUR) });
  expect(await visitor.preview(id, { type: 'CLOSE', by: 'x' })).toMatchObject({
    accepted: false,
    reason: { code: 'NOT_ACTIVE' },
    status: 'scheduled',
  });
  const { id: begun } = await visitor.start('shop', { cents: 1 });
  await visitor.send(begun, { type: 'TELL' });
  expect(await visitor.preview(begun, { type: 'CLOSE', by: 'x' })).toMatchObject({ accepted: true, ahead: 1 });
});

test('of a workflow that this process does not know', async () => {
  const { id } = await opened();
  const other = bench.engine([
    defineWorkflow({ machine: setup({}).createMachine({ id: 'another', initial: 'A', states: { A: {} } }) }),
  ]);
  await expect(other.preview(id, { type: 'PAY' })).rejects.toMatchObject({ code: 'UNKNOWN_WORKFLOW' });
});
