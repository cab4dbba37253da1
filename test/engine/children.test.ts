import { assign, fromPromise, setup } from 'xstate';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineWorkflow } from '../../src/index.ts';
import { useBench } from '../support/engine.ts';

const bench = useBench();

/** A child that doubles its input. */
const doubler = setup({
  types: {} as { context: { n: number }; input: { n: number }; output: { doubled: number } },
  actors: { double: fromPromise<number, number>(async ({ input }) => input * 2) },
}).createMachine({
  id: 'doubler',
  context: ({ input }) => ({ n: input.n }),
  output: ({ context }) => ({ doubled: context.n }),
  initial: 'COUNTS',
  states: {
    COUNTS: {
      invoke: {
        src: 'double',
        input: ({ context }) => context.n,
        onDone: { target: 'DONE', actions: assign({ n: ({ event }) => event.output }) },
      },
    },
    DONE: { type: 'final' },
  },
});

const parentOf = (id: string) =>
  setup({
    types: {} as { context: { n: number }; input: { n: number }; output: number },
    actors: { doubler },
  }).createMachine({
    id,
    context: ({ input }) => ({ n: input.n }),
    output: ({ context }) => context.n,
    initial: 'FIRST',
    states: {
      FIRST: {
        invoke: {
          id: 'first',
          src: 'doubler',
          input: ({ context }) => ({ n: context.n }),
          onDone: { target: 'SECOND', actions: assign({ n: ({ event }) => event.output.doubled }) },
        },
      },
      SECOND: {
        invoke: {
          id: 'second',
          src: 'doubler',
          input: ({ context }) => ({ n: context.n }),
          onDone: { target: 'DONE', actions: assign({ n: ({ event }) => event.output.doubled }) },
        },
      },
      DONE: { type: 'final' },
    },
  });

test('a child is an instance of its own, and its output comes to its parent', async () => {
  const engine = await bench.worker([defineWorkflow({ machine: parentOf('family') })]);
  const { id } = await engine.start('family', { n: 5 }, { id: 'family-1', tenant: 'acme', priority: 7 });
  expect(await engine.result(id, { timeout: 10_000 })).toBe(20);
  const { children } = await engine.get(id);
  expect(children).toEqual([
    { id: 'family-1.1.first', workflow: 'doubler', status: 'done', state: 'DONE' },
    { id: 'family-1.2.second', workflow: 'doubler', status: 'done', state: 'DONE' },
  ]);
  expect(await engine.get('family-1.2.second')).toMatchObject({
    parentId: id,
    tenant: 'acme',
    priority: 7,
    input: { n: 10 },
    output: { doubled: 20 },
  });
  expect((await engine.list({ parentId: id })).items.map((item) => item.id)).toEqual([
    'family-1.2.second',
    'family-1.1.first',
  ]);
  expect(await engine.steps(id)).toMatchObject([
    {
      key: '1:first',
      kind: 'workflow',
      step: 'doubler',
      status: 'done',
      childId: 'family-1.1.first',
      output: { doubled: 10 },
    },
    { key: '2:second', kind: 'workflow', status: 'done' },
  ]);
});

test('with no worker up the parent and its first child wait for one', async () => {
  const workflow = defineWorkflow({ machine: parentOf('orphans') });
  const visitor = bench.engine([workflow]);
  const { id } = await visitor.start('orphans', { n: 1 }, { id: 'orphans-1' });
  expect((await visitor.get(id)).children).toMatchObject([{ id: 'orphans-1.1.first', status: 'scheduled' }]);
  // The same id once more, with something else: it brings no children into the world.
  await expect(visitor.start('orphans', { n: 2 }, { id })).rejects.toMatchObject({ code: 'KEY_REUSED' });
  await bench.worker([workflow]);
  expect(await visitor.result(id, { timeout: 10_000 })).toBe(4);
});

test('a start that finds its id taken leaves no child behind', async () => {
  const engine = bench.engine([
    defineWorkflow({ machine: parentOf('taken') }),
    defineWorkflow({ machine: setup({}).createMachine({ id: 'holder', initial: 'A', states: { A: {} } }) }),
  ]);
  await engine.start('holder', undefined, { id: 'taken-1' });
  await expect(engine.start('taken', { n: 1 }, { id: 'taken-1' })).rejects.toMatchObject({ code: 'KEY_REUSED' });
  expect((await engine.list({ parentId: 'taken-1' })).items).toEqual([]);
});

test("a long id makes a child's id that is short enough, and stays the same", async () => {
  const engine = await bench.worker([defineWorkflow({ machine: parentOf('long-ids') })]);
  const { id } = await engine.start('long-ids', { n: 1 }, { id: 'x'.repeat(200) });
  await engine.result(id, { timeout: 10_000 });
  const { children } = await engine.get(id);
  expect(children).toHaveLength(2);
  for (const child of children) expect(child.id).toMatch(/^child-[0-9a-f]{40}$/);
});

test("a child's input is what its schema makes of it, and one that does not fit is an error of the child", async () => {
  const inner = setup({
    types: {} as { context: { text: string }; input: { text: string }; output: string },
  }).createMachine({
    id: 'strict-child',
    context: ({ input }) => ({ text: input.text }),
    output: ({ context }) => context.text,
    initial: 'A',
    states: { A: { type: 'final' } },
  });
  defineWorkflow({ machine: inner, input: z.object({ text: z.string().toUpperCase() }) });
  const outer = setup({
    types: {} as { context: { text: unknown }; input: { text: unknown }; output: unknown },
    actors: { inner },
  }).createMachine({
    id: 'strict-parent',
    context: ({ input }) => ({ text: input.text }),
    output: ({ context }: { context: { text: unknown } }) => context.text,
    initial: 'A',
    states: {
      A: {
        invoke: {
          id: 'inner',
          src: 'inner',
          input: ({ context }: { context: { text: unknown } }) => ({ text: context.text as string }),
          onDone: { target: 'B', actions: assign({ text: ({ event }) => event.output }) },
          onError: { target: 'B', actions: assign({ text: ({ event }) => event.error }) },
        },
      },
      B: { type: 'final' },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine: outer })]);
  const { id } = await engine.start('strict-parent', { text: 'ada' });
  expect(await engine.result(id, { timeout: 10_000 })).toBe('ADA');
  const { id: bad } = await engine.start('strict-parent', { text: 7 });
  expect(await engine.result(bad, { timeout: 10_000 })).toMatchObject({
    code: 'INVALID_INPUT',
    class: 'final',
    details: { issues: [{ path: 'text' }] },
  });
});
