import { assign, setup } from 'xstate';
import { defineWorkflow, StepError } from '../../../src/index.ts';
import type { Scenario } from '../world.ts';
import { add, ledgerStep, notify, operate, step, type Types } from './parts.ts';

const types = {} as Types & { events: { type: 'PING' } };
const context = ({ input }: { input: Types['input'] }): Types['context'] => ({ run: input.run, log: [] });

const retryLoop: Scenario = {
  name: 'a step that fails twice, then a step whose error the machine handles',
  workflows: [
    defineWorkflow({
      machine: setup({
        types,
        actors: {
          flaky: step(({ attempt }) => {
            if (attempt < 3) throw new StepError('UNAVAILABLE', `not in attempt ${attempt}`);
            return attempt;
          }),
          hopeless: step(() => {
            throw new StepError('INVALID_INPUT', 'never');
          }),
        },
      }).createMachine({
        id: 'retry-loop',
        context,
        initial: 'BEGUN',
        output: ({ context }) => context.log,
        states: {
          BEGUN: {
            invoke: {
              id: 'flaky',
              src: 'flaky',
              onDone: { target: 'FETCHED', actions: assign({ log: add('fetched') }) },
            },
          },
          FETCHED: {
            invoke: {
              id: 'hopeless',
              src: 'hopeless',
              onError: { target: 'MENDED', actions: assign({ log: add('mended') }) },
            },
          },
          MENDED: { type: 'final' },
        },
      }),
    }),
  ],
};

