import { assign, sendParent, setup } from 'xstate';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent, defineWorkflow } from '../../src/index.ts';
import { seeded } from '../proof/random.ts';
import { eventually, useBench } from '../support/engine.ts';

const bench = useBench();

const bStart = defineEvent('b.start', z.object({ k: z.string() }));
const aDone = defineEvent('a.done', z.object({ k: z.string(), n: z.int() }));

type Done = { type: 'DONE'; n: number };

/** Its key is that of its input. */
const fixed = defineWorkflow({
  machine: setup({
    types: { input: {} as { k: string }, context: {} as { got: number[] }, events: {} as Done },
  }).createMachine({
    id: 'waits-by-input',
    context: { got: [] },
    initial: 'WAIT',
    states: { WAIT: { on: { DONE: { actions: assign({ got: ({ context, event }) => [...context.got, event.n] }) } } } },
  }),
  input: z.object({ k: z.string() }),
  subscriptions: ({ startedBy, receives }) => [
    startedBy(bStart, { input: ({ k }) => ({ k }) }),
    receives(aDone, { as: 'DONE', key: ({ k }) => k, instanceKey: (one) => one.input.k, payload: ({ n }) => ({ n }) }),
  ],
});

/** Its key may be changed, and may be none. */
const changing = defineWorkflow({
  machine: setup({
    types: {
      input: {} as { k: string },
      context: {} as { k: string | null; got: number[] },
      events: {} as Done | { type: 'REKEY'; k: string | null },
    },
  }).createMachine({
    id: 'waits-by-context',
    context: ({ input }) => ({ k: input.k, got: [] }),
    initial: 'WAIT',
    states: {
      WAIT: {
        on: {
          DONE: { actions: assign({ got: ({ context, event }) => [...context.got, event.n] }) },
          REKEY: { actions: assign({ k: ({ event }) => event.k }) },
        },
      },
    },
  }),
  input: z.object({ k: z.string() }),
  subscriptions: ({ startedBy, receives }) => [
    startedBy(bStart, { input: ({ k }) => ({ k }) }),
    receives(aDone, {
      as: 'DONE',
      key: ({ k }) => k,
      instanceKey: ({ context }) => context.k,
      payload: ({ n }) => ({ n }),
    }),
  ],
});

const workflows = [fixed, changing];

test('what a published event has started receives the next one: 20 of 20, wherever the worker is', async () => {
  const engine = await bench.worker(workflows);
  const far = bench.engine(workflows);
  for (let n = 0; n < 20; n++) {
    const by = n % 2 === 0 ? engine : far;
    await by.publish('b.start', { k: `twice-${n}` });
    await by.publish('a.done', { k: `twice-${n}`, n });
  }
  for (let n = 0; n < 20; n++) {
    for (const { name } of workflows) {
      const { items } = await engine.list({ workflow: name, limit: 500 });
      const views = await Promise.all(items.map(async ({ id }) => engine.get(id)));
      const [{ id } = { id: '' }] = views.filter((view) => (view.input as { k: string }).k === `twice-${n}`);
      const got = await eventually(async () => {
        const { context } = await engine.get(id);
        return (context?.['got'] as number[] | undefined)?.length === 1 && context;
      });
      expect(got).toMatchObject({ got: [n] });
    }
  }
});

test('one that is to start later receives it when it has begun', async () => {
  const engine = bench.engine(workflows);
  const { id } = await engine.start('waits-by-context', { k: 'later' }, { startAt: new Date(Date.now() + 300) });
  await engine.publish('a.done', { k: 'later', n: 1 });
  const worker = await bench.worker(workflows);
  await eventually(async () => ((await worker.get(id)).context?.['got'] as number[] | undefined)?.length === 1);
});

