import { assign, setup } from 'xstate';
import { defineWorkflow, StepError } from '../../../src/index.ts';
import type { Scenario } from '../world.ts';
import { ledgerStep, operate, step, type Types } from './parts.ts';

const types = {} as Types & { events: { type: 'GO' } };
const context = ({ input }: { input: Types['input'] }): Types['context'] => ({ run: input.run, log: [] });

const fails = step<string>(() => {
  throw new StepError('INVALID_INPUT', 'never');
});
/** Comes to its end when nobody waits for it any longer. */
const slow = step(async (_context, world) => {
  await world.opened('late');
  return 'late';
});

const patient = setup({ types }).createMachine({
  id: 'patient-skipped',
  context,
  initial: 'WAITING',
  output: () => 'by itself',
  states: { WAITING: { on: { GO: 'DONE' }, after: { 60_000: 'DONE' } }, DONE: { type: 'final' } },
});

/** Waits for one thing, and then pays once. */
function waitsFor(name: string, src: 'fails' | 'slow' | 'patient') {
  return defineWorkflow({
    machine: setup({
      types,
      actors: {
        fails,
        slow,
        patient,
        pay: ledgerStep(() => 'paid'),
        after: step((_context, world) => {
          world.open('late');
          return 'after';
        }),
      },
    }).createMachine({
      id: name,
      context,
      initial: 'WORKING',
      output: ({ context }) => context.log,
      states: {
        WORKING: {
          invoke: {
            id: 'work',
            src,
            input: ({ context }: { context: Types['context'] }) => ({ run: context.run }),
            onDone: {
              target: 'PAYING',
              actions: assign({ log: ({ context, event }) => [...context.log, String(event.output)] }),
            },
          } as never,
        },
        PAYING: { invoke: { id: 'pay', src: 'pay', onDone: 'AFTER' } },
        // The same invoke id again: the late result of what was skipped must not be taken for this one's.
        AFTER: {
          invoke: {
            id: 'work',
            src: 'after',
            onDone: {
              target: 'DONE',
              actions: assign({ log: ({ context, event }) => [...context.log, event.output] }),
            },
          },
        },
        DONE: { type: 'final' },
      },
    }),
  });
}

const failed: Scenario = {
  name: 'skip of a failed step',
  workflows: [waitsFor('skip-failed', 'fails')],
  drive: async (world) => {
    await world.standing('failed');
    await operate(world, { operation: 'skip', step: 'fails', output: 'by hand' });
  },
};

const running: Scenario = {
  name: 'skip of a step that runs',
  workflows: [waitsFor('skip-running', 'slow')],
  drive: async (world) => {
    await world.opened('begun ROOT:1:work');
    await operate(world, { operation: 'skip', step: '1:work', output: 'by hand' });
  },
};

const paused: Scenario = {
  name: 'skip of a step that runs on in a paused instance',
  // Once its process has died, it is not begun again before the unpausing.
  optional: ['ROOT:1:work'],
  workflows: [waitsFor('skip-paused', 'slow')],
  drive: async (world) => {
    await world.opened('begun ROOT:1:work');
    await operate(world, { operation: 'pause' });
    await operate(world, { operation: 'skip', step: '1:work', output: 'by hand' });
    world.open('late');
    await operate(world, { operation: 'unpause' });
  },
};

const child: Scenario = {
  name: 'skip of a child',
  workflows: [waitsFor('skip-child', 'patient')],
  drive: async (world) => {
    await world.reached('WAITING', 'ROOT.1.work');
    await operate(world, { operation: 'skip', step: 'patient', output: 'by hand' });
    await world.standing('cancelled', 'ROOT.1.work');
  },
};

/** Skip. */
export const skipScenarios = [failed, running, paused, child];
