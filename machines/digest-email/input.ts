import { z } from 'zod';

/** Whose digest of which day. */
export const inputSchema = z
  .strictObject({
    userId: z.string().min(1).max(200).describe('Who gets it; the address is in digest_email.recipients.'),
    date: z.iso.date().describe('The day that it tells of (UTC).'),
  })
  .meta({ examples: [{ userId: 'ada', date: '2026-01-31' }] });
export type Job = z.infer<typeof inputSchema>;

/** Why no digest is sent. */
export const reasonSchema = z.enum(['unsubscribed', 'sent already', 'nothing to tell']);

export const outputSchema = z.object({
  sent: z.boolean(),
  reason: reasonSchema.nullable(),
  messageId: z.string().nullable(),
});
