import { z } from 'zod';

/** Whose pins are ranked anew. Nothing given: everybody's, as the weekly schedule asks for. */
export const inputSchema = z
  .strictObject({
    userId: z.string().min(1).max(200).optional().describe('Default: every user.'),
    pinIds: z
      .array(z.string().min(1).max(200))
      .min(1)
      .max(10_000)
      .optional()
      .describe(
        "Looks at these pins only; the others keep their scores. Needs a user. Default: all of the user's pins.",
      ),
  })
  .refine(({ userId, pinIds }) => pinIds === undefined || userId !== undefined, {
    path: ['userId'],
    message: 'is needed where pinIds are given: pins are named within a user',
  })
  .meta({ examples: [{ userId: 'ada' }] });
export type Job = z.infer<typeof inputSchema>;

export const outputSchema = z.object({
  /** First and last day that were counted (UTC). */
  from: z.iso.date(),
  to: z.iso.date(),
  /** Pins whose score was computed. */
  scored: z.int(),
  /** Winners of the users that were looked at. */
  winners: z.int(),
  /** Of them, pins that were none before; and pins that are none any longer. */
  entered: z.int(),
  left: z.int(),
});
export type Refreshed = z.infer<typeof outputSchema>;
