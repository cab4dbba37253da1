import { bigint, index, pgSchema, text, timestamp } from 'drizzle-orm/pg-core';

export const exportGenerator = pgSchema('export_generator');

/** The files that were made; one row an export. */
export const exports = exportGenerator.table(
  'exports',
  {
    instanceKey: text('instance_key').primaryKey(),
    userId: text('user_id').notNull(),
    exportType: text('export_type').notNull(),
    format: text().notNull(),
    /** Of the artifact. */
    key: text().notNull(),
    rows: bigint({ mode: 'number' }).notNull(),
    bytes: bigint({ mode: 'number' }).notNull(),
    sha256: text().notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [index('exports_user').on(table.userId, table.createdAt)],
);
