import { z } from 'zod';
import { defineStep, StepError } from '../../../src/index.ts';
import { assetSchema } from '../context.ts';
import { STEP } from './options.ts';

interface Row {
  id: string;
  key: string;
  bleed: number;
}

/** Reads the assets; all of them have to be the user's, and of the quote. */
export const loadAssets = defineStep({
  input: z.object({ quoteId: z.string(), userId: z.string(), assetIds: z.array(z.string()) }),
  output: z.array(assetSchema),
  ...STEP,
  timeout: 30_000,
  transactional: true,
  run: async ({ input: { quoteId, userId, assetIds }, tx }) => {
    const wanted = [...new Set(assetIds)];
    const rows = await tx<Row>`
      select id, key, bleed from design_engine.assets
      where quote_id = ${quoteId} and user_id = ${userId} and id = any(${wanted}) and key !~ '[.]pdf$'`;
    const found = new Map(rows.map((row) => [row.id, row]));
    const missing = wanted.filter((id) => !found.has(id));
    if (missing.length > 0) {
      throw new StepError(
        'ASSET_NOT_FOUND',
        `User ${userId} has no picture ${missing.slice(0, 5).join(', ')} of quote ${quoteId}. Pictures are in design_engine.assets; a PDF cannot be shown in a room.`,
        { details: { missing } },
      );
    }
    return wanted.flatMap((id) => found.get(id) ?? []);
  },
});
