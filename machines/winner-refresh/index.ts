import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { defineTrigger, defineWorkflow } from '../../src/index.ts';
import { inputSchema, outputSchema } from './input.ts';
import { machine } from './machine.ts';

/** Finds the pins that do best. */
export const winnerRefresh = defineWorkflow({
  name: 'winner-refresh',
  version: '1',
  machine,
  input: inputSchema,
  context: z.object({ job: inputSchema, refreshed: outputSchema.nullable() }),
  output: outputSchema,
  // Everybody's, in the small hours of Monday.
  schedules: [{ name: 'weekly', cron: '0 4 * * 1', jitter: 600_000, input: {}, overlap: 'skip' }],
});

/** Starts it: `triggerWinnerRefresh(engine, { userId })`. */
export const triggerWinnerRefresh = defineTrigger(winnerRefresh);

export const migrations = {
  folder: fileURLToPath(new URL('migrations', import.meta.url)),
  schema: 'winner_refresh',
} as const;
