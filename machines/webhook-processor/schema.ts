import { pgSchema, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';

export const webhookProcessor = pgSchema('webhook_processor');

/** The webhooks that were published as events; each once, however often it was sent. */
export const deliveries = webhookProcessor.table(
  'deliveries',
  {
    provider: text().notNull(),
    webhookId: text('webhook_id').notNull(),
    /** What it tells of, by the provider's name for it. */
    type: text().notNull(),
    instanceKey: text('instance_key').notNull(),
    /** Of the artifact with the raw body. */
    body: text().notNull(),
    publishedAt: timestamp('published_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.provider, table.webhookId] })],
);
