import { z } from 'zod';
import { defineTrigger, DurachartError, type Route } from '../../src/index.ts';
import { bodyKey, payloadOf } from './body.ts';
import { config } from './config.ts';
import { providerOf, secretsOf } from './providers/index.ts';
import { webhookProcessor } from './workflow.ts';

/** Starts it for a webhook whose body is stored. The route does so; by hand it publishes one again that was not yet. */
export const triggerWebhookProcessor = defineTrigger(webhookProcessor);

/** Ids and types are of printable ASCII. */
const nameSchema = z.string().regex(/^[!-~]{1,200}$/);

/** Takes webhooks: what is not signed leaves nothing behind, what is signed is stored before it is answered. */
export const webhookRoute: Route = {
  method: 'post',
  path: '/webhooks/{provider}',
  summary: 'Take a webhook of a provider',
  // The signature says who it is.
  open: true,
  problems: {
    UNKNOWN_PROVIDER: [404, 'There is no such provider'],
    SIGNATURE_INVALID: [401, 'The signature is not right'],
    PAYLOAD_INVALID: [400, 'The body is not a webhook of the provider'],
  },
  // A malformed secret shows when the server starts, not with each delivery.
  check: () => void config(),
  handle: async ({ params: { provider: name = '' }, headers, body: bytes, engine, artifacts }) => {
    const provider = providerOf(name);
    const secrets = secretsOf(name);
    const body = textOf(bytes);
    provider.verify({ headers, body, secrets, now: Date.now() });
    const id = nameSchema.safeParse(provider.identify(payloadOf(body), headers).id);
    if (!id.success) throw new DurachartError('PAYLOAD_INVALID', 'The webhook has no id.');
    const webhookId = id.data;
    const key = bodyKey(name, webhookId);
    // The first one counts: what was published stays what it was published from.
    if ((await artifacts.stat(key)) === undefined) await artifacts.put(key, bytes);
    const { created, id: instance } = await triggerWebhookProcessor(
      engine,
      { webhookId, provider: name },
      { key: `${name} ${webhookId}` },
    );
    return { status: 202, body: { instance, duplicate: !created } };
  },
};

function textOf(bytes: Uint8Array): string {
  try {
    // As it came: a byte order mark is signed too.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new DurachartError('PAYLOAD_INVALID', 'The body is not UTF-8.', { cause });
  }
}
