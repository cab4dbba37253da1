import * as fc from 'fast-check';
import { assign, emit, fromPromise, raise, setup, type AnyStateMachine } from 'xstate';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent, defineWorkflow, type Engine } from '../../src/index.ts';
import { typedView } from '../../src/store/typed-view.ts';
import { eventually, reached, useBench } from '../support/engine.ts';

const bench = useBench();

// FC_SEED=… looks at other values; a failure prints the seed and the value.
const SEED = Number(process.env['FC_SEED'] ?? 20_260_302);

/** JSON in which anything but the whole may be undefined. */
const json = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(undefined, null, true, 1.5, 'x'),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(fc.constantFrom('a', 'b', 'c', '2', '10'), tie('value'), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
})).object;

/** Names, values and their order. */
function exact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(exact);
  if (typeof value !== 'object' || value === null) return value === undefined ? 'undefined' : JSON.stringify(value);
  return ['object', ...Object.keys(value).map((key) => [key, exact((value as Record<string, unknown>)[key])])];
}

interface Kept {
  given: unknown;
  [from: string]: unknown;
}

/** What user code was called with, exactly, by where and by instance. */
const calledWith = new Map<string, unknown>();

/** Carries values through each place where there are any. */
const carrier = (id: string): AnyStateMachine => {
  const child = setup({ types: {} as { context: { given: unknown }; input: unknown; output: unknown } }).createMachine({
    id: `${id}-child`,
    context: ({ input }: { input: unknown }) => ({ given: input }),
    output: ({ context }: { context: { given: unknown } }) => context.given,
    initial: 'A',
    states: { A: { type: 'final' } },
  });
  return setup({
    types: {} as {
      context: Kept;
      input: { name: string; value: unknown };
      output: Kept;
      events: { type: 'SET' | 'LATER'; value: unknown };
    },
    actors: {
      child,
      echo: fromPromise<unknown, { name: string; value: unknown }>(async ({ input: { name, value } }) => {
        calledWith.set(`step ${name}`, exact(value));
        return value;
      }),
    },
    actions: {
      note: ({ context }: { context: Kept }, params: { name: string; value: unknown }) => {
        calledWith.set(`params ${params.name}`, exact(params.value));
        calledWith.set(`context ${params.name}`, exact(context.given));
      },
    },
  }).createMachine({
    id,
    context: ({ input }) => ({ given: input.value, name: input.name, absent: undefined }),
    output: ({ context }) => context,
    initial: 'WAITS',
    states: {
      WAITS: { on: { SET: { target: 'STEP', actions: assign({ event: ({ event }) => event.value }) } } },
      STEP: {
        entry: {
          type: 'note',
          params: ({ context }: { context: Kept }) => ({ name: context['name'] as string, value: context['event'] }),
        },
        invoke: {
          src: 'echo',
          input: ({ context }) => ({ name: context['name'] as string, value: context.given }),
          onDone: { target: 'CHILD', actions: assign({ step: ({ event }) => event.output }) },
        },
      },
      CHILD: {
        invoke: {
          src: 'child',
          input: ({ context }: { context: Kept }) => context['event'],
          onDone: { target: 'TIMER', actions: assign({ child: ({ event }) => event.output }) },
        },
      },
      TIMER: {
        entry: raise(({ context }: { context: Kept }) => ({ type: 'LATER' as const, value: context.given }), {
          delay: 1,
        }),
        on: {
          LATER: { target: 'DONE', actions: assign({ timer: ({ event }) => event.value }) },
        },
      },
      DONE: { type: 'final' },
    },
  }) as unknown as AnyStateMachine;
};

test(
  'what is undefined in contexts, events, inputs, outputs and timers is the same after a restart, names and order too',
  { timeout: 60_000 },
  async () => {
    const pairs = fc.sample(fc.tuple(json, json), { seed: SEED, numRuns: 40 });
    const workflow = defineWorkflow({ machine: carrier('carries') });
    const visitor = bench.engine([workflow]);
    // Stored by one process, and gone on with by another one.
    for (const [index, [given, event]] of pairs.entries()) {
      const { id } = await visitor.start('carries', { name: String(index), value: given }, { id: `carries-${index}` });
      await visitor.send(id, { type: 'SET', value: event });
    }
    await visitor.stop();
    const engine = await bench.worker([workflow]);
    for (const [index, [given, event]] of pairs.entries()) {
      const what = `FC_SEED=${SEED} ${JSON.stringify(exact([given, event]))}`;
      const id = `carries-${index}`;
      const name = String(index);
      const wanted = exact({ given, name, absent: undefined, event, step: given, child: event, timer: given });
      expect(exact(await engine.result(id, { timeout: 20_000 })), what).toEqual(wanted);
      const view = await engine.get(id);
      expect(exact(view.context), what).toEqual(wanted);
      expect(exact(view.input), what).toEqual(exact({ name, value: given }));
      const { items } = await engine.history(id);
      expect(exact(items[1]?.payload), what).toEqual(exact({ value: event }));
      expect(calledWith.get(`step ${name}`), what).toEqual(exact(given));
      await eventually(() => calledWith.has(`params ${name}`));
      expect(calledWith.get(`params ${name}`), what).toEqual(exact(event));
      expect(calledWith.get(`context ${name}`), what).toEqual(exact(given));
    }
  },
);

/** Keeps what it is given, and waits. */
const keeps = (id: string): AnyStateMachine =>
  setup({ types: {} as { context: Record<string, unknown>; input: Record<string, unknown> } }).createMachine({
    id,
    context: ({ input }) => ({ user: undefined, ...input }),
    initial: 'A',
    states: {
      A: {
        on: {
          CLEAR: { target: 'B', actions: assign({ n: undefined, list: () => [1, undefined] }) },
          SEEN: { guard: ({ context }) => 'user' in context && context['user'] === undefined, target: 'C' },
        },
      },
      B: { on: { BACK: { target: 'A', actions: assign({ n: 2, list: () => [] }) } } },
      C: {},
    },
  }) as unknown as AnyStateMachine;

