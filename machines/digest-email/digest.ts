import { z } from 'zod';

const countsSchema = z.object({ impressions: z.number(), saves: z.number(), clicks: z.number() });

const pinSchema = countsSchema.extend({ title: z.string(), url: z.string().nullable() });

/** What a digest tells. */
export const digestSchema = z.object({
  to: z.object({ address: z.string(), name: z.string().nullable() }),
  date: z.iso.date(),
  /** All pins together, on the day and on the day before. */
  day: countsSchema,
  before: countsSchema,
  /** The pins with most saves and clicks, best first. */
  pins: z.array(pinSchema),
  /** Pins that became top performers on the day. */
  winners: z.array(z.object({ title: z.string(), url: z.string().nullable(), rank: z.number() })),
});
export type Digest = z.infer<typeof digestSchema>;
