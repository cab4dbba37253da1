import { assign, emit, setup } from 'xstate';
import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  defineEvent,
  defineStep,
  defineWorkflow,
  type PublishedOf,
  type Step,
  type StepContext,
} from '../../src/index.ts';
import { createEventStore } from '../../src/store/events.ts';
import { reached, useBench } from '../support/engine.ts';

const bench = useBench();

const userCreated = defineEvent('user.created', z.object({ userId: z.string(), plan: z.string().default('free') }));
const orderPaid = defineEvent('order.paid', z.object({ orderId: z.string(), cents: z.int() }));

const types = {} as {
  input: { userId: string };
  context: { userId: string };
};
const greeting = (name: string) =>
  setup({ types }).createMachine({
    id: name,
    context: ({ input }) => input,
    initial: 'GREETED',
    states: { GREETED: { type: 'final' } },
  });
const welcome = defineWorkflow({
  machine: greeting('welcome'),
  input: z.object({ userId: z.string() }),
  subscriptions: ({ startedBy }) => [startedBy(userCreated, { input: ({ userId }) => ({ userId }) })],
});
const trial = defineWorkflow({
  machine: greeting('trial'),
  subscriptions: ({ startedBy }) => [
    startedBy(userCreated, {
      input: ({ userId }) => ({ userId }),
      when: ({ plan }) => plan === 'trial',
      tenant: ({ userId }) => `t-${userId}`,
    }),
  ],
});

/** Waits to be paid; its order's id is known after its first event only. */
const order = defineWorkflow({
  machine: setup({
    types: {
      context: {} as { orderId: string | null; cents: number },
      events: {} as { type: 'PLACED'; orderId: string } | { type: 'PAID'; cents: number },
    },
  }).createMachine({
    id: 'order',
    context: { orderId: null, cents: 0 },
    initial: 'OPENED',
    states: {
      OPENED: { on: { PLACED: { target: 'PLACED', actions: assign({ orderId: ({ event }) => event.orderId }) } } },
      PLACED: { on: { PAID: { target: 'PAID', actions: assign({ cents: ({ event }) => event.cents }) } } },
      PAID: { type: 'final' },
    },
    on: { PLACED: { actions: assign({ orderId: ({ event }) => event.orderId }) } },
  }),
  events: { PAID: z.object({ cents: z.int() }) },
  subscriptions: ({ receives }) => [
    receives(orderPaid, {
      as: 'PAID',
      key: ({ orderId }) => orderId,
      instanceKey: ({ context }) => context.orderId,
      payload: ({ cents }) => ({ cents }),
    }),
  ],
});

let count = 0;
const fresh = (): string => `id-${++count}`;

test('starts every workflow that subscribes, once for a key', async () => {
  const engine = await bench.worker([welcome, trial]);
  const userId = fresh();
  const first = await engine.publish('user.created', { userId, plan: 'trial' }, { key: userId });
  const { started, ...event } = await engine.publishedEvent(first.id);
  expect(event).toMatchObject({ name: 'user.created', key: userId, payload: { userId, plan: 'trial' }, problems: [] });
  const instances = await Promise.all(
    started.map(async (id) => (await reached(engine, id, 'GREETED'), engine.get(id))),
  );
  expect(
    instances
      .map(({ workflow, tenant, input }) => ({ workflow, tenant, input }))
      .toSorted((a, b) => (a.workflow < b.workflow ? -1 : 1)),
  ).toEqual([
    { workflow: 'trial', tenant: `t-${userId}`, input: { userId } },
    { workflow: 'welcome', tenant: null, input: { userId } },
  ]);
  expect(await engine.publish('user.created', { userId, plan: 'trial' }, { key: userId })).toEqual({
    id: first.id,
    duplicate: true,
  });
  expect((await engine.publishedEvent(first.id)).started).toEqual(started);
  await expect(engine.publish('user.created', { userId: 'other' }, { key: userId })).rejects.toMatchObject({
    code: 'KEY_REUSED',
    details: { id: first.id },
  });
});

test('starts only where the subscription says so, and each time without a key', async () => {
  const engine = bench.engine([welcome, trial]);
  const payload = { userId: fresh() };
  for (const { id } of [await engine.publish(userCreated, payload), await engine.publish(userCreated, payload)])
    expect((await engine.publishedEvent(id)).started).toHaveLength(1);
});

