import { assign, setup } from 'xstate';
import { defineStep } from '../../src/index.ts';
import { inputSchema, outputSchema, type Job, type Refreshed } from './input.ts';
import { refreshWinners } from './rank.ts';

/** All of it and the step's result are one commit: readers see the old winners or the new ones. */
const refresh = defineStep({
  input: inputSchema,
  output: outputSchema,
  timeout: 10 * 60_000,
  transactional: true,
  run: async ({ input, tx, log }) => {
    const refreshed = await refreshWinners(tx, input);
    log.info('winners refreshed', { ...refreshed });
    return refreshed;
  },
});

/** The pins that do best are found anew. */
export const machine = setup({
  types: {
    input: {} as Job,
    context: {} as { job: Job; refreshed: Refreshed | null },
    output: {} as Refreshed,
  },
  actors: { refresh },
}).createMachine({
  id: 'winner-refresh',
  description: 'Finds the pins that do best, of one user or of all, from how they did in the last four weeks.',
  context: ({ input }) => ({ job: input, refreshed: null }),
  initial: 'REQUESTED',
  states: {
    REQUESTED: {
      description: 'The job is accepted; scores and ranks are being computed.',
      invoke: {
        id: 'refresh',
        src: 'refresh',
        input: ({ context }) => context.job,
        onDone: { target: 'REFRESHED', actions: assign({ refreshed: ({ event }) => event.output }) },
      },
    },
    REFRESHED: { description: 'The table of winners is up to date.', type: 'final' },
  },
  output: ({ context }) => context.refreshed as Refreshed,
});
