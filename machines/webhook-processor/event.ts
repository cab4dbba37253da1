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
    /** The body; null where an event cannot hold it as it is: over 256 KB, with NUL or a number that JavaScript has no equal of, and the like. */
    data: z.record(z.string(), z.unknown()).nullable(),
    /** Key of the body in the artifact store, as it came. */
    body: z.string(),
  }),
);
