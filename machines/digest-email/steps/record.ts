import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { inputSchema } from '../input.ts';

/** Notes that the day's digest is sent, so that no other instance sends it again. */
export const record = defineStep({
  input: z.object({ job: inputSchema, messageId: z.string(), way: z.string(), sentAt: z.iso.datetime() }),
  timeout: 60_000,
  transactional: true,
  run: async ({ input: { job, messageId, way, sentAt }, tx, instance }) => {
    await tx`
      insert into digest_email.sent (user_id, day, instance_key, message_id, way, sent_at)
      values (${job.userId}, ${job.date}::text::date, ${instance.id}, ${messageId}, ${way}, ${sentAt}::text::timestamptz)
      on conflict (user_id, day) do nothing`;
  },
});
