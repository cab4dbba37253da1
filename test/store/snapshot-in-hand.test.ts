import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { assign, setup, type PromiseActorLogic } from 'xstate';
import { z } from 'zod';
import { WHOLE_EVERY } from '../../src/engine/macrostep.ts';
import { defineWorkflow, migrateWorkflows } from '../../src/index.ts';
import { eventually, useBench } from '../support/engine.ts';
import { kill } from '../engine/explain/support.ts';
import { HeldStep } from '../support/machines.ts';

const bench = useBench();
const SEED = Number(process.env['FC_SEED'] ?? 20_261_201);

const KEYS = ['one', 'two', 'three'] as const;
type Put = { type: 'PUT'; key: (typeof KEYS)[number]; value?: string | number | null | undefined };
type Context = Record<string, unknown> & { count: number };

/** A step runs for as long as the test holds it; beside it each PUT changes a field of the context, or takes it away. */
function inHand(name: string, held: HeldStep) {
  const machine = setup({
    types: {} as { context: Context; events: Put },
    actors: { work: held.step() as unknown as PromiseActorLogic<unknown> },
  }).createMachine({
    id: name,
    context: { count: 0, one: 'at first' },
    initial: 'WORKING',
    states: {
      WORKING: {
        invoke: { id: 'work', src: 'work', onDone: 'DONE' },
        on: {
          PUT: { actions: assign(({ context, event }) => ({ [event.key]: event.value, count: context.count + 1 })) },
        },
      },
      DONE: { type: 'final' },
    },
  });
  const value = z.union([z.string(), z.number(), z.null()]).optional();
  return defineWorkflow({
    machine,
    context: z.object({ count: z.number(), one: z.json(), two: z.json(), three: z.json() }) as never,
    events: { PUT: z.object({ key: z.enum(KEYS), value }) },
  });
}

function after(context: Context, { key, value }: Put): Context {
  const { [key]: _, ...others } = context;
  return { ...others, ...(value === undefined ? {} : { [key]: value }), count: context.count + 1 } as Context;
}

const rowOf = async (id: string) => {
  const [row] = await bench.sql`
    select snapshot, snapshot_at as at, lease is not null as held from durachart.instances where id = ${id}`;
  return row;
};

test('the row of an instance in hand is not written whole; whoever reads it, in the API or in SQL, sees it as it is', async () => {
  console.log(`FC_SEED=${SEED}`);
  const held = new HeldStep();
  const workflow = inHand('read-in-hand', held);
  await migrateWorkflows(bench.url, [workflow]);
  const engine = await bench.worker([workflow]);
  const { id } = await engine.start('read-in-hand', undefined);
  await held.called(1);
  const put: fc.Arbitrary<Put> = fc.record({
    type: fc.constant('PUT' as const),
    key: fc.constantFrom(...KEYS),
    value: fc.constantFrom('x', 7, null, undefined),
  });
  const puts = fc.sample(put, { seed: SEED, numRuns: WHOLE_EVERY + 15 });
  let context: Context = { count: 0, one: 'at first' };
  for (const [index, event] of puts.entries()) {
    await engine.send(id, event);
    context = after(context, event);
    // Each of the first, and those about the transition that has the whole snapshot again.
    const sequence = index + 2;
    if (sequence > 12 && Math.abs(sequence - WHOLE_EVERY) > 8) continue;
    await eventually(async () => (await engine.get(id)).sequence === sequence);
    const view = { context_count: String(context.count) } as Record<string, unknown>;
    for (const key of KEYS) view[`context_${key}`] = context[key] ?? null;
    const columns = `select ${Object.keys(view).join(', ')} from durachart.read_in_hand where id = $1`;
    expect((await engine.get(id)).context).toEqual(context);
    expect(await bench.sql.unsafe(columns, [id])).toEqual([view]);
    expect((await engine.export(id)).instance).toMatchObject({ sequence, snapshot: { context, value: 'WORKING' } });
    expect(await rowOf(id)).toEqual({ snapshot: null, at: 0, held: true });
    // As of one whose worker has died and that nobody has taken yet, and by those who see no table.
    await bench.sql
      .begin(async (tx) => {
        await tx`update durachart.instances set lease = null where id = ${id}`;
        expect(await tx.unsafe(columns, [id])).toEqual([view]);
        await tx`set local role durachart_reader`;
        expect(await tx.unsafe(columns, [id])).toEqual([view]);
        throw new Error('back');
      })
      .catch((error: Error) => expect(error.message).toBe('back'));
  }
  await eventually(async () => (await engine.get(id)).sequence === puts.length + 1);
  expect(await engine.preview(id, { type: 'PUT', key: 'one', value: 'y' })).toMatchObject({
    context: { one: 'y', count: context.count + 1 },
  });
  expect(await engine.explain(id)).toMatchObject({ state: 'WORKING' });
  held.release(1);
  await engine.result(id);
  await eventually(async () => (await rowOf(id))?.['held'] === false);
  expect(await rowOf(id)).toMatchObject({ snapshot: { value: 'DONE', context }, at: null });
});

