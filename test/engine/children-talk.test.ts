import { assign, sendParent, sendTo, setup, type AnyStateMachine } from 'xstate';
import { expect, test } from 'vitest';
import { defineWorkflow } from '../../src/index.ts';
import { eventually, reached, standing, useBench } from '../support/engine.ts';

const bench = useBench();

/** Waits for EVENT, counts them, and tells its parent of each. */
const counter = setup({
  types: {} as { context: { n: number }; events: { type: 'COUNT' } | { type: 'ENOUGH' }; output: number },
}).createMachine({
  id: 'counter',
  context: { n: 0 },
  output: ({ context }) => context.n,
  initial: 'COUNTS',
  states: {
    COUNTS: {
      on: {
        COUNT: {
          actions: [
            assign({ n: ({ context }) => context.n + 1 }),
            sendParent(({ context }) => ({ type: 'COUNTED', n: context.n })),
          ],
        },
        ENOUGH: 'DONE',
      },
    },
    DONE: { type: 'final' },
  },
});

test('parent and child send to each other, from the first moment, and lose nothing', async () => {
  type Event = { type: 'COUNTED'; n: number } | { type: 'MORE' };
  const machine = setup({
    types: {} as { context: { heard: number[]; total: number }; events: Event; output: object },
    actors: { counter },
  }).createMachine({
    id: 'talks',
    context: { heard: [], total: 0 },
    output: ({ context }) => ({ ...context }),
    initial: 'TALKS',
    states: {
      TALKS: {
        // Sent in the commit that brings the child into being.
        entry: sendTo('child', { type: 'COUNT' }),
        invoke: {
          id: 'child',
          src: 'counter',
          onDone: { target: 'DONE', actions: assign({ total: ({ event }) => event.output }) },
        },
        on: {
          MORE: { actions: sendTo('child', { type: 'COUNT' }) },
          COUNTED: [
            {
              guard: ({ event }) => event.n >= 20,
              actions: [
                assign({ heard: ({ context, event }) => [...context.heard, event.n] }),
                sendTo('child', { type: 'ENOUGH' }),
              ],
            },
            {
              actions: [
                assign({ heard: ({ context, event }) => [...context.heard, event.n] }),
                sendTo('child', { type: 'COUNT' }),
              ],
            },
          ],
        },
      },
      DONE: { type: 'final' },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const ids = await Promise.all(Array.from({ length: 10 }, () => engine.start('talks', undefined)));
  const heard = Array.from({ length: 20 }, (_, n) => n + 1);
  for (const { id } of ids) expect(await engine.result(id, { timeout: 20_000 })).toEqual({ heard, total: 20 });
});

test('an event from outside reaches a child by its id', async () => {
  const machine = setup({ actors: { counter }, types: {} as { context: { n: number }; output: number } }).createMachine(
    {
      id: 'outside',
      context: { n: -1 },
      output: ({ context }) => context.n,
      initial: 'A',
      states: {
        A: {
          invoke: {
            id: 'c',
            src: 'counter',
            onDone: { target: 'B', actions: assign({ n: ({ event }) => event.output }) },
          },
        },
        B: { type: 'final' },
      },
    },
  );
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('outside', undefined);
  const child = `${id}.1.c`;
  await reached(engine, child, 'COUNTS');
  await engine.send(child, { type: 'COUNT' });
  await engine.send(child, { type: 'ENOUGH' });
  expect(await engine.result(id, { timeout: 10_000 })).toBe(1);
});

test('spawned children run beside, are kept in the context, and are stopped with their parent', async () => {
  const machine = setup({
    types: {} as {
      context: { refs: unknown[]; heard: number };
      events: { type: 'SPAWN' } | { type: 'COUNTED'; n: number } | { type: 'POKE' } | { type: 'END' };
    },
    actors: { counter },
  }).createMachine({
    id: 'spawns',
    context: { refs: [], heard: 0 },
    initial: 'A',
    states: {
      A: {
        on: {
          SPAWN: {
            actions: assign({
              refs: ({ context, spawn }) => [...context.refs, spawn('counter', { id: `child-${context.refs.length}` })],
            }),
          },
          POKE: { actions: sendTo(({ context }) => context.refs[0] as never, { type: 'COUNT' } as never) },
          COUNTED: { actions: assign({ heard: ({ context }) => context.heard + 1 }) },
          END: 'B',
        },
      },
      B: { type: 'final' },
    },
  });
  const engine = await bench.worker([
    defineWorkflow({ machine: machine as unknown as AnyStateMachine, name: 'spawns' }),
  ]);
  const { id } = await engine.start('spawns', undefined);
  for (let i = 0; i < 3; i++) await engine.send(id, { type: 'SPAWN' });
  await eventually(async () => (await engine.get(id)).children.filter(({ state }) => state === 'COUNTS').length === 3);
  await engine.send(id, { type: 'POKE' });
  await eventually(async () => (await engine.get(id)).context?.['heard'] === 1);
  await engine.send(id, { type: 'END' });
  await standing(engine, id, 'done');
  await eventually(async () => (await engine.get(id)).children.every(({ status }) => status === 'cancelled'));
});
