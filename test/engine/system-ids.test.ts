import { assign, log, sendParent, sendTo, setup, spawnChild, stopChild, type AnyStateMachine } from 'xstate';
import { expect, test } from 'vitest';
import { defineWorkflow, type Engine } from '../../src/index.ts';
import { eventually, reached, standing, useBench } from '../support/engine.ts';

const bench = useBench();

const toHub = (delay?: number): never =>
  ({
    actions: sendTo(({ system }) => system.get('hub'), { type: 'HI' }, delay === undefined ? {} : { delay }),
  }) as never;

/** Counts what it is sent. */
const hub = (id: string): AnyStateMachine =>
  setup({ types: {} as { context: { received: number } } }).createMachine({
    id,
    context: { received: 0 },
    on: { HI: { actions: assign({ received: ({ context }) => context.received + 1 }) } },
  }) as unknown as AnyStateMachine;

/** Sends to the hub of its tree. */
const guest = (id: string): AnyStateMachine =>
  setup({ types: {} as { context: { took: number } } }).createMachine({
    id,
    context: { took: 0 },
    on: {
      HELLO: toHub(),
      LATER: toHub(5),
      // What is meant for the hub is not for it.
      HI: { actions: assign({ took: ({ context }) => context.took + 1 }) },
    },
  }) as unknown as AnyStateMachine;

const received = async (engine: Engine, id: string): Promise<unknown> => (await engine.get(id)).context?.['received'];

test('a sibling, a grandchild and the parent send to an actor by its system id, at once and later', async () => {
  const inner = setup({ actors: { guest: guest('far-guest') } }).createMachine({
    id: 'between-guests',
    invoke: { id: 'g', src: 'guest' },
  });
  const machine = setup({ actors: { hub: hub('the-hub'), guest: guest('near-guest'), inner } }).createMachine({
    id: 'tree',
    invoke: [
      { id: 'h', src: 'hub', systemId: 'hub' },
      { id: 'g', src: 'guest' },
      { id: 'i', src: 'inner' },
    ],
    on: { HELLO: toHub() },
  });
  const engine: Engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('tree', undefined);
  const far = `${id}.1.i.1.g`;
  await eventually(async () => (await engine.list({ parentId: `${id}.1.i` })).items.length === 1);
  await eventually(async () => (await engine.get(far)).sequence === 1);
  await engine.send(`${id}.1.g`, { type: 'HELLO' });
  await eventually(async () => (await received(engine, `${id}.1.h`)) === 1);
  await engine.send(far, { type: 'HELLO' });
  await eventually(async () => (await received(engine, `${id}.1.h`)) === 2);
  await engine.send(far, { type: 'LATER' });
  await eventually(async () => (await received(engine, `${id}.1.h`)) === 3);
  await engine.send(id, { type: 'HELLO' });
  await eventually(async () => (await received(engine, `${id}.1.h`)) === 4);
  for (const one of [far, `${id}.1.g`]) expect((await engine.get(one)).context).toMatchObject({ took: 0 });
});

test('an actor below is found by its system id, and one that is gone takes nothing', async () => {
  const middle = setup({ actors: { hub: hub('deep-hub') } }).createMachine({
    id: 'middle',
    initial: 'HAS',
    states: {
      HAS: { entry: spawnChild('hub', { id: 'h', systemId: 'hub' }), on: { DROP: 'LEFT' } },
      LEFT: { type: 'final' },
    },
  });
  const machine = setup({ actors: { middle } }).createMachine({
    id: 'above-all',
    invoke: { id: 'm', src: 'middle' },
    on: { HELLO: toHub(), NOTHING: {} },
  });
  const engine: Engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('above-all', undefined);
  const deep = `${id}.1.m.1.h`;
  await eventually(async () => (await engine.list({ parentId: `${id}.1.m` })).items[0]?.sequence === 1);
  await engine.send(id, { type: 'HELLO' });
  await eventually(async () => (await received(engine, deep)) === 1);
  await engine.send(`${id}.1.m`, { type: 'DROP' });
  await reached(engine, `${id}.1.m`, 'LEFT');
  await standing(engine, deep, 'cancelled');
  await engine.send(id, { type: 'HELLO' });
  await eventually(
    async () =>
      (await bench.sql`select from durachart.events where instance_id like ${`${id}%`} and status = 'pending'`)
        .length === 0,
  );
  expect(await received(engine, deep)).toBe(1);
  // Its child has ended, and it goes on.
  expect((await engine.get(id)).status).toBe('waiting');
});

