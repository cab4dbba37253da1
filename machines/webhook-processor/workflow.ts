import { z } from 'zod';
import { defineWorkflow } from '../../src/index.ts';
import { webhookReceived } from './event.ts';
import { inputSchema, outputSchema } from './input.ts';
import { machine } from './machine.ts';

/** A signed webhook becomes an event, once. */
export const webhookProcessor = defineWorkflow({
  name: 'webhook-processor',
  version: '1',
  machine,
  input: inputSchema,
  context: z.object({ job: inputSchema, processed: outputSchema.nullable() }),
  output: outputSchema,
  publishes: [webhookReceived],
  errors: { PAYLOAD_INVALID: 'final', UNKNOWN_PROVIDER: 'final' },
});
