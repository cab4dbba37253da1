import { fileURLToPath } from 'node:url';

export { webhookReceived } from './event.ts';
export { triggerWebhookProcessor, webhookRoute } from './route.ts';
export { webhookProcessor } from './workflow.ts';

export const migrations = {
  folder: fileURLToPath(new URL('migrations', import.meta.url)),
  schema: 'webhook_processor',
} as const;
