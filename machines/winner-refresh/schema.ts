import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  date,
  doublePrecision,
  integer,
  pgSchema,
  primaryKey,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';

/** The pipeline's own tables: what pins there are, how they do, and which do best. `digest-email` and `export-generator` read them. */
export const winnerRefresh = pgSchema('winner_refresh');

const time = (name: string) => timestamp(name, { withTimezone: true }).notNull().defaultNow();
const count = (name: string) => bigint(name, { mode: 'number' }).notNull();

/** Pictures that users have published. */
export const pins = winnerRefresh.table(
  'pins',
  {
    userId: text('user_id').notNull(),
    pinId: text('pin_id').notNull(),
    title: text().notNull(),
    /** Where people see it. */
    url: text(),
    createdAt: time('created_at'),
  },
  (table) => [primaryKey({ columns: [table.userId, table.pinId] })],
);

/** How a pin did on one day (UTC). A later count of the same day takes the place of the earlier one. */
export const pinMetrics = winnerRefresh.table(
  'pin_metrics',
  {
    userId: text('user_id').notNull(),
    day: date().notNull(),
    pinId: text('pin_id').notNull(),
    impressions: count('impressions'),
    saves: count('saves'),
    clicks: count('clicks'),
    recordedAt: time('recorded_at'),
  },
  (table) => [
    // In the order in which an export reads them.
    primaryKey({ columns: [table.userId, table.day, table.pinId] }),
    check('pin_metrics_counts', sql`least(impressions, saves, clicks) >= 0`),
  ],
);

/** What each pin with metrics was worth when it was last looked at. */
export const scores = winnerRefresh.table(
  'scores',
  {
    userId: text('user_id').notNull(),
    pinId: text('pin_id').notNull(),
    /** 0 to 1; see rank.ts. */
    score: doublePrecision().notNull(),
    impressions: count('impressions'),
    /** Saves and clicks, at most one an impression. */
    engagements: count('engagements'),
    scoredAt: time('scored_at'),
  },
  (table) => [primaryKey({ columns: [table.userId, table.pinId] })],
);

/** The top performers of each user. */
export const winners = winnerRefresh.table(
  'winners',
  {
    userId: text('user_id').notNull(),
    pinId: text('pin_id').notNull(),
    /** 1 is the best. */
    rank: integer().notNull(),
    score: doublePrecision().notNull(),
    /** Since when it has been one without a break. */
    since: time('since'),
    refreshedAt: time('refreshed_at'),
  },
  (table) => [primaryKey({ columns: [table.userId, table.pinId] })],
);
