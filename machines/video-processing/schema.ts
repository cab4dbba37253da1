import { bigint, index, integer, jsonb, pgSchema, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';

/** The pipeline's own tables; the engine's are in another schema. */
export const videoProcessing = pgSchema('video_processing');

const createdAt = () => timestamp('created_at', { withTimezone: true }).notNull().defaultNow();

/** Who may process how many videos. */
export const workspaces = videoProcessing.table('workspaces', {
  id: text().primaryKey(),
  quota: integer().notNull(),
  used: integer().notNull().default(0),
  createdAt: createdAt(),
});

/** One row a video that was counted against a quota, so that none is counted twice. */
export const usage = videoProcessing.table(
  'usage',
  {
    instanceKey: text('instance_key').primaryKey(),
    workspaceId: text('workspace_id')
      .notNull()
      .references(() => workspaces.id),
    createdAt: createdAt(),
  },
  (table) => [index('usage_workspace').on(table.workspaceId)],
);

/** What lies in the artifact store, and until when it is kept. */
export const artifacts = videoProcessing.table(
  'artifacts',
  {
    key: text().primaryKey(),
    instanceKey: text('instance_key').notNull(),
    workspaceId: text('workspace_id').notNull(),
    /** source, transcript, insights, newsletter, blog, twitter, linkedin, index … */
    kind: text().notNull(),
    bytes: bigint({ mode: 'number' }).notNull(),
    sha256: text().notNull(),
    location: text().notNull(),
    retainedUntil: timestamp('retained_until', { withTimezone: true }).notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    index('artifacts_instance').on(table.instanceKey),
    index('artifacts_retained_until').on(table.retainedUntil),
  ],
);

/** How long each step of an instance took, and what it counted. */
export const analytics = videoProcessing.table(
  'analytics',
  {
    instanceKey: text('instance_key').notNull(),
    step: text().notNull(),
    workspaceId: text('workspace_id').notNull(),
    /** Successful runs; more than one after a retry, an edit or a rejection. */
    runs: integer().notNull(),
    /** All runs together. */
    milliseconds: bigint({ mode: 'number' }).notNull(),
    counts: jsonb().$type<Record<string, number>>().notNull(),
    finishedAt: timestamp('finished_at', { withTimezone: true }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.instanceKey, table.step] })],
);
