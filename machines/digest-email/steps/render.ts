import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { instanceFolder } from '../../instance-folder.ts';
import { config } from '../config.ts';
import { digestSchema } from '../digest.ts';
import { buildMessage, messageIdOf } from '../mail/message.ts';
import { renderDigest } from '../render/render.ts';

/** The message as it goes out. It is sent from here, byte for byte, however often that is tried. */
export const messageSchema = z.object({
  /** Of the artifact. */
  key: z.string(),
  messageId: z.string(),
  to: z.string(),
  from: z.string(),
});

/** Makes the message and stores it. */
export const render = defineStep({
  input: digestSchema,
  output: messageSchema,
  timeout: 60_000,
  run: async ({ input, key: idempotencyKey, artifacts, instance }) => {
    const { from } = config();
    const messageId = messageIdOf(idempotencyKey, from);
    const content = renderDigest(input);
    const message = await buildMessage({ ...content, messageId, from, to: input.to });
    const { key } = await artifacts.put(`${instanceFolder(instance.id)}/digest.eml`, message);
    await artifacts.put(`${instanceFolder(instance.id)}/digest.html`, content.html);
    return { key, messageId, to: input.to.address, from };
  },
});
