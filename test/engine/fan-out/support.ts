import { assign, setup } from 'xstate';
import {
  defineStep,
  defineWorkflow,
  forEach,
  type ForEachInput,
  type ForEachOptions,
  type ForEachOutput,
  type Step,
} from '../../../src/index.ts';

/** A workflow that does a step for each of its items: BEGUN, then DONE. STOP leaves it in the middle. Its output is the fan-out's. */
export function fansOut<Item, Output>(name: string, step: Step<Item, Output>, options: ForEachOptions = {}) {
  const machine = setup({
    types: {} as {
      context: { output: ForEachOutput<Output> | null };
      events: { type: 'STOP' };
      input: { items: ForEachInput<Item> };
      output: ForEachOutput<Output> | null;
    },
    actors: { work: forEach(step, options) },
  }).createMachine({
    id: name,
    context: { output: null },
    output: ({ context }) => context.output,
    initial: 'BEGUN',
    states: {
      BEGUN: {
        invoke: {
          id: 'work',
          src: 'work',
          input: ({ event }) => (event as unknown as { input: { items: ForEachInput<Item> } }).input.items,
          onDone: { target: 'DONE', actions: assign({ output: ({ event }) => event.output }) },
        },
        on: { STOP: 'STOPPED' },
      },
      STOPPED: { type: 'final' },
      DONE: { type: 'final' },
    },
  });
  return defineWorkflow({ machine });
}

/** Doubles numbers; a negative one fails for good. */
export const double = defineStep<number, number>({
  retry: { maxAttempts: 1 },
  run: ({ input }) => {
    if (input < 0) throw new Error(`cannot double ${input}`);
    return 2 * input;
  },
});