test('who takes over from a dead worker goes on with what its history says', async () => {
  const held = new HeldStep();
  const workflow = inHand('taken-in-hand', held);
  const first = await bench.worker([workflow]);
  const { id } = await first.start('taken-in-hand', undefined);
  await held.called(1);
  let context: Context = { count: 0, one: 'at first' };
  const send = async (event: Put, engine = first): Promise<void> => {
    await engine.send(id, event);
    context = after(context, event);
    await eventually(async () => (await engine.get(id)).context?.['count'] === context.count);
  };
  await send({ type: 'PUT', key: 'two', value: 2 });
  await send({ type: 'PUT', key: 'one' });
  const second = await bench.worker([workflow]);
  await kill(first);
  await held.called(2);
  await send({ type: 'PUT', key: 'three', value: null }, second);
  expect((await second.get(id)).context).toEqual({ count: 3, two: 2, three: null });
  held.release(2);
  await second.result(id);
  expect((await second.get(id)).context).toEqual(context);
});

test('one that waits has its snapshot whole, and gets another when it waits again', async () => {
  const held = new HeldStep();
  const machine = setup({
    types: {} as { context: { times: number }; events: { type: 'GO' } },
    actors: { work: held.step() as unknown as PromiseActorLogic<unknown> },
  }).createMachine({
    id: 'puts-down',
    context: { times: 0 },
    initial: 'WAITING',
    states: {
      WAITING: { on: { GO: { target: 'WORKING', actions: assign({ times: ({ context }) => context.times + 1 }) } } },
      WORKING: { invoke: { id: 'work', src: 'work', onDone: 'WAITING' } },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('puts-down', undefined);
  for (const times of [0, 1, 2]) {
    await eventually(async () => (await rowOf(id))?.['held'] === false);
    expect(await rowOf(id)).toMatchObject({ snapshot: { value: 'WAITING', context: { times } }, at: null });
    await engine.send(id, { type: 'GO' });
    await held.called(times + 1);
    // What it was when it last waited.
    expect(await rowOf(id)).toMatchObject({ snapshot: { value: 'WAITING', context: { times } }, at: 1 + 2 * times });
    expect(await engine.get(id)).toMatchObject({ value: 'WORKING', context: { times: times + 1 } });
    held.release(times + 1);
  }
});

test('one whose history grows faster than its context has its snapshot written once in a while', async () => {
  const held = new HeldStep();
  const workflow = inHand('heavy-in-hand', held);
  await migrateWorkflows(bench.url, [workflow]);
  const engine = await bench.worker([workflow]);
  const { id } = await engine.start('heavy-in-hand', undefined);
  await held.called(1);
  const written = new Set<unknown>();
  for (let sequence = 2; sequence <= 12; sequence++) {
    const value = String(sequence).repeat(20_000);
    await engine.send(id, { type: 'PUT', key: 'two', value });
    await eventually(async () => (await engine.get(id)).sequence === sequence);
    const context = { count: sequence - 1, one: 'at first', two: value };
    expect((await engine.get(id)).context).toEqual(context);
    expect(
      await bench.sql`select context_count::int as count, context_two as two, context_one as one from durachart.heavy_in_hand where id = ${id}`,
    ).toEqual([context]);
    const [row] = await bench.sql`
      select snapshot -> 'context' as context, (select sum(length(t.diff::text))::int from durachart.transitions t
        where t.instance_id = i.id and t.sequence > i.snapshot_at) as behind from durachart.instances i where id = ${id}`;
    if (row?.['behind'] === null) expect(row['context']).toEqual(context);
    else expect(row?.['behind']).toBeLessThan(200_000);
    written.add(row?.['behind'] === null);
  }
  expect(written).toEqual(new Set([true, false]));
  held.release(1);
  await engine.result(id);
});