test('refuses what nobody knows, and what the schema refuses', async () => {
  const engine = bench.engine([welcome]);
  await expect(engine.publish('user.deleted' as 'user.created', { userId: '1' })).rejects.toMatchObject({
    code: 'UNKNOWN_EVENT',
    details: { events: ['user.created'] },
  });
  await expect(engine.publish('user.created', {} as never)).rejects.toMatchObject({
    code: 'INVALID_EVENT',
    details: { issues: [{ path: 'userId' }] },
  });
  await expect(engine.publish('user.created', { userId: '1' }, { key: '' })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
  });
  await expect(engine.publish('user.created', { userId: 'x'.repeat(300_000) })).rejects.toMatchObject({
    code: 'PAYLOAD_TOO_LARGE',
  });
  await expect(engine.publishedEvent(0)).rejects.toMatchObject({ code: 'EVENT_NOT_FOUND' });
});

test('starts once when many publish the same at the same time', async () => {
  const engines = [bench.engine([welcome]), bench.engine([welcome])] as const;
  const userId = fresh();
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      (engines[i % 2] ?? engines[0]).publish(userCreated, { userId }, { key: userId }),
    ),
  );
  expect(all.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
  expect(new Set(all.map(({ id }) => id)).size).toBe(1);
  const [row] = await bench.sql`select count(*)::int from durachart.instances where input ->> 'userId' = ${userId}`;
  expect(row).toEqual({ count: 1 });
});

test('reaches the instances that it is about, by a key that they come to know, as long as they go on', async () => {
  const engine = await bench.worker([order]);
  const orderId = fresh();
  const [mine, other] = [await engine.start('order', undefined), await engine.start('order', undefined)];
  const early = await engine.publish(orderPaid, { orderId, cents: 1 });
  expect((await engine.publishedEvent(early.id)).reached).toBe(0);
  for (const [{ id }, key] of [
    [mine, orderId],
    [other, fresh()],
  ] as const) {
    await engine.send(id, { type: 'PLACED', orderId: key });
    await reached(engine, id, 'PLACED');
  }
  const { id } = await engine.publish(orderPaid, { orderId, cents: 5 }, { key: orderId });
  await engine.publish(orderPaid, { orderId, cents: 5 }, { key: orderId });
  await reached(engine, mine.id, 'PAID');
  expect(await engine.publishedEvent(id)).toMatchObject({ started: [], reached: 1 });
  expect((await engine.get(mine.id)).context).toEqual({ orderId, cents: 5 });
  expect((await engine.get(other.id)).state).toBe('PLACED');
  const late = await engine.publish(orderPaid, { orderId, cents: 7 });
  expect((await engine.publishedEvent(late.id)).reached).toBe(0);
  const left =
    await bench.sql`select instance_id from durachart.subscriptions where instance_id in (${mine.id}, ${other.id})`;
  expect(left).toEqual([{ instance_id: other.id }]);
});

test('follows a key that changes, by an event, by hand, and by a fork', async () => {
  const engine = await bench.worker([order]);
  const keys = async (id: string) =>
    (await bench.sql`select key from durachart.subscriptions where instance_id = ${id}`).map(
      ({ key }) => key as string,
    );
  const [a, b, c] = [fresh(), fresh(), fresh()];
  const { id } = await engine.start('order', undefined);
  await engine.send(id, { type: 'PLACED', orderId: a });
  await reached(engine, id, 'PLACED');
  expect(await keys(id)).toEqual([a]);
  await engine.operate(
    id,
    { operation: 'edit', patch: [{ op: 'replace', path: '/orderId', value: b }] },
    { wait: 5_000 },
  );
  expect(await keys(id)).toEqual([b]);
  const fork = await engine.fork(id, { patch: [{ op: 'replace', path: '/orderId', value: c }] });
  expect(await keys(fork.id)).toEqual([c]);
  await engine.cancel(id, { wait: 5_000 });
  expect(await keys(id)).toEqual([]);
});

test('reaches thousands, each once', async () => {
  const engine = await bench.worker([order]);
  const orderId = fresh();
  const many = 2_300;
  const { id: first } = await engine.start('order', undefined);
  await engine.send(first, { type: 'PLACED', orderId });
  await reached(engine, first, 'PLACED');
  await bench.sql`
    insert into durachart.instances (id, workflow, version, created_at, snapshot, status, state, sequence, live, updated_at)
    select 'copy-' || n, workflow, version, created_at, snapshot, 'waiting', state, sequence, live, updated_at from durachart.instances, generate_series(2, ${many}) n where id = ${first}`;
  await bench.sql`
    insert into durachart.subscriptions select event, key, 'copy-' || n, type, workflow from durachart.subscriptions, generate_series(2, ${many}) n where instance_id = ${first}`;
  const { id } = await engine.publish(orderPaid, { orderId, cents: 1 });
  expect(await engine.publishedEvent(id)).toMatchObject({ reached: many, deliveredAt: expect.any(Date) });
  const [row] = await bench.sql`
    select count(*)::int, count(distinct instance_id)::int as instances from durachart.events where dedupe_key = ${`published ${id} PAID`}`;
  expect(row).toEqual({ count: many, instances: many });
});

