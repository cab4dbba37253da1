import { assign, sendParent, sendTo, setup, stopChild } from 'xstate';
import { defineWorkflow, StepError } from '../../../src/index.ts';
import type { Scenario } from '../world.ts';
import { add, ledgerStep, operate, step, type Types } from './parts.ts';

const types = {} as Types & { events: { type: 'PING' } | { type: 'PONG' } | { type: 'GO' } };
const context = ({ input }: { input: Types['input'] }): Types['context'] => ({ run: input.run, log: [] });
const input = ({ context }: { context: Types['context'] }): Types['input'] => ({ run: context.run });

const grandchild = setup({ types, actors: { dig: ledgerStep(() => 'dug') } }).createMachine({
  id: 'grandchild',
  context,
  initial: 'BEGUN',
  output: ({ context }) => context.log,
  states: {
    BEGUN: { invoke: { id: 'dig', src: 'dig', onDone: { target: 'DUG', actions: assign({ log: add('dug') }) } } },
    DUG: { type: 'final' },
  },
});

const child = setup({ types, actors: { grandchild, polish: step(() => 'shine') } }).createMachine({
  id: 'child',
  context,
  initial: 'DIGGING',
  output: ({ context }) => context.log,
  states: {
    DIGGING: {
      invoke: {
        id: 'grandchild',
        src: 'grandchild',
        input,
        onDone: { target: 'POLISHING', actions: assign({ log: add('child saw it') }) },
      },
    },
    POLISHING: { invoke: { id: 'polish', src: 'polish', onDone: 'POLISHED' } },
    POLISHED: { type: 'final' },
  },
});

const nested: Scenario = {
  name: 'child and grandchild',
  workflows: [
    defineWorkflow({
      machine: setup({ types, actors: { child, finish: step(() => 'f') } }).createMachine({
        id: 'nested',
        context,
        initial: 'DELEGATED',
        output: ({ context }) => context.log,
        states: {
          DELEGATED: {
            invoke: {
              id: 'child',
              src: 'child',
              input,
              onDone: { target: 'FINISHING', actions: assign({ log: add('parent saw it') }) },
            },
          },
          FINISHING: { invoke: { id: 'finish', src: 'finish', onDone: 'DONE' } },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
};

const failing = setup({
  types,
  actors: {
    fail: step(() => {
      throw new StepError('INVALID_INPUT', 'no');
    }),
  },
}).createMachine({
  id: 'failing',
  context,
  initial: 'BEGUN',
  states: { BEGUN: { invoke: { id: 'fail', src: 'fail', onDone: 'DONE' } }, DONE: { type: 'final' } },
});

const failed: Scenario = {
  name: 'a child that fails, and a parent that handles it',
  workflows: [
    defineWorkflow({
      machine: setup({ types, actors: { failing } }).createMachine({
        id: 'handles',
        context,
        initial: 'DELEGATED',
        states: {
          DELEGATED: { invoke: { id: 'child', src: 'failing', input, onDone: 'WRONG', onError: 'HANDLED' } },
          WRONG: { type: 'final' },
          HANDLED: { type: 'final' },
        },
      }),
    }),
  ],
};

const patient = setup({ types }).createMachine({
  id: 'patient',
  context,
  initial: 'WAITING',
  states: { WAITING: { on: { GO: 'DONE' }, after: { 60_000: 'DONE' } }, DONE: { type: 'final' } },
});

const stopped: Scenario = {
  name: 'children that the parent stops, one invoked and one spawned',
  workflows: [
    defineWorkflow({
      machine: setup({ types, actors: { patient } }).createMachine({
        id: 'stops',
        context,
        initial: 'WAITING',
        states: {
          WAITING: {
            entry: assign(({ spawn, context }) => {
              spawn('patient', { id: 'spawned', input: { run: context.run } });
              return {};
            }),
            invoke: { id: 'invoked', src: 'patient', input, onDone: 'WRONG' },
            on: { PING: 'LEFT' },
          },
          LEFT: { entry: stopChild('spawned'), after: { 5: 'DONE' } },
          WRONG: { type: 'final' },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await world.reached('WAITING', 'ROOT.1.invoked');
    await world.reached('WAITING', 'ROOT.1.spawned');
    await world.call((engine, id) => engine.send(id, { type: 'PING' }, { key: 'ping' }));
    await world.standing('cancelled', 'ROOT.1.invoked');
    await world.standing('cancelled', 'ROOT.1.spawned');
  },
};

const answering = setup({ types, actors: { think: step(() => 't') } }).createMachine({
  id: 'answering',
  context,
  initial: 'LISTENING',
  output: ({ context }) => context.log,
  states: {
    LISTENING: { on: { PING: { target: 'THINKING', actions: assign({ log: add('heard') }) } } },
    THINKING: {
      invoke: { id: 'think', src: 'think', onDone: { target: 'ANSWERED', actions: sendParent({ type: 'PONG' }) } },
    },
    ANSWERED: { on: { GO: 'DONE' } },
    DONE: { type: 'final' },
  },
});

const talking: Scenario = {
  name: 'sendTo a child, sendParent, and both delayed',
  workflows: [
    defineWorkflow({
      machine: setup({ types, actors: { answering } }).createMachine({
        id: 'talking',
        context,
        initial: 'ASKED',
        output: ({ context }) => context.log,
        invoke: { id: 'child', src: 'answering', input, onDone: '.DONE' },
        states: {
          ASKED: {
            entry: sendTo('child', { type: 'PING' }),
            on: { PONG: { target: 'HEARD', actions: assign({ log: add('pong') }) } },
          },
          HEARD: { entry: sendTo('child', { type: 'GO' }, { delay: 10, id: 'go' }) },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
};

/** A child in the initial state, retried with its parent. */
const mended = setup({
  types,
  actors: {
    work: step((_context, world) => {
      if (!world.isOpen('mended')) throw new StepError('INVALID_INPUT', 'not yet');
      return 'ok';
    }),
  },
}).createMachine({
  id: 'mended',
  context,
  initial: 'BEGUN',
  output: () => 'mended',
  states: { BEGUN: { invoke: { id: 'work', src: 'work', onDone: 'DONE' } }, DONE: { type: 'final' } },
});

const retried: Scenario = {
  name: 'a failed child is retried through its parent',
  workflows: [
    defineWorkflow({
      machine: setup({ types, actors: { mended } }).createMachine({
        id: 'retries-child',
        context,
        initial: 'DELEGATED',
        states: {
          DELEGATED: { invoke: { id: 'child', src: 'mended', input, onDone: 'DONE' } },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await world.standing('failed');
    world.open('mended');
    await operate(world, { operation: 'retry' });
  },
};

/** Parents and children. */
export const childScenarios = [nested, failed, stopped, talking, retried];
