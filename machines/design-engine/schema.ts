import { index, integer, pgSchema, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';

/** The pipeline's own tables; the engine's are in another schema. */
export const designEngine = pgSchema('design_engine');

const createdAt = () => timestamp('created_at', { withTimezone: true }).notNull().defaultNow();

/** The words that designs are made of. */
export const quotes = designEngine.table(
  'quotes',
  {
    id: text().primaryKey(),
    userId: text('user_id').notNull(),
    text: text().notNull(),
    author: text(),
    /** One of the styles; null takes the first. */
    style: text(),
    /** Colours as #rrggbb in place of the style's own. */
    paper: text(),
    ink: text(),
    accent: text(),
    createdAt: createdAt(),
  },
  (table) => [index('quotes_user').on(table.userId)],
);

/** Approved pictures, one row a size: what mockups are made of, and what can be sold. */
export const assets = designEngine.table(
  'assets',
  {
    /** The instance and the size: `<instance>.8x10`. */
    id: text().primaryKey(),
    quoteId: text('quote_id').notNull(),
    userId: text('user_id').notNull(),
    instanceKey: text('instance_key').notNull(),
    /** print, social */
    kind: text().notNull(),
    size: text().notNull(),
    /** The picture in the artifact store: a PNG, else a JPEG, else a PDF. */
    key: text().notNull(),
    /** Pixels; of a PDF points. */
    width: integer().notNull(),
    height: integer().notNull(),
    /** Pixels at each edge that a printer cuts off. */
    bleed: integer().notNull().default(0),
    createdAt: createdAt(),
  },
  (table) => [index('assets_quote').on(table.quoteId), index('assets_instance').on(table.instanceKey)],
);

/** Pictures of assets in a room. */
export const mockups = designEngine.table(
  'mockups',
  {
    instanceKey: text('instance_key').notNull(),
    assetId: text('asset_id').notNull(),
    scene: text().notNull(),
    quoteId: text('quote_id').notNull(),
    userId: text('user_id').notNull(),
    key: text().notNull(),
    width: integer().notNull(),
    height: integer().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.instanceKey, table.assetId, table.scene] }),
    index('mockups_quote').on(table.quoteId),
  ],
);

/** Who has to be told that a decision is wanted: an app shows or mails them. */
export const notifications = designEngine.table(
  'notifications',
  {
    instanceKey: text('instance_key').notNull(),
    /** Counts up with each change that was asked for. */
    round: integer().notNull(),
    /** approval-requested, approval-reminder */
    kind: text().notNull(),
    userId: text('user_id').notNull(),
    message: text().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.instanceKey, table.round, table.kind] }),
    index('notifications_user').on(table.userId),
  ],
);