test('a machine publishes what it emits, with its transition', async () => {
  const shipping = defineWorkflow({
    machine: setup({
      types: {
        input: {} as { orderId: string; cents: unknown },
        context: {} as { orderId: string; cents: unknown },
        emitted: {} as { type: 'order.paid'; orderId: string; cents: unknown } | { type: 'other' },
      },
    }).createMachine({
      id: 'shipping',
      context: ({ input }) => input,
      initial: 'BILLED',
      states: {
        BILLED: {
          entry: [emit({ type: 'other' }), emit(({ context }) => ({ type: 'order.paid', ...context }))],
          always: 'DONE',
        },
        DONE: { type: 'final' },
      },
    }),
    publishes: [orderPaid],
  });
  const engine = await bench.worker([order, shipping]);
  const orderId = fresh();
  const waits = await engine.start('order', undefined);
  await engine.send(waits.id, { type: 'PLACED', orderId });
  await reached(engine, waits.id, 'PLACED');
  const { id } = await engine.start('shipping', { orderId, cents: 3 });
  await reached(engine, waits.id, 'PAID');
  const { items } = await engine.publishedEvents({ name: 'order.paid', limit: 1 });
  expect(items).toMatchObject([{ source: id, key: `${id}:1.1`, payload: { orderId, cents: 3 }, reached: 1 }]);
  await expect(engine.start('shipping', { orderId, cents: 'three' })).rejects.toMatchObject({ code: 'INVALID_EVENT' });
});

test('a step publishes once for all its attempts; a transactional one in its transaction', async () => {
  const options = { input: z.object({ userId: z.string() }), retry: { maxAttempts: 3, minDelay: 1 } };
  type Told = Pick<StepContext<{ userId: string }>, 'publish' | 'attempt'>;
  const run = async (userId: string, { publish, attempt }: Told): Promise<void> => {
    await publish(userCreated, { userId });
    if (attempt < 3) throw new Error('again');
    const refused = publish(userCreated, { userId: 'another under this key' });
    await expect(refused).rejects.toMatchObject({ code: 'KEY_REUSED', retryable: false });
    await publish(userCreated, { userId: `${userId} 2` }, { key: `${userId} 2` });
  };
  const tell = (name: string, step: Step<{ userId: string }, unknown>) =>
    defineWorkflow({
      machine: setup({ types, actors: { tell: step } }).createMachine({
        id: name,
        context: ({ input }) => input,
        initial: 'BEGUN',
        states: {
          BEGUN: { invoke: { id: 'tell', src: 'tell', input: ({ context }) => context, onDone: 'TOLD' } },
          TOLD: { type: 'final' },
        },
      }),
      publishes: [userCreated],
    });
  const plainly = defineStep({ ...options, run: async (context) => run(context.input.userId, context) });
  const within = defineStep({
    ...options,
    transactional: true,
    // What a failed attempt published went with its transaction, so that another payload is no other use of its key.
    run: async (context) => run(`${context.input.userId}/${context.attempt}`, context),
  });
  const engine = await bench.worker([welcome, tell('tell', plainly), tell('tell-within', within)]);
  for (const [name, first] of [
    ['tell', ''],
    ['tell-within', '/3'],
  ] as const) {
    const userId = fresh();
    const { id } = await engine.start(name, { userId });
    await reached(engine, id, 'TOLD');
    await expect
      .poll(async () =>
        (
          await bench.sql`select input ->> 'userId' as user from durachart.instances where workflow = 'welcome' and input ->> 'userId' like ${`${userId}%`} order by 1`
        ).map(({ user }) => user as string),
      )
      .toEqual([`${userId}${first}`, `${userId}${first} 2`]);
    const published =
      await bench.sql`select key, payload ->> 'userId' as user from durachart.published where source = ${id} order by id`;
    expect(published).toEqual([
      { key: `${id}:1:tell`, user: `${userId}${first}` },
      { key: `${userId}${first} 2`, user: `${userId}${first} 2` },
    ]);
  }
});

