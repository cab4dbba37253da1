import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  boolean,
  index,
  integer,
  json,
  pgSchema,
  primaryKey,
  real,
  serial,
  smallint,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';

/** Everything of the engine's lives in a Postgres schema of its own. */
export const durachart = pgSchema('durachart');

const time = (name: string) => timestamp(name, { withTimezone: true, mode: 'date', precision: 3 });

/** One row an instance. The hot path updates nothing that an index holds, save `lease` and `wake_at` when an instance is taken or parked. */
export const instances = durachart.table(
  'instances',
  {
    id: text('id').primaryKey(),
    workflow: text('workflow').notNull(),
    version: text('version').notNull(),
    tenant: text('tenant'),
    tags: text('tags')
      .array()
      .notNull()
      .default(sql`'{}'`),
    /** 0 to 9; higher ones are taken first. */
    priority: smallint('priority').notNull().default(5),
    /** The Idempotency-Key it was started with. */
    key: text('key'),
    parentId: text('parent_id'),
    /** Key of the parent's invocation that this instance answers. */
    parentKey: text('parent_key'),
    createdAt: time('created_at').notNull(),
    input: json('input'),
    // What changes comes last, the snapshot before the rest: Postgres logs a row from where it differs.
    snapshot: json('snapshot'),
    output: json('output'),
    error: json('error'),
    errorCode: text('error_code'),
    /** scheduled, running, waiting, done, failed, cancelled */
    status: text('status').notNull(),
    /** The state's name on one line; the exact value is in the snapshot. */
    state: text('state').notNull(),
    /** Number of the last transition; every write is on condition of it. */
    sequence: integer('sequence').notNull(),
    /** Keys of the invocations that the machine waits for. */
    live: json('live').$type<string[]>().notNull(),
    /** The worker that owns it, while it has work. */
    lease: integer('lease'),
    /** Counts what was put into its inbox: a worker gives the instance back only if it has seen all of it. */
    wake: integer('wake').notNull().default(0),
    /** When a worker must look at it next; null while it waits for an event only. */
    wakeAt: time('wake_at'),
    updatedAt: time('updated_at').notNull(),
    finishedAt: time('finished_at'),
  },
  (table) => [
    index('instances_wake')
      .on(table.priority, table.wakeAt)
      .where(sql`lease is null and wake_at is not null`),
    index('instances_lease')
      .on(table.lease)
      .where(sql`lease is not null`),
    index('instances_created').on(table.createdAt, table.id),
    index('instances_parent')
      .on(table.parentId)
      .where(sql`parent_id is not null`),
  ],
);

/** The history: one row a transition, append only. */
export const transitions = durachart.table(
  'transitions',
  {
    instanceId: text('instance_id').notNull(),
    sequence: integer('sequence').notNull(),
    /** Type of the event that was taken. */
    event: text('event').notNull(),
    /** The event itself, where no other row holds it: a step's result stands in `steps`. */
    payload: json('payload'),
    /** Key of the invocation whose result it was. */
    stepKey: text('step_key'),
    fromState: text('from_state'),
    toState: text('to_state').notNull(),
    /** What it changed in the snapshot; every 100th holds the whole. */
    diff: json('diff').notNull(),
    /** What the machine emitted and logged. */
    emitted: json('emitted'),
    at: time('at').notNull(),
    /** Transaction that wrote it: the order of the feed. */
    xid: bigint('xid', { mode: 'bigint' })
      .notNull()
      .default(sql`(pg_current_xact_id()::text)::bigint`),
  },
  (table) => [
    primaryKey({ columns: [table.instanceId, table.sequence] }),
    index('transitions_xid').using('brin', table.xid).with({ pages_per_range: 16, autosummarize: true }),
  ],
);

