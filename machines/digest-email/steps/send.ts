import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { config } from '../config.ts';
import { putIntoOutbox } from '../mail/outbox.ts';
import { sendBySmtp } from '../mail/smtp.ts';
import { messageSchema } from './render.ts';

/**
 * Hands the message to the mail server. An attempt whose answer was lost sends it once more: the same bytes with the
 * same Message-ID, by which mail systems know it again.
 */
export const send = defineStep({
  input: messageSchema,
  output: z.object({ way: z.enum(['smtp', 'outbox']), sentAt: z.iso.datetime() }),
  // A server that defers mail (greylisting) wants minutes.
  retry: { maxAttempts: 6, minDelay: 30_000, factor: 3, maxDelay: 3_600_000, jitter: 0.2 },
  timeout: 5 * 60_000,
  run: async ({ input, artifacts, log }) => {
    const { smtp } = config();
    const message = await buffer(await artifacts.read(input.key));
    if (smtp === undefined) {
      const { location } = await putIntoOutbox(artifacts, input.messageId, message);
      log.info('no SMTP_URL is set; the message is in the outbox', { location });
      return { way: 'outbox' as const, sentAt: new Date().toISOString() };
    }
    await sendBySmtp(smtp, { from: input.from, to: input.to, message });
    log.info('the mail server has taken the message', { messageId: input.messageId });
    return { way: 'smtp' as const, sentAt: new Date().toISOString() };
  },
});
