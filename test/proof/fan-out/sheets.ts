import { setTimeout as sleep } from 'node:timers/promises';
import type postgres from 'postgres';
import { assign, setup } from 'xstate';
import { defineStep, defineWorkflow, forEach } from '../../../src/index.ts';

/** Milliseconds of an item. */
const ITEM = 10;

/** The table in which items note that they have been done. */
export const SHEETS = `create table sheets (key text not null)`;

/** A fan-out of so many items of 10 ms, four at a time. @param sql where they note what they do */
export function sheetsWorkflow(sql: postgres.Sql) {
  const print = defineStep<number, number>({
    retry: { maxAttempts: 50, minDelay: 20, maxDelay: 200 },
    timeout: 5_000,
    run: async ({ input, key }) => {
      await sleep(ITEM);
      await sql`insert into sheets (key) values (${key})`;
      return input;
    },
  });
  const machine = setup({
    types: {} as { context: { count: number; sum: number }; input: { count: number }; output: { sum: number } },
    actors: { print: forEach(print, { concurrency: 4 }) },
  }).createMachine({
    id: 'sheets',
    context: ({ input }) => ({ count: input.count, sum: 0 }),
    output: ({ context }) => ({ sum: context.sum }),
    initial: 'PRINTING',
    states: {
      PRINTING: {
        invoke: {
          id: 'print',
          src: 'print',
          input: ({ context }) => Array.from({ length: context.count }, (_, n) => n),
          onDone: {
            target: 'PRINTED',
            actions: assign({ sum: ({ event }) => event.output.results.reduce((sum, { output }) => sum + output, 0) }),
          },
        },
      },
      PRINTED: { type: 'final' },
    },
  });
  return defineWorkflow({ machine });
}
