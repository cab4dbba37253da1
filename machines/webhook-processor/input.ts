import { z } from 'zod';

/** A webhook whose signature was right and whose body is stored. */
export const inputSchema = z
  .strictObject({
    webhookId: z.string().min(1).max(200).describe("The provider's id of it."),
    provider: z.string().min(1).max(50).describe('Who sent it.'),
  })
  .meta({ examples: [{ webhookId: 'evt_1P2x', provider: 'stripe' }] });
export type Job = z.infer<typeof inputSchema>;

export const outputSchema = z.object({
  /** False: it had been published before. */
  published: z.boolean(),
  /** What it tells of, by the provider's name for it. */
  type: z.string(),
});
export type Processed = z.infer<typeof outputSchema>;