/** One row an invocation of a step, a child workflow or a custom action. */
export const steps = durachart.table(
  'steps',
  {
    instanceId: text('instance_id').notNull(),
    /** `<sequence>:<invoke id>`; with the instance's id before it, the idempotency key. */
    key: text('key').notNull(),
    /** step, workflow, action */
    kind: text('kind').notNull(),
    step: text('step').notNull(),
    /** queued, running, retrying, done, failed, stopped */
    status: text('status').notNull(),
    /** The attempt that runs or ran last, from 1; 0 before the first. */
    attempt: integer('attempt').notNull().default(0),
    maxAttempts: integer('max_attempts').notNull(),
    /** How often its worker died under it. */
    lost: integer('lost').notNull().default(0),
    nextAttemptAt: time('next_attempt_at'),
    input: json('input'),
    output: json('output'),
    error: json('error'),
    errorCode: text('error_code'),
    /** Earlier attempts: number, times, error, lines. */
    attempts: json('attempts'),
    /** Lines of the current attempt. */
    logs: json('logs'),
    progress: real('progress'),
    message: text('message'),
    queue: text('queue'),
    worker: integer('worker'),
    childId: text('child_id'),
    queuedAt: time('queued_at').notNull(),
    startedAt: time('started_at'),
    heartbeatAt: time('heartbeat_at'),
    finishedAt: time('finished_at'),
  },
  (table) => [primaryKey({ columns: [table.instanceId, table.key] })],
);

/** The inbox: what was sent to an instance. */
export const events = durachart.table(
  'events',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    instanceId: text('instance_id').notNull(),
    type: text('type').notNull(),
    payload: json('payload'),
    /** external, instance, control */
    source: text('source').notNull(),
    /** Key of the invocation that must still be live for the event to count. */
    fence: text('fence'),
    dedupeKey: text('dedupe_key'),
    /** pending, taken, ignored */
    status: text('status').notNull().default('pending'),
    /** The transition that took it. */
    sequence: integer('sequence'),
    createdAt: time('created_at').notNull(),
  },
  (table) => [
    index('events_pending')
      .on(table.instanceId, table.id)
      .where(sql`status = 'pending'`),
    index('events_instance').on(table.instanceId, table.id),
    uniqueIndex('events_dedupe')
      .on(table.instanceId, table.dedupeKey)
      .where(sql`dedupe_key is not null`),
  ],
);

/** Events to come: `after`, delayed raise and sendTo. */
export const timers = durachart.table(
  'timers',
  {
    instanceId: text('instance_id').notNull(),
    id: text('id').notNull(),
    event: json('event').notNull(),
    /** Id of the instance that the event is for. */
    recipient: text('recipient').notNull(),
    dueAt: time('due_at').notNull(),
    /** The transition that armed it. */
    sequence: integer('sequence').notNull(),
  },
  (table) => [primaryKey({ columns: [table.instanceId, table.id] })],
);

/** Runs on Trigger.dev that instances wait for: a step's rounds, and drivers to come for timers. Empty on the local executor. */
export const runs = durachart.table(
  'runs',
  {
    instanceId: text('instance_id').notNull(),
    /** step, timer */
    kind: text('kind').notNull(),
    /** Key of the invocation, or `<timer id>@<due at>`. */
    key: text('key').notNull(),
    /** A step's run that ended without a result is followed by one of the next round. */
    round: integer('round').notNull(),
    task: text('task').notNull(),
    /** The platform's id; null until the platform has said it. */
    runId: text('run_id'),
    /** Run of the driver that waits for it. */
    waiter: text('waiter'),
    createdAt: time('created_at').notNull(),
    /** When its outcome was stored, or it was given up. */
    endedAt: time('ended_at'),
  },
  (table) => [
    primaryKey({ columns: [table.instanceId, table.kind, table.key, table.round] }),
    index('runs_open')
      .on(table.createdAt)
      .where(sql`ended_at is null`),
  ],
);

/** Worker processes. A live one holds the advisory lock of its id, where sessions allow that. */
export const workers = durachart.table('workers', {
  id: serial('id').primaryKey(),
  name: text('name').notNull(),
  workflows: text('workflows').array().notNull(),
  /** False behind a transaction pooler: then only the beat tells. */
  locked: boolean('locked').notNull(),
  startedAt: time('started_at').notNull(),
  beatAt: time('beat_at').notNull(),
  stoppedAt: time('stopped_at'),
});
