import { fileURLToPath } from 'node:url';
import { defineTrigger, defineWorkflow } from '../../src/index.ts';
import { contextSchema } from './context.ts';
import { inputSchema, outputSchema } from './input.ts';
import { machine } from './machine.ts';
import { ERRORS } from './mail/failure.ts';

/** A mail about a user's day. */
export const digestEmail = defineWorkflow({
  name: 'digest-email',
  version: '1',
  machine,
  input: inputSchema,
  context: contextSchema,
  output: outputSchema,
  errors: ERRORS,
});

/** Starts it: `triggerDigestEmail(engine, { userId, date }, { key: `digest ${userId} ${date}` })`. */
export const triggerDigestEmail = defineTrigger(digestEmail);

export const migrations = {
  folder: fileURLToPath(new URL('migrations', import.meta.url)),
  schema: 'digest_email',
} as const;