const parallel: Scenario = {
  name: 'parallel regions with a join',
  workflows: [
    defineWorkflow({
      machine: setup({
        types,
        actors: {
          first: step(() => 'a'),
          // Its result comes after the first one's is stored, so that the order is always the same.
          second: step(async ({ instance: { id } }, world) => {
            await world.took('xstate.done.actor.first', id);
            return 'b';
          }),
          join: step(() => 'j'),
        },
      }).createMachine({
        id: 'parallel',
        context,
        initial: 'SPLIT',
        output: ({ context }) => context.log,
        states: {
          SPLIT: {
            type: 'parallel',
            onDone: 'JOINED',
            states: {
              a: {
                initial: 'run',
                states: {
                  run: {
                    invoke: {
                      id: 'first',
                      src: 'first',
                      onDone: { target: 'done', actions: assign({ log: add('a') }) },
                    },
                  },
                  done: { type: 'final' },
                },
              },
              b: {
                initial: 'run',
                states: {
                  run: {
                    invoke: {
                      id: 'second',
                      src: 'second',
                      onDone: { target: 'done', actions: assign({ log: add('b') }) },
                    },
                  },
                  done: { type: 'final' },
                },
              },
            },
          },
          JOINED: { invoke: { id: 'join', src: 'join', onDone: 'DONE' } },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
};

const late: Scenario = {
  name: 'an event during a step leaves its state; the late result is dropped',
  workflows: [
    defineWorkflow({
      machine: setup({
        types,
        actors: {
          slow: step(async (_context, world) => {
            await world.opened('late');
            return 'late';
          }),
          after: step((_context, world) => {
            world.open('late');
            return 'after';
          }),
        },
      }).createMachine({
        id: 'late',
        context,
        initial: 'WORKING',
        output: ({ context }) => context.log,
        states: {
          WORKING: {
            invoke: { id: 'work', src: 'slow', onDone: { target: 'WRONG', actions: assign({ log: add('wrong') }) } },
            on: { PING: { target: 'LEFT', actions: assign({ log: add('left') }) } },
          },
          // The same invoke id again: the late result must not be taken for this one's.
          LEFT: {
            invoke: {
              id: 'work',
              src: 'after',
              onDone: {
                target: 'DONE',
                actions: assign({ log: ({ context, event }) => [...context.log, event.output] }),
              },
            },
          },
          WRONG: { type: 'final' },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await world.opened('begun ROOT:1:work');
    await world.call((engine, id) => engine.send(id, { type: 'PING' }, { key: 'ping' }));
  },
};

const actions: Scenario = {
  name: 'custom actions, also of the last transition',
  workflows: [
    defineWorkflow({
      machine: setup({ types, actors: { work: step(() => 'w') }, actions: { notify } }).createMachine({
        id: 'actions',
        context,
        initial: 'BEGUN',
        states: {
          BEGUN: {
            entry: { type: 'notify', params: { what: 'begun' } },
            invoke: {
              id: 'work',
              src: 'work',
              onDone: { target: 'WAITING', actions: { type: 'notify', params: { what: 'worked' } } },
            },
          },
          WAITING: { on: { PING: 'DONE' } },
          DONE: { type: 'final', entry: { type: 'notify', params: { what: 'done' } } },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await world.reached('WAITING');
    await world.call((engine, id) => engine.send(id, { type: 'PING' }, { key: 'ping' }));
  },
};

const transactional: Scenario = {
  name: 'transactional steps',
  workflows: [
    defineWorkflow({
      machine: setup({
        types,
        actors: { pay: ledgerStep(() => 'paid'), ship: ledgerStep(() => 'shipped') },
      }).createMachine({
        id: 'transactional',
        context,
        initial: 'BEGUN',
        output: ({ context }) => context.log,
        states: {
          BEGUN: {
            invoke: {
              id: 'pay',
              src: 'pay',
              onDone: {
                target: 'PAID',
                actions: assign({ log: ({ context, event }) => [...context.log, event.output] }),
              },
            },
          },
          PAID: {
            invoke: {
              id: 'ship',
              src: 'ship',
              onDone: {
                target: 'SHIPPED',
                actions: assign({ log: ({ context, event }) => [...context.log, event.output] }),
              },
            },
          },
          SHIPPED: { type: 'final' },
        },
      }),
    }),
  ],
};

const retry: Scenario = {
  name: 'a failed instance is retried',
  workflows: [
    defineWorkflow({
      machine: setup({
        types,
        actors: {
          work: step(async (_context, world) => {
            if (!world.isOpen('mended')) throw new StepError('INVALID_INPUT', 'not yet');
            return 'mended';
          }),
          // Goes on beside the failed one, and its result is kept until the retry.
          beside: step(async (_context, world) => {
            await world.standing('failed');
            return 'beside';
          }),
        },
        actions: { notify },
      }).createMachine({
        id: 'retry',
        context,
        type: 'parallel',
        output: ({ context }) => context.log,
        states: {
          a: {
            initial: 'run',
            states: {
              run: {
                entry: { type: 'notify', params: { what: 'begun' } },
                invoke: { id: 'work', src: 'work', onDone: { target: 'done', actions: assign({ log: add('a') }) } },
              },
              done: { type: 'final' },
            },
          },
          b: {
            initial: 'run',
            states: {
              run: {
                invoke: { id: 'beside', src: 'beside', onDone: { target: 'done', actions: assign({ log: add('b') }) } },
              },
              done: { type: 'final' },
            },
          },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await world.stepDone('1:beside');
    world.open('mended');
    await operate(world, { operation: 'retry' });
  },
};

const cancel: Scenario = {
  name: 'cancel while a step runs',
  workflows: [
    defineWorkflow({
      machine: setup({
        types,
        actors: {
          forever: step(async (_context, world) => {
            await world.standing('cancelled');
            return 'too late';
          }),
        },
      }).createMachine({
        id: 'cancel',
        context,
        initial: 'WORKING',
        states: {
          WORKING: { after: { 60_000: 'LATE' }, invoke: { id: 'work', src: 'forever', onDone: 'LATE' } },
          LATE: { type: 'final' },
        },
      }),
    }),
  ],
  ends: 'cancelled',
  drive: async (world) => {
    await world.opened('begun ROOT:1:work');
    await operate(world, { operation: 'cancel' });
  },
};

/** Steps and what can happen to them. */
export const stepScenarios = [retryLoop, parallel, late, actions, transactional, retry, cancel];
