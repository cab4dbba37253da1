import { text } from 'node:stream/consumers';
import { defineStep, StepError } from '../../src/index.ts';
import { bodyKey, payloadOf } from './body.ts';
import { webhookReceived } from './event.ts';
import { inputSchema, outputSchema } from './input.ts';
import { providerOf } from './providers/index.ts';

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
    const data = payloadOf(await text(await artifacts.read(key)));
    const { type: given } = provider.identify(data, new Headers());
    const type = typeof given === 'string' && given !== '' ? given.slice(0, 200) : 'unknown';
    const noted = await tx`
      insert into webhook_processor.deliveries (provider, webhook_id, type, instance_key, body)
      values (${name}, ${webhookId}, ${type}, ${instance.id}, ${key})
      on conflict (provider, webhook_id) do nothing returning 1`;
    if (noted.length === 0) return { published: false, type };
    await publish(webhookReceived, { provider: name, webhookId, type, data: { ...data } });
    return { published: true, type };
  },
});
