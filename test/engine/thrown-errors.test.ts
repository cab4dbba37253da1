import * as fc from 'fast-check';
import { assign, createActor, fromPromise, setup, toPromise, type AnyStateMachine } from 'xstate';
import { expect, test } from 'vitest';
import { defineWorkflow, type Workflow } from '../../src/index.ts';
import { eventually, reached, standing, useBench } from '../support/engine.ts';
import { factsOf, thrown } from '../support/thrown.ts';

const bench = useBench();

type Thrown = { code?: unknown; status?: unknown } | undefined | null;
const of = (error: unknown): Thrown => error as Thrown;

interface Args {
  context: { index: number; error: unknown; facts: unknown };
  event: { error: unknown };
}

/** The ways that an error's shape tells, and what it is told by. */
const WAYS: [string, (error: unknown) => boolean][] = [
  ['CARD', (error) => of(error)?.code === 'E_CARD'],
  ['PAYMENT', (error) => of(error)?.status === 402],
  ['TYPE', (error) => error instanceof TypeError],
  ['ERROR', (error) => error instanceof Error],
  ['TEXT', (error) => error === 'card'],
  ['OTHER', () => true],
];

/** Takes one of the ways, keeps the error in its context, and looks at it again once that has been stored. */
function sorting(make: (index: number) => unknown): AnyStateMachine {
  const fail = fromPromise<null, number>(async ({ input }) => {
    throw make(input);
  });
  const config = {
    id: 'sorting',
    context: ({ input }: { input: number }) => ({ index: input, error: null, facts: null }),
    initial: 'ASKS',
    output: ({ context }: Args) => context.facts,
    states: {
      ASKS: {
        invoke: {
          src: 'fail',
          input: ({ context }: Args) => context.index,
          onError: WAYS.map(([way, isIt]) => ({
            guard: ({ event }: Args) => isIt(event.error),
            target: 'KEPT',
            actions: assign((({ event: { error } }: Args) => ({
              error,
              facts: { way, seen: factsOf(error) },
            })) as never),
          })),
        },
      },
      KEPT: {
        after: {
          1: {
            target: 'ENDED',
            actions: assign((({ context }: Args) => ({
              facts: { first: context.facts, kept: factsOf(context.error) },
            })) as never),
          },
        },
      },
      ENDED: { type: 'final' },
    },
  };
  return setup({ actors: { fail } }).createMachine(config as never) as unknown as AnyStateMachine;
}

const once = { retry: { maxAttempts: 1 } };

test('a machine takes the same ways on whatever its steps throw as under XState itself', async () => {
  const seed = Number(process.env['FC_SEED'] ?? 20_260_301);
  const values = fc.sample(thrown, { seed, numRuns: 60 });
  values.push(
    Object.assign(new Error('declined'), { code: 'E_CARD' }),
    Object.assign(new Error('pay'), { status: 402 }),
    new TypeError('x is not a function'),
    'card',
    undefined,
  );
  const machine = sorting((index) => values[index]);
  const engine = await bench.worker([defineWorkflow({ machine, ...once })]);
  const ids = await Promise.all(values.map(async (_, index) => (await engine.start('sorting', index)).id));
  for (const [index, id] of ids.entries()) {
    const actor = createActor(machine, { input: index } as never);
    actor.start();
    const expected: unknown = await toPromise(actor);
    const found = await engine.result(id, { timeout: 30_000 });
    expect(found, `seed ${seed}, value ${index}`).toEqual(JSON.parse(JSON.stringify(expected)));
  }
}, 60_000);

test('an error that another worker takes from the database is the same', async () => {
  const started = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const error = Object.assign(new Error('declined', { cause: new TypeError('bank') }), { code: 'E_CARD', status: 402 });
  const machine = setup({
    types: {} as { context: { error: Error | null } },
    actors: {
      fail: fromPromise(async () => {
        started.resolve();
        await gate.promise;
        throw error;
      }),
    },
  }).createMachine({
    id: 'handed-over',
    context: { error: null },
    initial: 'A',
    states: {
      A: {
        invoke: {
          src: 'fail',
          onError: {
            guard: ({ event }) => event.error instanceof Error && (event.error as { code?: string }).code === 'E_CARD',
            target: 'B',
            actions: assign({ error: ({ event }) => event.error as Error }),
          },
        },
      },
      B: { after: { 1: [{ guard: ({ context }) => String(context.error) === 'Error: declined', target: 'C' }] } },
      C: { type: 'final' },
    },
    output: ({ context }) => ({ same: factsOf(context.error), plain: context.error }),
  });
  const workflow = defineWorkflow({ machine, ...once });
  const first = await bench.worker([workflow]);
  const { id } = await first.start('handed-over', undefined);
  await started.promise;
  await first.operate(id, { operation: 'pause' }, { wait: 10_000 });
  gate.resolve();
  await eventually(async () => (await first.steps(id))[0]?.status === 'failed');
  await first.stop();
  const second = await bench.worker([workflow]);
  await second.operate(id, { operation: 'unpause' }, { wait: 10_000 });
  const result = (await second.result(id, { timeout: 20_000 })) as { same: unknown; plain: object };
  expect(result.same).toEqual(factsOf(error));
  // What leaves the machine is plain JSON.
  expect(result.plain).toMatchObject({
    name: 'Error',
    message: 'declined',
    code: 'E_CARD',
    cause: { name: 'TypeError' },
  });
  const [row] = await bench.sql`
    select i.snapshot->'context'->'error'->>'message' as message, s.error->>'message' as failed
    from durachart.instances i join durachart.steps s on s.instance_id = i.id where i.id = ${id}`;
  expect(row).toEqual({ message: 'declined', failed: 'declined' });
});

