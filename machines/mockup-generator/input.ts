import { z } from 'zod';

const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,119}$/, 'Letters, digits and . _ : -, at most 120');

/** What a job starts with. */
export const inputSchema = z
  .strictObject({
    quoteId: id,
    userId: id.describe('Whose assets they are.'),
    assetIds: z.array(id).min(1).max(100).describe('Of rows in design_engine.assets.'),
    scenes: z
      .array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'Lower-case letters, digits and -, at most 40'))
      .min(1)
      .max(50)
      .describe('living-room, shelf, gallery, table. An unknown one is reported, the others are made.'),
  })
  .meta({
    examples: [{ quoteId: 'way-out', userId: 'demo', assetIds: ['design-1.8x10'], scenes: ['living-room', 'shelf'] }],
  });
export type JobInput = z.infer<typeof inputSchema>;

/** Payloads of the events that people send. */
export const eventSchemas = {
  RETRY: z.strictObject({}).describe('Go on where it failed.'),
};
export type JobEvent = { type: 'RETRY' };
