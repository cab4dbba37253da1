import { assign, setup } from 'xstate';
import { defineWorkflow, forEach, SkipItem, StepError, type ForEachOptions, type Step } from '../../../src/index.ts';
import type { Scenario, World } from '../world.ts';
import { ledgerStep, operate, step, type Types } from './parts.ts';

const types = {} as Omit<Types, 'context'> & {
  context: { run: string; outcome: unknown };
  events: { type: 'STOP' };
};

/** Does a step for each of so many items, which are their numbers; what comes of it is its output. */
function fansOut(name: string, work: Step<unknown, unknown>, count: number, options: ForEachOptions) {
  return defineWorkflow({
    machine: setup({ types, actors: { work: forEach(work, options) } }).createMachine({
      id: name,
      context: ({ input }) => ({ run: input.run, outcome: null }),
      initial: 'BEGUN',
      output: ({ context }) => context.outcome,
      states: {
        BEGUN: {
          invoke: {
            id: 'work',
            src: 'work',
            input: Array.from({ length: count }, (_, n) => n),
            onDone: { target: 'DONE', actions: assign({ outcome: ({ event }) => event.output }) },
            onError: {
              guard: ({ event }) => (event.error as { code: string }).code !== 'CONFLICT',
              target: 'MENDED',
              actions: assign({ outcome: ({ event }) => (event.error as { message: string }).message }),
            },
          },
          on: { STOP: 'STOPPED' },
        },
        DONE: { type: 'final' },
        MENDED: { type: 'final' },
        STOPPED: { type: 'final' },
      },
    }),
  });
}

const mixed: Scenario = {
  name: 'a fan-out: items that do well, are tried again, are skipped, fail for good',
  workflows: [
    fansOut(
      'mixed-items',
      step(({ input, attempt }) => {
        if (input === 1 && attempt === 1) throw new StepError('UNAVAILABLE', 'once');
        if (input === 2) throw new SkipItem('there already');
        if (input === 3) throw new StepError('INVALID_INPUT', 'never');
        return input;
      }),
      5,
      { concurrency: 2, onItemError: 'continue' },
    ),
  ],
};

const batches: Scenario = {
  name: 'a fan-out in batches with a pause',
  workflows: [fansOut('batches', ledgerStep(), 4, { batch: 2, pause: 15 })],
};

const handled: Scenario = {
  name: 'a fan-out that an item fails, which the machine handles',
  workflows: [
    fansOut(
      'handled-items',
      step(({ input }) => {
        if (input === 1) throw new StepError('INVALID_INPUT', 'never');
        return input;
      }),
      4,
      { concurrency: 1 },
    ),
  ],
};

const retried: Scenario = {
  name: 'an instance that failed for an item is retried: what is done is not done again',
  workflows: [
    fansOut(
      'retried-items',
      step(({ input }, world) => {
        if (input === 1 && !world.isOpen('mended')) throw new StepError('CONFLICT', 'not yet');
        return input;
      }),
      4,
      { concurrency: 1 },
    ),
  ],
  drive: async (world) => {
    await world.standing('failed');
    world.open('mended');
    await operate(world, { operation: 'retry' });
  },
};

/** The second item waits until the instance is past it. */
const waits = (until: (world: World, id: string) => Promise<void>): Step<unknown, unknown> =>
  step(async ({ input, instance: { id } }, world) => {
    if (input === 1) await until(world, id);
    return input;
  });

const left: Scenario = {
  name: 'a fan-out that is left in the middle',
  workflows: [
    fansOut(
      'left-items',
      waits(async (world, id) => world.reached('STOPPED', id)),
      4,
      { concurrency: 1 },
    ),
  ],
  drive: async (world) => {
    await world.opened('begun ROOT:1:work#1');
    await world.call((engine, id) => engine.send(id, { type: 'STOP' }, { key: 'stop' }));
  },
};

const cancelled: Scenario = {
  name: 'a fan-out whose instance is cancelled',
  workflows: [
    fansOut(
      'cancelled-items',
      waits(async (world) => world.standing('cancelled')),
      4,
      { concurrency: 1 },
    ),
  ],
  ends: 'cancelled',
  drive: async (world) => {
    await world.opened('begun ROOT:1:work#1');
    await operate(world, { operation: 'cancel' });
  },
};

/** Fan-outs and what can happen to them. */
export const fanOutScenarios = [mixed, batches, handled, retried, left, cancelled];
