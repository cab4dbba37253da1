import { z } from 'zod';
import { defineEvent } from '../../src/index.ts';

/** A webhook came in. Whoever wants only some of them says so by `when`. */
export const webhookReceived = defineEvent(
  'webhook.received',
  z.object({
    provider: z.string(),
    webhookId: z.string(),
    /** What it tells of, by the provider's name for it: `payment_intent.succeeded`. */
    type: z.string(),
    /** The body. */
    data: z.record(z.string(), z.unknown()),
  }),
);
