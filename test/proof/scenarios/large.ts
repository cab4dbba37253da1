import { assign, setup } from 'xstate';
import { defineWorkflow } from '../../../src/index.ts';
import type { Scenario } from '../world.ts';
import { step, type Types } from './parts.ts';

/** More than a row holds, the same in every run. */
const big = 'm'.repeat(257 * 1_024);

/** A value that lies in the artifact store: what a step gives, what the context keeps, and what comes out. */
export const largeScenario: Scenario = {
  name: 'a value that is too large for a row',
  workflows: [
    defineWorkflow({
      machine: setup({
        types: {} as { input: Types['input']; context: { run: string; made: string }; output: { made: string } },
        actors: { make: step(() => big) },
      }).createMachine({
        id: 'large',
        context: ({ input: { run } }) => ({ run, made: '' }),
        initial: 'BEGUN',
        output: ({ context: { made } }) => ({ made }),
        states: {
          BEGUN: {
            invoke: {
              id: 'make',
              src: 'make',
              onDone: { target: 'MADE', actions: assign({ made: ({ event }) => event.output }) },
            },
          },
          MADE: { type: 'final' },
        },
      }),
    }),
  ],
};
