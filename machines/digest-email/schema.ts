import { date, pgSchema, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';

export const digestEmail = pgSchema('digest_email');

const time = (name: string) => timestamp(name, { withTimezone: true });

/** Who gets digests. */
export const recipients = digestEmail.table('recipients', {
  userId: text('user_id').primaryKey(),
  email: text().notNull(),
  name: text(),
  /** Set: no more digests. */
  unsubscribedAt: time('unsubscribed_at'),
  createdAt: time('created_at').notNull().defaultNow(),
});

/** The digests that were handed to a mail server (or, without one, to the outbox); one a user and day. */
export const sent = digestEmail.table(
  'sent',
  {
    userId: text('user_id').notNull(),
    day: date().notNull(),
    instanceKey: text('instance_key').notNull(),
    messageId: text('message_id').notNull(),
    /** `smtp` or `outbox`. */
    way: text().notNull(),
    sentAt: time('sent_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.day] })],
);
