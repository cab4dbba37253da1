import { assign, setup } from 'xstate';
import { z } from 'zod';
import { defineStep, defineWorkflow, type ArtifactStore } from '../../../src/index.ts';
import { reached, type Bench } from '../../support/engine.ts';

/** More than a row holds, and different for each letter. */
export const big = (letter: string, kilobytes = 300): string => letter.repeat(kilobytes * 1_024);

interface Context {
  given: string;
  told: string;
  made: string;
  moves: number;
}

/** What its step was given: length and first letter. */
export const seen: string[] = [];

/** Carries what is large through everything that a row can hold. */
export const carrier = defineWorkflow({
  machine: setup({
    types: {
      input: {} as { text: string },
      context: {} as Context,
      events: {} as { type: 'TELL'; text: string } | { type: 'MOVE' } | { type: 'END' },
      output: {} as { all: string },
    },
    actors: {
      turn: defineStep({
        input: z.object({ text: z.string() }),
        output: z.object({ turned: z.string() }),
        run: ({ input }) => {
          seen.push(`${input.text.length} ${input.text[0]}`);
          return { turned: input.text.toUpperCase() };
        },
      }),
    },
  }).createMachine({
    id: 'carrier',
    context: ({ input }) => ({ given: input.text, told: '', made: '', moves: 0 }),
    initial: 'GIVEN',
    output: ({ context }) => ({ all: context.given + context.told + context.made }),
    states: {
      GIVEN: { on: { TELL: { target: 'TOLD', actions: assign({ told: ({ event }) => event.text }) } } },
      TOLD: {
        invoke: {
          id: 'turn',
          src: 'turn',
          input: ({ context }) => ({ text: context.told }),
          onDone: { target: 'TURNED', actions: assign({ made: ({ event }) => event.output.turned }) },
        },
      },
      TURNED: {
        on: { MOVE: { actions: assign({ moves: ({ context }) => context.moves + 1 }) }, END: 'ENDED' },
      },
      ENDED: { type: 'final' },
    },
  }),
});

/** An instance of it, through its step, and the engine that works. */
export async function carried(
  bench: Bench,
  artifacts: ArtifactStore,
  id: string,
): Promise<{ engine: Awaited<ReturnType<Bench['worker']>> }> {
  const engine = await bench.worker([carrier], { artifacts });
  await engine.start('carrier', { text: big('g') }, { id });
  await engine.send(id, { type: 'TELL', text: big('t') });
  await reached(engine as never, id, 'TURNED');
  return { engine: engine as never };
}
