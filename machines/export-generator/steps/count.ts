import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { inputSchema } from '../input.ts';
import { countRows } from '../query.ts';

/** How much there is to do, for the progress. */
export const count = defineStep({
  input: inputSchema,
  output: z.object({ rows: z.int() }),
  timeout: 5 * 60_000,
  transactional: true,
  run: async ({ input, tx }) => ({ rows: await countRows(tx, input) }),
});
