import { createMachine } from 'xstate';
import { z } from 'zod';
import { defineStep, defineWorkflow, type Workflow } from '../../../src/index.ts';

export const WORKFLOWS = 20;
export const STATES = 8;

const work = defineStep({ timeout: 3_600_000, run: async () => null });

/** Workflows that differ in their names only: `w1` to `w20`, states S1 to S8. */
export const workflows: readonly Workflow[] = Array.from({ length: WORKFLOWS }, (_, i) => {
  const states = Array.from({ length: STATES }, (_unused, n) => [
    `S${n + 1}`,
    n + 1 === STATES
      ? { type: 'final' }
      : {
          invoke: { id: 'work', src: 'work', onDone: `S${n + 2}`, onError: 'S1' },
          on: { NEXT: `S${n + 2}` },
        },
  ]);
  const machine = createMachine(
    { id: `w${i + 1}`, initial: 'S1', states: Object.fromEntries(states) } as never,
    { actors: { work } } as never,
  );
  return defineWorkflow({
    machine,
    input: z.object({ orderId: z.string(), amount: z.number() }),
    context: z.object({ note: z.string(), count: z.number() }),
    output: z.object({ total: z.number() }),
  }) as unknown as Workflow;
});