test('what is sent does not wait for a paused or failed instance in between, and survives a restart', async () => {
  const machine = setup({ actors: { hub: hub('kept-hub'), guest: guest('kept-guest') } }).createMachine({
    id: 'kept-tree',
    invoke: [
      { id: 'h', src: 'hub', systemId: 'hub' },
      { id: 'g', src: 'guest' },
    ],
    on: {
      FAIL: {
        actions: assign(() => {
          throw new Error('failed on purpose');
        }),
      },
    },
  });
  const workflow = defineWorkflow({ machine });
  const first: Engine = await bench.worker([workflow]);
  const { id } = await first.start('kept-tree', undefined);
  await eventually(async () => (await first.get(`${id}.1.g`)).sequence === 1);
  await first.operate(id, { operation: 'pause' }, { wait: 10_000 });
  await first.stop();
  const visitor: Engine = bench.engine([workflow]);
  await visitor.send(`${id}.1.g`, { type: 'HELLO' });
  await visitor.work();
  await eventually(async () => (await received(visitor, `${id}.1.h`)) === 1);
  await visitor.operate(id, { operation: 'unpause' }, { wait: 10_000 });
  await visitor.send(id, { type: 'FAIL' });
  await standing(visitor, id, 'failed');
  await visitor.send(`${id}.1.g`, { type: 'HELLO' });
  await eventually(async () => (await received(visitor, `${id}.1.h`)) === 2);
});

test('what is relayed for another actor does not count as a message to the parent that relays it', async () => {
  const says = setup({}).createMachine({
    id: 'says-and-ends',
    initial: 'A',
    states: { A: { on: { SAY: { ...(toHub() as object), target: 'B' } } }, B: { type: 'final' } },
  });
  const machine = setup({ actors: { says, hub: hub('hub-of-it') } }).createMachine({
    id: 'relays-of-ended',
    invoke: [
      { id: 's', src: 'says' },
      { id: 'h', src: 'hub', systemId: 'hub' },
    ],
  });
  const engine: Engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('relays-of-ended', undefined);
  await eventually(async () => {
    const { items } = await engine.list({ parentId: id });
    return items.length === 2 && items.every(({ sequence }) => sequence === 1);
  });
  await engine.send(`${id}.1.s`, { type: 'SAY' });
  await eventually(async () => (await received(engine, `${id}.1.h`)) === 1);
  const events = await bench.sql<{ type: string; payload: object }[]>`
    select type, payload from durachart.events where instance_id = ${id} order by id`;
  expect(events.map(({ type }) => type)).toEqual(['durachart.relay', 'xstate.done.actor.s']);
  expect(events[1]?.payload).not.toHaveProperty('sent');
});

test('ids are those of XState: a child has that which its parent gave it, and its session is its instance', async () => {
  const actions: unknown[] = [];
  const named = setup({
    types: {} as { context: { me: unknown } },
    actions: { act: ({ self }) => void actions.push([self.id, self.sessionId]) },
  }).createMachine({
    id: 'named',
    context: { me: null },
    on: {
      NAME: {
        actions: [
          'act',
          assign({ me: ({ self }) => [self.id, self.sessionId, self._parent?.sessionId] }),
          sendParent(({ self }) => ({ type: 'END', id: self.id })),
        ],
      },
    },
  });
  const machine = setup({ actors: { named }, types: {} as { events: { type: 'END'; id: string } } }).createMachine({
    id: 'names',
    invoke: { id: 'n', src: 'named' },
    on: { END: { actions: stopChild(({ event }) => event.id) } },
  });
  const engine: Engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('names', undefined);
  const child = `${id}.1.n`;
  await eventually(async () => (await engine.list({ parentId: id })).items[0]?.sequence === 1);
  await engine.send(child, { type: 'NAME' });
  await standing(engine, child, 'cancelled');
  expect((await engine.get(child)).context?.['me']).toEqual(['n', child, id]);
  await eventually(() => actions.length > 0);
  expect(actions[0]).toEqual(['n', child]);
});

