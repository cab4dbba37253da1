import { assign, createActor, createMachine, fromPromise, setup, toPromise, type AnyStateMachine } from 'xstate';
import { expect, test } from 'vitest';
import { defineWorkflow } from '../../src/index.ts';
import { useBench } from '../support/engine.ts';

const bench = useBench();

const price = fromPromise<number, { sku: string }>(async ({ input }) => input.sku.length * 10);
const stock = fromPromise<{ left: number } | null, { sku: string }>(async ({ input }) =>
  input.sku === 'none' ? null : { left: 3 },
);
const pay = fromPromise<string, number>(async ({ input }) => {
  if (input > 100) throw Object.assign(new Error('too much'), { code: 'INVALID_INPUT' });
  return `paid ${input}`;
});

/** An order as somebody has written it who never heard of durability: parallel, guards, always, history of its own. */
const config = {
  id: 'order',
  initial: 'checks',
  states: {
    checks: {
      type: 'parallel',
      states: {
        price: {
          initial: 'asks',
          states: {
            asks: {
              invoke: {
                src: 'price',
                input: ({ context }: Args) => ({ sku: context.sku }),
                onDone: { target: 'known', actions: assign({ price: ({ event }) => event.output } as Assigns) },
              },
            },
            known: { type: 'final' },
          },
        },
        stock: {
          initial: 'asks',
          states: {
            asks: {
              invoke: {
                src: 'stock',
                input: ({ context }: Args) => ({ sku: context.sku }),
                onDone: { target: 'known', actions: assign({ left: ({ event }) => event.output } as Assigns) },
              },
            },
            known: { type: 'final' },
          },
        },
      },
      onDone: 'decides',
    },
    decides: {
      always: [{ guard: ({ context }: Args) => context.left === null, target: 'soldOut' }, { target: 'pays' }],
    },
    pays: {
      invoke: {
        src: 'pay',
        input: ({ context }: Args) => context.price,
        onDone: { target: 'paid', actions: assign({ receipt: ({ event }) => event.output } as Assigns) },
        onError: {
          target: 'refused',
          actions: assign({ receipt: ({ event }) => (event.error as Error).message } as Assigns),
        },
      },
    },
    soldOut: { type: 'final' },
    refused: { after: { 5: 'over' } },
    over: { type: 'final' },
    paid: { type: 'final' },
  },
  context: ({ input }: { input: { sku: string } }) => ({
    sku: input.sku,
    price: 0,
    left: undefined as unknown,
    receipt: '',
  }),
  output: ({ context }: Args) => ({ ...context }),
};

interface Args {
  context: { sku: string; price: number; left: unknown; receipt: string };
}
/** What a machine without types assigns. */
type Assigns = Record<string, (args: Args & { event: { output?: unknown; error?: unknown } }) => unknown> &
  Record<never, never>;

const actors = { price, stock, pay };
const machines: [string, () => AnyStateMachine][] = [
  ['setup', () => setup({ actors }).createMachine(config as never) as unknown as AnyStateMachine],
  ['createMachine', () => createMachine(config as never, { actors } as never) as unknown as AnyStateMachine],
  ['provide', () => (createMachine(config as never) as unknown as AnyStateMachine).provide({ actors } as never)],
];

test.each(machines)(
  'a machine with actors from %s is durable in one line, and ends as under XState itself',
  async (_, make) => {
    const machine = make();
    const engine = await bench.worker([defineWorkflow({ machine })]);
    for (const sku of ['abc', 'none', 'a-very-long-name']) {
      const actor = createActor(machine, { input: { sku } } as never);
      actor.start();
      const expected = (await toPromise(actor)) as unknown;
      const { id } = await engine.start('order', { sku });
      expect(await engine.result(id, { timeout: 10_000 })).toEqual(expected);
      expect((await engine.get(id)).value).toEqual(actor.getSnapshot().value);
    }
  },
);

test('the machine itself is not changed', () => {
  const machine = machines[0]?.[1]() as AnyStateMachine;
  const before = JSON.stringify(machine.definition);
  const implementations = { ...machine.implementations.actors };
  defineWorkflow({ machine });
  expect(JSON.stringify(machine.definition)).toBe(before);
  expect(machine.implementations.actors).toEqual(implementations);
});
