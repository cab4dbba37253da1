import { assign, raise, setup } from 'xstate';
import { defineWorkflow } from '../../../src/index.ts';
import type { Scenario } from '../world.ts';
import { add, step, type Types } from './parts.ts';

const types = {} as Types & { events: { type: 'PING' } | { type: 'LATER' } };
const context = ({ input }: { input: Types['input'] }): Types['context'] => ({ run: input.run, log: [] });

const after: Scenario = {
  name: 'short timers, one after a step and one raised by itself',
  workflows: [
    defineWorkflow({
      machine: setup({ types, actors: { work: step(() => 'w') } }).createMachine({
        id: 'after',
        context,
        initial: 'WAITING',
        output: ({ context }) => context.log,
        states: {
          WAITING: { after: { 15: { target: 'WORKING', actions: assign({ log: add('waited') }) } } },
          WORKING: { invoke: { id: 'work', src: 'work', onDone: 'RAISING' } },
          RAISING: {
            entry: raise({ type: 'LATER' }, { delay: 10, id: 'later' }),
            on: { LATER: { target: 'DONE', actions: assign({ log: add('later') }) } },
          },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
};

const cancelled: Scenario = {
  name: 'a timer that an event cancels, and the same state again',
  workflows: [
    defineWorkflow({
      machine: setup({ types }).createMachine({
        id: 'cancelled-timer',
        context,
        initial: 'ARMED',
        output: ({ context }) => context.log,
        states: {
          ARMED: {
            after: { 60_000: 'WRONG' },
            on: { PING: { target: 'AGAIN', actions: assign({ log: add('ping') }) } },
          },
          AGAIN: { after: { 10: { target: 'DONE', actions: assign({ log: add('timer') }) } } },
          WRONG: { type: 'final' },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await world.reached('ARMED');
    await world.call((engine, id) => engine.send(id, { type: 'PING' }, { key: 'ping' }));
  },
};

const race: Scenario = {
  name: 'a timer leaves the state of a step that runs',
  workflows: [
    defineWorkflow({
      machine: setup({
        types,
        actors: {
          slow: step(async (_context, world) => {
            await world.reached('GIVEN UP');
            return 'late';
          }),
        },
      }).createMachine({
        id: 'timer-race',
        context,
        initial: 'WORKING',
        states: {
          WORKING: { invoke: { id: 'work', src: 'slow', onDone: 'WRONG' }, after: { 40: 'GIVEN UP' } },
          'GIVEN UP': { after: { 5: 'DONE' } },
          WRONG: { type: 'final' },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
  optional: ['ROOT:1:work'],
};

const delayed: Scenario = {
  name: 'delayed start',
  workflows: [
    defineWorkflow({
      machine: setup({ types, actors: { work: step(() => 'w') } }).createMachine({
        id: 'delayed',
        context,
        initial: 'BEGUN',
        states: { BEGUN: { invoke: { id: 'work', src: 'work', onDone: 'DONE' } }, DONE: { type: 'final' } },
      }),
    }),
  ],
  delay: 40,
};

/** Timers. */
export const timerScenarios = [after, cancelled, race, delayed];