test('a reference in the context is the same at the door, in a guard, and in a custom action', async () => {
  const seen: unknown[] = [];
  const look = (read: () => unknown): unknown => {
    try {
      return read();
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  type Ref = {
    id: string;
    sessionId: string;
    systemId: string;
    getSnapshot: () => unknown;
    send: (event: object) => void;
  };
  const keeps = setup({
    types: {} as {
      context: Record<'me' | 'above' | 'hub' | 'mine', Ref>;
      events: { type: 'IS'; id: string; above: string } | { type: 'ACT' };
    },
    actors: { hub: hub('mine-hub') },
    actions: {
      act: ({ context: { me, above, hub: other, mine } }) => {
        seen.push([
          me.sessionId,
          look(() => above.sessionId),
          other.systemId,
          look(() => other.id),
          mine.id,
          look(() => mine.getSnapshot()),
          look(() => mine.send({ type: 'HI' })),
        ]);
      },
    },
  }).createMachine({
    id: 'keeps-references',
    context: ({ self, spawn }) =>
      ({ me: self, above: self._parent, hub: null, mine: spawn('hub', { id: 'mine' }) }) as never,
    entry: assign({ hub: ({ system }) => system.get('hub') as never }),
    on: {
      IS: {
        guard: ({ context, event }) => context.me.id === event.id && context.above.sessionId === event.above,
        actions: log('is it'),
      },
      ACT: { actions: 'act' },
    },
  });
  const machine = setup({ actors: { keeps, hub: hub('shared-hub') } }).createMachine({
    id: 'above-keeps',
    invoke: [
      { id: 'k', src: 'keeps' },
      { id: 'h', src: 'hub', systemId: 'hub' },
    ],
  });
  const engine: Engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('above-keeps', undefined);
  const child = `${id}.1.k`;
  await eventually(async () => (await engine.list({ parentId: id })).items.every(({ sequence }) => sequence === 1));
  const judged = await engine.send(child, { type: 'IS', id: 'k', above: id }, { wait: 10_000 });
  expect(judged).toMatchObject({ outcome: 'taken' });
  await expect(engine.send(child, { type: 'IS', id: child, above: id })).rejects.toMatchObject({
    code: 'EVENT_NOT_ACCEPTED',
  });
  await engine.send(child, { type: 'ACT' });
  await eventually(() => seen.length > 0);
  const refused = 'UNSUPPORTED_IN_STEP';
  expect(seen[0]).toEqual([child, refused, 'hub', refused, 'mine', refused, refused]);
});

test('what is sent by a system id waits where an instance has not begun that may start the actor', async () => {
  const begins = setup({ actors: { hub: hub('late-hub') } }).createMachine({
    id: 'begins-late',
    invoke: { id: 'h', src: 'hub', systemId: 'hub' },
  });
  const machine = setup({ actors: { begins } }).createMachine({
    id: 'begun-before',
    on: { HELLO: toHub() },
    invoke: { id: 'b', src: 'begins' },
  });
  const workflow = defineWorkflow({ machine });
  const engine: Engine = await bench.worker([workflow]);
  await engine.pause({ workflow: 'begins-late' });
  const { id } = await engine.start('begun-before', undefined);
  await reached(engine, id, '');
  await engine.send(id, { type: 'HELLO' }, { wait: 10_000 });
  await engine.unpause({ workflow: 'begins-late' });
  await eventually(async () => (await received(engine, `${id}.1.b.1.h`).catch(() => 0)) === 1);
});

test('what nobody started is undefined where there is no tree, and refused by name where there may be', async () => {
  const asks = (id: string, actors: Record<string, AnyStateMachine>): AnyStateMachine =>
    setup({ actors }).createMachine({
      id,
      context: {},
      on: { ASK: { actions: assign(({ system }) => ({ found: system.get('nobody') ?? 'nothing' })) } },
    }) as unknown as AnyStateMachine;
  const engine: Engine = await bench.worker([
    defineWorkflow({ machine: asks('asks-alone', {}) }),
    defineWorkflow({ machine: asks('asks-in-tree', { hub: hub('asked-hub') }) }),
  ]);
  const { id } = await engine.start('asks-alone', undefined);
  await engine.send(id, { type: 'ASK' });
  await eventually(async () => (await engine.get(id)).context?.['found'] === 'nothing');
  const { id: other } = await engine.start('asks-in-tree', undefined);
  await engine.send(other, { type: 'ASK' });
  const { error } = await standing(engine, other, 'failed');
  expect(error?.code).toBe('UNSUPPORTED_IN_MACHINE');
  expect(error?.message).toContain("system.get('nobody') is called");
});

test('a reference to an actor elsewhere may be kept in the context', async () => {
  const keeper = setup({ types: {} as { context: { hub: unknown } } }).createMachine({
    id: 'keeps-a-reference',
    context: { hub: null },
    on: {
      KEEP: { actions: assign({ hub: ({ system }) => system.get('hub') }) },
      HELLO: { actions: sendTo(({ context }) => context.hub as never, { type: 'HI' } as never) },
    },
  });
  const machine = setup({ actors: { hub: hub('referred-hub'), keeper } }).createMachine({
    id: 'refers',
    invoke: [
      { id: 'h', src: 'hub', systemId: 'hub' },
      { id: 'k', src: 'keeper' },
    ],
  });
  const workflow = defineWorkflow({ machine });
  const first: Engine = await bench.worker([workflow]);
  const { id } = await first.start('refers', undefined);
  await eventually(async () => (await first.get(`${id}.1.k`)).sequence === 1);
  await first.send(`${id}.1.k`, { type: 'KEEP' });
  await eventually(async () => (await first.get(`${id}.1.k`)).sequence === 2);
  await first.stop();
  const second: Engine = await bench.worker([workflow]);
  await second.send(`${id}.1.k`, { type: 'HELLO' });
  await eventually(async () => (await received(second, `${id}.1.h`)) === 1);
});
