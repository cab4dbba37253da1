import { setup } from 'xstate';
import { defineWorkflow, StepError } from '../../../src/index.ts';
import type { Scenario } from '../world.ts';
import { ledgerStep, operate, step, type Types } from './parts.ts';

const types = {} as Types & { events: { type: 'MENDED' } };
const context = ({ input }: { input: Types['input'] }): Types['context'] => ({ run: input.run, log: [] });

/** Fails for good until somebody has mended what was wrong. */
const work = step((_context, world) => {
  if (!world.isOpen('mended')) throw new StepError('INVALID_INPUT', 'not yet');
  return 'ok';
});

const retry: Scenario = {
  name: 'retry of a failed step',
  workflows: [
    defineWorkflow({
      machine: setup({ types, actors: { work, pay: ledgerStep(() => 'paid') } }).createMachine({
        id: 'retry-operation',
        context,
        initial: 'WORKING',
        states: {
          WORKING: { invoke: { id: 'work', src: 'work', onDone: 'PAYING' } },
          PAYING: { invoke: { id: 'pay', src: 'pay', onDone: 'PAID' } },
          PAID: { type: 'final' },
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

const sideExit: Scenario = {
  name: 'resume from a state that an error led to, back to before it',
  workflows: [
    defineWorkflow({
      machine: setup({ types, actors: { pay: ledgerStep(() => 'paid'), work } }).createMachine({
        id: 'side-exit',
        context,
        initial: 'PAYING',
        states: {
          PAYING: { invoke: { id: 'pay', src: 'pay', onDone: 'WORKING' } },
          WORKING: { invoke: { id: 'work', src: 'work', onDone: 'WORKED', onError: 'NEEDS_HELP' } },
          NEEDS_HELP: {},
          WORKED: { type: 'final' },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await world.reached('NEEDS_HELP');
    world.open('mended');
    await operate(world, { operation: 'resume' });
  },
};

const ownEvent: Scenario = {
  name: "resume by the machine's own event",
  workflows: [
    defineWorkflow({
      controls: { resume: 'MENDED' },
      machine: setup({ types, actors: { pay: ledgerStep(() => 'paid'), work } }).createMachine({
        id: 'own-resume',
        context,
        initial: 'WORKING',
        states: {
          WORKING: { invoke: { id: 'work', src: 'work', onDone: 'WRONG', onError: 'NEEDS_HELP' } },
          NEEDS_HELP: { on: { MENDED: 'PAYING' } },
          PAYING: { invoke: { id: 'pay', src: 'pay', onDone: 'PAID' } },
          WRONG: { type: 'final' },
          PAID: { type: 'final' },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await world.reached('NEEDS_HELP');
    await operate(world, { operation: 'resume' });
  },
};

const pause: Scenario = {
  name: 'pause while a step runs, then unpause',
  workflows: [
    defineWorkflow({
      machine: setup({
        types,
        actors: {
          work: step(async (_context, world) => {
            await world.operated('pause');
            return 'worked';
          }),
          pay: ledgerStep(() => 'paid'),
        },
      }).createMachine({
        id: 'pause-operation',
        context,
        initial: 'WORKING',
        states: {
          WORKING: {
            invoke: { id: 'work', src: 'work', onDone: 'PAYING' },
          },
          PAYING: { invoke: { id: 'pay', src: 'pay', onDone: 'DONE' } },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await world.opened('begun ROOT:1:work');
    await operate(world, { operation: 'pause' });
    await operate(world, { operation: 'unpause' });
  },
};

const pauseOfWaiting: Scenario = {
  name: 'pause of what waits, an event, then unpause',
  workflows: [
    defineWorkflow({
      machine: setup({ types, actors: { pay: ledgerStep(() => 'paid') } }).createMachine({
        id: 'pause-waiting',
        context,
        initial: 'WAITING',
        states: {
          WAITING: { on: { MENDED: 'PAYING' } },
          PAYING: { invoke: { id: 'pay', src: 'pay', onDone: 'DONE' } },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await world.reached('WAITING');
    await operate(world, { operation: 'pause' });
    // It is kept until then.
    await world.call((engine, id) => engine.send(id, { type: 'MENDED' }, { key: 'mended' }));
    await operate(world, { operation: 'unpause' });
  },
};

/** Retry, resume, pause and unpause. */
export const goingOnScenarios = [retry, sideExit, ownEvent, pause, pauseOfWaiting];