test('a subscriber that cannot take it is told of, and keeps the others from nothing', async () => {
  const broken = defineWorkflow({
    machine: greeting('broken'),
    input: z.object({ userId: z.string().max(1) }),
    subscriptions: ({ startedBy }) => [
      startedBy(userCreated, { input: ({ userId }) => ({ userId }) }),
      startedBy(userCreated, {
        input: () => {
          throw new Error('no input today');
        },
      }),
    ],
  });
  const engine = bench.engine([broken, welcome]);
  const { id } = await engine.publish(userCreated, { userId: 'long' });
  const { started, problems, deliveredAt } = await engine.publishedEvent(id);
  expect(started).toHaveLength(1);
  expect(deliveredAt).not.toBeNull();
  expect(problems).toMatchObject([
    { workflow: 'broken', code: 'INVALID_INPUT' },
    { workflow: 'broken', code: 'SUBSCRIPTION_FAILED', message: 'no input today' },
  ]);
  expect(bench.faults).toHaveLength(2);
});

test('an instance whose key cannot be computed fails where it stands', async () => {
  const bad = defineWorkflow({
    machine: setup({ types: { events: {} as { type: 'PAID' } | { type: 'GO' } } }).createMachine({
      id: 'bad-key',
      initial: 'A',
      states: { A: { on: { GO: 'B', PAID: 'B' } }, B: {} },
    }),
    subscriptions: ({ receives }) => [
      receives(orderPaid, {
        as: 'PAID',
        key: ({ orderId }) => orderId,
        instanceKey: () => 'x'.repeat(201),
      }),
    ],
  });
  const engine = bench.engine([bad]);
  await expect(engine.start('bad-key', undefined)).rejects.toMatchObject({ code: 'CORRELATION_FAILED' });
});

test('what a publisher could not deliver any more, a worker does', async () => {
  const userId = fresh();
  const store = createEventStore(bench.sql);
  const { id } = await store.publish(
    { name: 'user.created', payload: { userId }, key: null, source: null },
    Date.now(),
  );
  const engine = await bench.worker([welcome]);
  await expect.poll(async () => (await engine.publishedEvent(id)).started, { timeout: 5_000 }).toHaveLength(1);
});

test('lists what was published, page by page', async () => {
  const engine = bench.engine([welcome]);
  const ids: number[] = [];
  for (let i = 0; i < 3; i++) ids.unshift((await engine.publish(userCreated, { userId: fresh() })).id);
  const first = await engine.publishedEvents({ name: 'user.created', limit: 2 });
  expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  const next = await engine.publishedEvents({ name: 'user.created', limit: 1, cursor: first.next ?? '' });
  expect(next.items.map(({ id }) => id)).toEqual(ids.slice(2));
  expect((await engine.publishedEvents({ name: 'nothing' })).items).toEqual([]);
  await expect(engine.publishedEvents({ cursor: 'x' })).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
});

test('is refused where it is defined wrongly', () => {
  expect(() => defineEvent('no name', z.string())).toThrow(expect.objectContaining({ code: 'INVALID_EVENT_NAME' }));
  const twice = defineEvent('user.created', z.object({}));
  expect(() => bench.engine([welcome, defineWorkflow({ machine: greeting('twice'), publishes: [twice] })])).toThrow(
    expect.objectContaining({ code: 'DUPLICATE_EVENT' }),
  );
  expect(() =>
    defineWorkflow({
      machine: setup({}).createMachine({ id: 'deaf', initial: 'A', states: { A: {} } }),
      subscriptions: ({ receives }) => [
        receives(orderPaid, { as: 'PAID', key: ({ orderId }) => orderId, instanceKey: ({ id }) => id }),
      ],
    }),
  ).toThrow(expect.objectContaining({ code: 'UNKNOWN_EVENT' }));
});

test('is typed by its schema', () => {
  const engine = bench.engine([welcome, order]);
  type Names = PublishedOf<(typeof engine.workflows)[number]>['name'];
  const names: Names[] = ['user.created', 'order.paid'];
  expect(names).toHaveLength(2);
  const wrong = (): unknown[] => [
    // @ts-expect-error no such event
    engine.publish('user.gone', { userId: '1' }),
    // @ts-expect-error another payload
    engine.publish('user.created', { cents: 1 }),
    // @ts-expect-error another payload
    engine.publish(orderPaid, { orderId: 1, cents: 1 }),
    defineWorkflow({
      machine: order.machine as never as ReturnType<typeof greeting>,
      subscriptions: ({ startedBy, receives }) => [
        // @ts-expect-error another input
        startedBy(userCreated, { input: ({ plan }) => ({ plan }) }),
        // @ts-expect-error another context
        receives(userCreated, { as: 'X', key: ({ userId }) => userId, instanceKey: ({ context }) => context.orderId }),
      ],
    }),
  ];
  expect(wrong).toBeTypeOf('function');
});
