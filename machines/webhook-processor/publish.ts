import { text } from 'node:stream/consumers';
import { defineStep, DurachartError, StepError } from '../../src/index.ts';
import { bodyKey, dataOf, payloadOf } from './body.ts';
import { webhookReceived } from './event.ts';
import { inputSchema, outputSchema } from './input.ts';
import { providerOf } from './providers/index.ts';

/** What an event cannot hold as it is, which is said before anything is stored. */
const CANNOT_HOLD: ReadonlySet<string> = new Set(['PAYLOAD_TOO_LARGE', 'NOT_JSON', 'RESERVED_KEY']);

/** Text that can be stored, of at most 200 characters, of which none is cut in two. */
function typeOf(given: unknown): string {
  if (typeof given !== 'string' || given === '') return 'unknown';
  return Array.from(given.slice(0, 400).toWellFormed().replaceAll('\0', '\u{fffd}')).slice(0, 200).join('');
}

/** Notes the webhook and publishes it, in one commit; one that is noted already is not published again. */
export const publishWebhook = defineStep({
  input: inputSchema,
  output: outputSchema,
  timeout: 60_000,
  transactional: true,
  run: async ({ input, tx, artifacts, instance, publish }) => {
    const { provider: name, webhookId } = input;
    const provider = providerOf(name);
    const key = bodyKey(name, webhookId);
    if ((await artifacts.stat(key)) === undefined)
      throw new StepError(
        'NOT_FOUND',
        `There is no body of the webhook ${webhookId} of ${name}: it was never received here.`,
      );
    const body = await text(await artifacts.read(key));
    const type = typeOf(provider.identify(payloadOf(body), new Headers()).type);
    const noted = await tx`
      insert into webhook_processor.deliveries (provider, webhook_id, type, instance_key, body)
      values (${name}, ${webhookId}, ${type}, ${instance.id}, ${key})
      on conflict (provider, webhook_id) do nothing returning 1`;
    if (noted.length === 0) return { published: false, type };
    const event = { provider: name, webhookId, type, body: key };
    await publish(webhookReceived, { ...event, data: dataOf(body) }).catch(async (error: unknown) => {
      if (!(error instanceof DurachartError && CANNOT_HOLD.has(error.code))) throw error;
      return publish(webhookReceived, { ...event, data: null });
    });
    return { published: true, type };
  },
});
