import { createHash } from 'node:crypto';
import { z } from 'zod';
import { DurachartError, parseExactJson } from '../../src/index.ts';

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

/** The body as an object; null where that would be another one. */
export function dataOf(body: string): Record<string, unknown> | null {
  try {
    return payloadSchema.parse(parseExactJson(body));
  } catch {
    return null;
  }
}
