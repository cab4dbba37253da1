import { createHash } from 'node:crypto';
import { z } from 'zod';
import { DurachartError } from '../../src/index.ts';

/** Where the raw body of a webhook is kept. */
export function bodyKey(provider: string, webhookId: string): string {
  return `webhooks/${provider}/${createHash('sha256').update(webhookId).digest('hex').slice(0, 40)}.json`;
}

const payloadSchema = z.record(z.string(), z.unknown());

/** The body as an object. @throws DurachartError `PAYLOAD_INVALID` */
export function payloadOf(body: string): Readonly<Record<string, unknown>> {
  try {
    return payloadSchema.parse(JSON.parse(body));
  } catch (cause) {
    throw new DurachartError('PAYLOAD_INVALID', 'The body is no JSON object.', { cause });
  }
}