test('one whose key its child changes by what it has sent receives it', async () => {
  const child = setup({ types: { events: {} as { type: 'GO' } } }).createMachine({
    id: 'child',
    on: { GO: { actions: sendParent({ type: 'REKEY', k: 'from-child' }) } },
  });
  const parent = defineWorkflow({
    machine: setup({
      types: { context: {} as { k: string; got: number[] }, events: {} as Done | { type: 'REKEY'; k: string } },
      actors: { child },
    }).createMachine({
      id: 'waits-for-child',
      context: { k: 'before', got: [] },
      invoke: { id: 'child', src: 'child' },
      on: {
        DONE: { actions: assign({ got: ({ context, event }) => [...context.got, event.n] }) },
        REKEY: { actions: assign({ k: ({ event }) => event.k }) },
      },
    }),
    subscriptions: ({ receives }) => [
      receives(aDone, {
        as: 'DONE',
        key: ({ k }) => k,
        instanceKey: ({ context }) => context.k,
        payload: ({ n }) => ({ n }),
      }),
    ],
  });
  const engine = await bench.worker([parent]);
  const { id } = await engine.start('waits-for-child', undefined);
  const [kid] = await eventually(async () => {
    const { items } = await engine.list({ parentId: id });
    return items.length === 1 && items[0]?.sequence === 1 && items;
  });
  await engine.operate(id, { operation: 'pause' }, { wait: 10_000 });
  await engine.send(kid?.id ?? '', { type: 'GO' } as never);
  await eventually(
    async () =>
      (await bench.sql`select 1 from durachart.events where instance_id = ${id} and type = 'REKEY'`).length === 1,
  );
  await engine.publish('a.done', { k: 'before', n: 1 });
  await engine.publish('a.done', { k: 'from-child', n: 2 });
  await engine.operate(id, { operation: 'unpause' }, { wait: 10_000 });
  await eventually(async () => ((await engine.get(id)).context?.['got'] as number[] | undefined)?.length === 1);
  expect((await engine.get(id)).context).toEqual({ k: 'from-child', got: [2] });
});

test('every waiter that there is when an event is published receives it once, and in its turn', async () => {
  const seed = Number(process.env['FC_SEED'] ?? Date.now() % 1_000_000);
  console.log(`FC_SEED=${seed}`);
  const random = seeded(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  for (let round = 0; round < 9; round++) {
    const keys = Array.from({ length: 3 }, (_, index) => `r${round}-${index}`);
    const mode = round % 3;
    const caller = mode === 0 ? await bench.worker(workflows) : bench.engine(workflows);
    const elsewhere = mode === 1 ? await bench.worker(workflows) : undefined;
    const waiters: { id: string; k: string | null; changes: boolean; got: number[] }[] = [];
    for (let n = 0; n < 40; n++) {
      const k = pick(keys);
      const what = random();
      const changes = random() < 0.5;
      const rekeyed = pick(waiters.filter((waiter) => waiter.changes));
      if (what < 0.15) {
        const { id } = await caller.start(changes ? 'waits-by-context' : 'waits-by-input', { k });
        waiters.push({ id, k, changes, got: [] });
      } else if (what < 0.3) {
        const { id } = await caller.publish('b.start', { k });
        const { started } = await caller.publishedEvent(id);
        for (const one of started) {
          const { workflow } = await caller.get(one);
          waiters.push({ id: one, k, changes: workflow === 'waits-by-context', got: [] });
        }
      } else if (what < 0.55 && rekeyed !== undefined) {
        rekeyed.k = random() < 0.2 ? null : k;
        await caller.send(rekeyed.id, { type: 'REKEY', k: rekeyed.k });
      } else {
        await caller.publish('a.done', { k, n });
        for (const waiter of waiters) if (waiter.k === k) waiter.got.push(n);
      }
    }
    const worker = mode === 2 ? await bench.worker(workflows) : (elsewhere ?? caller);
    await eventually(
      async () =>
        (await bench.sql`select 1 from durachart.events where status = 'pending' limit 1`).length === 0 &&
        (await bench.sql`select 1 from durachart.instances where status = 'scheduled' limit 1`).length === 0,
    );
    for (const { id, got } of waiters)
      expect((await worker.get(id)).context, `seed ${seed}, round ${round}, ${id}`).toMatchObject({ got });
    await worker.stop({ grace: 0 });
  }
}, 90_000);