test('differences in the history, rewinds and forks keep it', async () => {
  const engine: Engine = await bench.worker([defineWorkflow({ machine: keeps('rewinds-undefined') })]);
  const { id } = await engine.start('rewinds-undefined', { n: 1, deep: { a: undefined } });
  await engine.send(id, { type: 'CLEAR' });
  await reached(engine, id, 'B');
  await engine.send(id, { type: 'BACK' });
  await eventually(async () => (await engine.get(id)).sequence === 3);
  const first = { user: undefined, n: 1, deep: { a: undefined } };
  const second = { ...first, n: undefined, list: [1, undefined] };
  expect((await engine.snapshot(id, 1)).context).toStrictEqual(first);
  expect((await engine.snapshot(id, 2)).context).toStrictEqual(second);
  expect((await engine.snapshot(id, 3)).context).toStrictEqual({ ...second, n: 2, list: [] });
  await engine.operate(id, { operation: 'rewind', to: 2 }, { wait: 10_000 });
  expect((await engine.get(id)).context).toStrictEqual(second);
  const fork = await engine.fork(id, { from: 1 });
  expect((await engine.get(fork.id)).context).toStrictEqual(first);
  await engine.send(fork.id, { type: 'SEEN' });
  await reached(engine, fork.id, 'C');
});

test('an export has it, and what is imported from that', async () => {
  const engine: Engine = await bench.worker([defineWorkflow({ machine: keeps('exports-undefined') })]);
  const { id } = await engine.start('exports-undefined', { n: 1, gone: undefined });
  const document: unknown = JSON.parse(JSON.stringify(await engine.export(id)));
  const copy = await engine.import(document);
  expect((await engine.get(copy.id)).context).toStrictEqual({ user: undefined, n: 1, gone: undefined });
  expect((await engine.get(copy.id)).input).toStrictEqual({ n: 1, gone: undefined });
});

test('an edit sets what was undefined, and may leave it so', async () => {
  const engine: Engine = await bench.worker([defineWorkflow({ machine: keeps('edits-undefined') })]);
  const { id } = await engine.start('edits-undefined', { n: 1, gone: undefined });
  const patch = [
    { op: 'add', path: '/gone', value: 7 },
    { op: 'replace', path: '/n', value: 3 },
  ] as const;
  await engine.operate(id, { operation: 'edit', patch: [...patch] }, { wait: 10_000 });
  expect((await engine.get(id)).context).toStrictEqual({ user: undefined, n: 3, gone: 7 });
});

test('SQL sees null, the API nothing', async () => {
  const machine = keeps('shows-undefined');
  const workflow = defineWorkflow({
    machine,
    context: z.looseObject({ user: z.string().optional(), n: z.number().optional() }) as never,
  });
  const engine: Engine = await bench.worker([workflow]);
  const { id } = await engine.start('shows-undefined', { n: 1 });
  await engine.send(id, { type: 'CLEAR' });
  await reached(engine, id, 'B');
  const [row] = await bench.sql.unsafe(
    `select context_user, context_n from (${typedView(workflow)}) v where id = '${id}'`,
  );
  expect(row).toEqual({ context_user: null, context_n: null });
  expect(JSON.stringify((await engine.get(id)).context)).toBe('{"list":[1,null]}');
});

test('the same start again is the same, whether what is undefined is there or not', async () => {
  const engine: Engine = await bench.worker([defineWorkflow({ machine: keeps('starts-undefined') })]);
  await engine.start('starts-undefined', { n: 1, gone: undefined }, { key: 'once' });
  expect(await engine.start('starts-undefined', { n: 1 }, { key: 'once' })).toMatchObject({ created: false });
});

test('a published event keeps it for whom it starts and reaches', async () => {
  const told = defineEvent('undefined.told', z.looseObject({ key: z.string() }));
  const got = setup({
    types: {} as { context: { value: unknown; later: unknown }; input: unknown; events: { type: 'TOLD'; key: string } },
  }).createMachine({
    id: 'is-told',
    context: ({ input }) => ({ value: input, later: null }),
    initial: 'A',
    states: { A: { on: { TOLD: { target: 'B', actions: assign({ later: ({ event }) => event }) } } }, B: {} },
  });
  const tells = setup({
    types: {} as { emitted: { type: 'undefined.told'; key: string; gone: undefined } },
  }).createMachine({
    id: 'tells-undefined',
    entry: emit({ type: 'undefined.told', key: 'k', gone: undefined }),
  });
  const engine: Engine = await bench.worker([
    defineWorkflow({
      machine: got,
      subscriptions: (on) => [
        on.startedBy(told, { input: (payload) => payload }),
        on.receives(told, { as: 'TOLD', key: ({ key }) => key, instanceKey: () => 'k' }),
      ],
    }) as never,
    defineWorkflow({ machine: tells, publishes: [told] }) as never,
  ]);
  await engine.publish('undefined.told', { key: 'k', first: undefined });
  const id = await eventually(async () => (await engine.list({ workflow: 'is-told', state: 'A' })).items[0]?.id);
  expect((await engine.get(id)).context).toStrictEqual({ value: { key: 'k', first: undefined }, later: null });
  await engine.start('tells-undefined', undefined);
  await reached(engine, id, 'B');
  expect((await engine.get(id)).context?.['later']).toStrictEqual({ key: 'k', gone: undefined, type: 'TOLD' });
  expect((await engine.publishedEvents()).items[0]?.payload).toStrictEqual({ key: 'k', gone: undefined });
});
