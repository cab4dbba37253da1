import { setup } from 'xstate';
import { defineWorkflow } from '../../../src/index.ts';
import type { Scenario } from '../world.ts';
import { ledgerStep, operate, step, type Types } from './parts.ts';

const types = {} as Types & { events: { type: 'STOP' } | { type: 'GO' } };
const context = ({ input }: { input: Types['input'] }): Types['context'] => ({ run: input.run, log: [] });
const input = ({ context }: { context: Types['context'] }): Types['input'] => ({ run: context.run });

const patient = setup({ types }).createMachine({
  id: 'patient-cancelled',
  context,
  initial: 'WAITING',
  states: { WAITING: { on: { GO: 'DONE' }, after: { 60_000: 'DONE' } }, DONE: { type: 'final' } },
});

/** Works until it is cancelled; then, unless it is forced, it pays back. */
function cancellable(name: string) {
  return defineWorkflow({
    controls: { cancel: 'STOP' },
    machine: setup({
      types,
      actors: {
        patient,
        forever: step(async (_context, world) => {
          await world.operated('cancel');
          return 'too late';
        }),
        refund: ledgerStep(() => 'paid back'),
      },
    }).createMachine({
      id: name,
      context,
      initial: 'WORKING',
      states: {
        WORKING: {
          after: { 60_000: 'WRONG' },
          invoke: [
            { id: 'work', src: 'forever', onDone: 'WRONG' },
            { id: 'child', src: 'patient', input, onDone: 'WRONG' },
          ],
          on: { STOP: 'STOPPING' },
        },
        STOPPING: { invoke: { id: 'refund', src: 'refund', onDone: 'STOPPED' } },
        STOPPED: { type: 'final' },
        WRONG: { type: 'final' },
      },
    }),
  });
}

const own: Scenario = {
  name: "cancel by the machine's own event",
  workflows: [cancellable('own-cancel')],
  drive: async (world) => {
    await world.opened('begun ROOT:1:work');
    await world.reached('WAITING', 'ROOT.1.child');
    await operate(world, { operation: 'cancel' });
    await world.standing('cancelled', 'ROOT.1.child');
  },
};

const forced: Scenario = {
  name: 'cancel that is forced',
  workflows: [cancellable('forced-cancel')],
  ends: 'cancelled',
  drive: async (world) => {
    await world.opened('begun ROOT:1:work');
    await world.reached('WAITING', 'ROOT.1.child');
    await operate(world, { operation: 'cancel', force: true });
    await world.standing('cancelled', 'ROOT.1.child');
  },
};

/** Cancel. */
export const cancelScenarios = [own, forced];
