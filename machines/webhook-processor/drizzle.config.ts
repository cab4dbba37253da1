import { defineConfig } from 'drizzle-kit';

/** `drizzle-kit generate --config machines/webhook-processor/drizzle.config.ts` */
export default defineConfig({
  dialect: 'postgresql',
  schema: './machines/webhook-processor/schema.ts',
  out: './machines/webhook-processor/migrations',
  schemaFilter: ['webhook_processor'],
});