test('codes of errors decide about further attempts where the workflow names them', async () => {
  let calls = 0;
  const machine = setup({
    actors: {
      fail: fromPromise(async () => {
        calls++;
        throw Object.assign(new Error('declined'), { code: 'E_CARD' });
      }),
    },
  }).createMachine({
    id: 'classed',
    initial: 'A',
    states: { A: { invoke: { src: 'fail', onError: 'B' } }, B: { type: 'final' } },
  });
  const engine = await bench.worker([defineWorkflow({ machine, errors: { E_CARD: 'final' } })]);
  const { id } = await engine.start('classed', undefined);
  await engine.result(id, { timeout: 20_000 });
  expect(calls).toBe(1);
});

test('errors go on to children, steps, parents and other events as plain JSON', async () => {
  const seen: unknown[] = [];
  const error = Object.assign(new Error('declined'), { code: 'E_CARD' });
  const machine = setup({
    types: {} as { context: { error: unknown }; events: { type: 'HERE'; error: unknown } },
    actors: {
      fail: fromPromise(async () => {
        throw error;
      }),
      look: fromPromise<null, unknown>(async ({ input }) => {
        seen.push(input);
        return null;
      }),
    },
    actions: {
      note: ({ event, context }) =>
        void seen.push([factsOf((event as unknown as { error: unknown }).error), factsOf(context.error)]),
    },
  }).createMachine({
    id: 'goes-on',
    context: { error: null },
    initial: 'A',
    states: {
      A: {
        invoke: {
          src: 'fail',
          onError: {
            target: 'B',
            actions: [assign({ error: ({ event }) => event.error }), { type: 'note' }],
          },
        },
      },
      B: {
        invoke: {
          src: 'look',
          input: ({ context }: { context: { error: unknown } }) => ({ error: context.error }),
          onDone: 'C',
        },
      },
      C: { type: 'final' },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine, ...once })]);
  const { id } = await engine.start('goes-on', undefined);
  await standing(engine, id, 'done');
  await eventually(() => seen.length === 2);
  expect(seen).toContainEqual([factsOf(error), factsOf(error)]);
  expect(seen).toContainEqual({ error: expect.objectContaining({ message: 'declined', code: 'E_CARD' }) as unknown });
  await reached(engine, id, 'C');
});

test('an error that no state handles is shown as it was', async () => {
  const machine = setup({
    actors: {
      fail: fromPromise(async () => {
        throw Object.assign(new Error('declined'), { code: 'E_CARD', status: 402 });
      }),
    },
  }).createMachine({ id: 'unhandled', initial: 'A', states: { A: { invoke: { src: 'fail' } } } });
  const engine = await bench.worker([defineWorkflow({ machine, ...once }) as Workflow]);
  const { id } = await engine.start('unhandled', undefined);
  expect(await standing(engine, id, 'failed')).toMatchObject({
    error: { code: 'QUOTA_EXCEEDED', message: 'declined', thrown: { value: { code: 'E_CARD', status: 402 } } },
  });
});

test("a parent receives what its child's guard, action or step has thrown", async () => {
  const error = (): Error => Object.assign(new RangeError('boom', { cause: 'inner' }), { code: 'E_BOOM', status: 402 });
  const boom = (): never => {
    throw error();
  };
  const children = {
    guard: {
      on: { '*': { guard: boom } },
      after: { 1: { guard: boom, target: '.A' } },
      initial: 'A',
      states: { A: {} },
    },
    assign: { entry: assign(boom) },
    step: { invoke: { src: 'fail' } },
  };
  const fail = fromPromise(async () => boom());
  const parents = Object.entries(children).map(([name, config]) => {
    const made = setup({ actors: { fail } }).createMachine({ id: `${name}-throws`, ...config } as never);
    const child = made as unknown as AnyStateMachine;
    const machine = setup({ actors: { child } }).createMachine({
      id: `${name}-parent`,
      context: { seen: null as unknown },
      output: ({ context }) => context.seen,
      initial: 'A',
      states: {
        A: {
          invoke: {
            src: 'child',
            onError: { target: 'B', actions: assign({ seen: ({ event }) => factsOf(event.error) }) },
          },
        },
        B: { type: 'final' },
      },
    });
    return { machine, workflows: [defineWorkflow({ machine, ...once }), defineWorkflow({ machine: child, ...once })] };
  });
  const engine = await bench.worker(parents.flatMap(({ workflows }) => workflows) as Workflow[]);
  for (const { machine } of parents) {
    const { id } = await engine.start(machine.id, undefined);
    const actor = createActor(machine);
    actor.start();
    // Of a guard it is XState's own error, which has the other's message in it.
    expect(await engine.result(id, { timeout: 20_000 }), machine.id).toEqual(await toPromise(actor));
  }
});
