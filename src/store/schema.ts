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
    /** Not before this time; null where it began at once. */
    startAt: time('start_at'),
    input: json('input'),
    // What changes comes last, the snapshot before the rest: Postgres logs a row from where it differs.
    /** Where the instance is in hand, an earlier one, or none: see `snapshotAt`. */
    snapshot: json('snapshot'),
    output: json('output'),
    error: json('error'),
    errorCode: text('error_code'),
    /** scheduled, running, waiting, paused, done, failed, cancelled */
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
    /** Status, state and error code while nobody holds it, else null: lists and counts go by them, and the hot path never changes them. */
    restStatus: text('rest_status').generatedAlwaysAs(sql`case when lease is null then status end`),
    restState: text('rest_state').generatedAlwaysAs(sql`case when lease is null then left(state, 300) end`),
    restError: text('rest_error').generatedAlwaysAs(sql`case when lease is null then left(error_code, 300) end`),
    /** Of a failed one: the step whose error it was, and since when. */
    restStep: text('rest_step').generatedAlwaysAs(
      sql`case when lease is null and status = 'failed' then left(error -> 'details' ->> 'step', 300) end`,
    ),
    restSince: time('rest_since').generatedAlwaysAs(
      sql`case when lease is null and status = 'failed' then updated_at end`,
    ),
    /** Number of the transition that the snapshot is of, 0 for none, where the history is ahead of it; else null. */
    snapshotAt: integer('snapshot_at'),
  },
  (table) => [
    index('instances_wake')
      .on(table.priority, table.wakeAt)
      .where(sql`lease is null and wake_at is not null`),
    index('instances_lease')
      .on(table.lease)
      .where(sql`lease is not null`),
    index('instances_created').on(table.createdAt, table.id),
    // Narrow, for counts.
    index('instances_place')
      .on(table.restStatus, table.workflow, table.restState)
      .where(sql`rest_status is not null`),
    index('instances_rest')
      .on(table.restStatus, table.workflow, table.restState, table.createdAt, table.id)
      .where(sql`rest_status is not null`),
    // All that failures are summed up by, so that their rows need not be read.
    index('instances_failed')
      .on(table.workflow, table.restError, table.restState, table.restStep, table.restSince)
      .where(sql`rest_status = 'failed'`),
    index('instances_error')
      .on(table.restError, table.createdAt, table.id)
      .where(sql`rest_error is not null`),
    index('instances_tenant')
      .on(table.tenant, table.createdAt, table.id)
      .where(sql`tenant is not null`),
    index('instances_parent')
      .on(table.parentId, table.createdAt, table.id)
      .where(sql`parent_id is not null`),
  ],
);

/** Instances by tag, newest last; a trigger on `instances` writes it. */
export const tags = durachart.table(
  'tags',
  {
    tag: text('tag').notNull(),
    createdAt: time('created_at').notNull(),
    instanceId: text('instance_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tag, table.createdAt, table.instanceId] })],
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
    /** Timers that it armed, ids of those that it left, and of invocations that are over: what a rewind begins from. Null for none. */
    timers: json('timers'),
    at: time('at').notNull(),
    /** Transaction that wrote it: the order of the feed. `xid_base` is 0, unless the database was restored (src/store/restored.ts). */
    xid: bigint('xid', { mode: 'bigint' })
      .notNull()
      .default(sql`(pg_current_xact_id()::text)::bigint + durachart.xid_base()`),
  },
  (table) => [
    primaryKey({ columns: [table.instanceId, table.sequence] }),
    index('transitions_xid').using('brin', table.xid).with({ pages_per_range: 16, autosummarize: true }),
    index('transitions_at').using('brin', table.at).with({ autosummarize: true }),
  ],
);

/** One row an invocation of a step, a child workflow or a custom action. */
export const steps = durachart.table(
  'steps',
  {
    instanceId: text('instance_id').notNull(),
    /** `<sequence>:<invoke id>`; with the instance's id before it, the idempotency key. */
    key: text('key').notNull(),
    /** step, workflow, action; fan-out, and item for each of its items */
    kind: text('kind').notNull(),
    step: text('step').notNull(),
    /** waiting (an item whose turn has not come), queued, running, retrying, done, failed, stopped */
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
    /** Of a fan-out: its options, and how far it is. */
    fanOut: json('fan_out'),
    /** Its place among the rows that one commit made; null of an item that had to wait. */
    position: integer('position'),
  },
  (table) => [
    primaryKey({ columns: [table.instanceId, table.key] }),
    // Null except while it waits for another attempt: the hot path does not touch it.
    index('steps_retrying')
      .on(table.nextAttemptAt)
      .where(sql`next_attempt_at is not null`),
    index('steps_queued').using('brin', table.queuedAt).with({ autosummarize: true }),
    index('steps_fan_outs')
      .on(table.queuedAt)
      .where(sql`kind = 'fan-out'`),
    // Not by status or time: an index on what a step's end writes would have each end write to all indexes.
    index('steps_actions')
      .on(table.instanceId)
      .where(sql`kind = 'action'`),
  ],
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
    /** Of a published event: its name and the key that the instance must have when it takes it, as JSON; null where it had the key when it was sent. */
    correlation: text('correlation'),
    /** The keys of its instance are not known before it is taken; else null. */
    unsettles: boolean('unsettles'),
  },
  (table) => [
    index('events_unsettling')
      .on(table.instanceId)
      .where(sql`status = 'pending' and unsettles`),
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
    /** Its place among those that one commit armed. */
    position: integer('position'),
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

/** What people did to instances, workflows and queues: who, why, and what came of it. One row an operation. */
export const audit = durachart.table(
  'audit',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    /** instance, workflow, queue, retention */
    target: text('target').notNull(),
    /** Id of the instance, or name of the workflow or queue; of retention the workflow, or `*`. */
    targetId: text('target_id').notNull(),
    /** retry, resume, skip, rewind, fork, import, edit, pause, unpause, cancel; of retention remove */
    operation: text('operation').notNull(),
    arguments: json('arguments'),
    /** Who asked for it, as they said. */
    by: text('by').notNull(),
    why: text('why'),
    /** Asked for again with the same key, it is the same operation. */
    key: text('key'),
    /** Its order in the instance's inbox; null where it was done at once. */
    eventId: bigint('event_id', { mode: 'number' }),
    /** requested, applied, refused */
    status: text('status').notNull(),
    /** Why it was refused: the stable code, and words. */
    code: text('code'),
    reason: text('reason'),
    /** Where the instance stood: status, state, sequence, error code. */
    before: json('before'),
    after: json('after'),
    /** What else came of it: of an edit the inputs that were computed anew, of a fork the new id. */
    result: json('result'),
    requestedAt: time('requested_at').notNull(),
    finishedAt: time('finished_at'),
  },
  (table) => [
    index('audit_target').on(table.target, table.targetId, table.id),
    index('audit_requested')
      .on(table.id)
      .where(sql`status = 'requested'`),
    uniqueIndex('audit_event')
      .on(table.eventId)
      .where(sql`event_id is not null`),
    uniqueIndex('audit_key')
      .on(table.target, table.targetId, table.key)
      .where(sql`key is not null`),
  ],
);

/** Workflows and queues that are paused: of these workflows no instance is moved, of these queues no step begins. */
export const pauses = durachart.table(
  'pauses',
  {
    /** workflow, queue */
    target: text('target').notNull(),
    name: text('name').notNull(),
    by: text('by').notNull(),
    why: text('why'),
    since: time('since').notNull(),
  },
  (table) => [primaryKey({ columns: [table.target, table.name] })],
);

/** Published events, and how far they have been delivered. */
export const published = durachart.table(
  'published',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    name: text('name').notNull(),
    payload: json('payload'),
    /** Published again under its name with the same key, it is the same event. */
    key: text('key'),
    /** The instance that published it; null for the outside. */
    source: text('source'),
    createdAt: time('created_at').notNull(),
    deliveredAt: time('delivered_at'),
    /** Id of the last instance that it was sent to; the others come after it. Empty: it has not been taken up. */
    position: text('position').notNull().default(''),
    /** Ids of the instances that it started. */
    started: text('started')
      .array()
      .notNull()
      .default(sql`'{}'`),
    /** How many instances it was sent to. */
    reached: integer('reached').notNull().default(0),
    /** Subscribers that could not be served: workflow, code, message. */
    problems: json('problems'),
  },
  (table) => [
    uniqueIndex('published_key')
      .on(table.name, table.key)
      .where(sql`key is not null`),
    index('published_name').on(table.name, table.id),
    index('published_undelivered')
      .on(table.id)
      .where(sql`delivered_at is null`),
  ],
);

/**
 * Keys under which published events reach instances, as events of a type: written with the instance's commits, and with an
 * instance that has not begun those that it will have. An empty key: it has none yet, and may come to have one.
 */
export const subscriptions = durachart.table(
  'subscriptions',
  {
    event: text('event').notNull(),
    key: text('key').notNull(),
    instanceId: text('instance_id').notNull(),
    type: text('type').notNull(),
    workflow: text('workflow').notNull(),
    /** No key of the instance depends on its context, so that none changes. */
    fixed: boolean('fixed').notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.event, table.key, table.instanceId, table.type] }),
    index('subscriptions_instance').on(table.instanceId),
  ],
);

/** Schedules of the workflows that processes know; kept in step with the code. */
export const schedules = durachart.table(
  'schedules',
  {
    /** `<workflow>/<name>` */
    id: text('id').primaryKey(),
    workflow: text('workflow').notNull(),
    name: text('name').notNull(),
    cron: text('cron').notNull(),
    timezone: text('timezone').notNull(),
    /** Milliseconds. */
    jitter: integer('jitter').notNull(),
    /** skip, once, all */
    missed: text('missed').notNull(),
    /** allow, skip, cancel */
    overlap: text('overlap').notNull(),
    /** The next time by its calendar, and when its start is due; null when it never comes again. */
    tick: time('tick'),
    dueAt: time('due_at'),
    /** The last time that was dealt with. */
    lastTick: time('last_tick'),
    /** started, missed, overlap, paused, failed */
    outcome: text('outcome'),
    message: text('message'),
    /** Instances that it has started and that went on the last time. */
    active: text('active')
      .array()
      .notNull()
      .default(sql`'{}'`),
    started: integer('started').notNull().default(0),
    skipped: integer('skipped').notNull().default(0),
  },
  (table) => [index('schedules_due').on(table.dueAt)],
);

/** Worker processes. A live one holds the advisory lock of its id, where sessions allow that. */
export const workers = durachart.table('workers', {
  id: serial('id').primaryKey(),
  name: text('name').notNull(),
  workflows: text('workflows').array().notNull(),
  /** False where its session cannot hold a lock: then only the beat tells. */
  locked: boolean('locked').notNull(),
  startedAt: time('started_at').notNull(),
  beatAt: time('beat_at').notNull(),
  stoppedAt: time('stopped_at'),
  /** Code of a step has held the event loop of its process since then; it lives. */
  blockedSince: time('blocked_since'),
});

/** Browsers' sessions that were ended before their time. */
export const endedSessions = durachart.table('ended_sessions', {
  /** `*`: all that were begun until then. */
  id: text('id').primaryKey(),
  at: time('at').notNull(),
});

/** The server that the database is on, in one row: on another one, or after it was put back to an earlier time, transactions have other numbers. */
export const server = durachart.table('server', {
  one: boolean('one').primaryKey().default(true),
  systemIdentifier: bigint('system_identifier', { mode: 'bigint' }).notNull(),
  timeline: integer('timeline').notNull(),
});

/** What SQL has to know of the registered workflows; `migrateWorkflows` keeps these four tables in step with the code. */
export const workflows = durachart.table('workflows', {
  name: text('name').primaryKey(),
  version: text('version').notNull(),
  /** The workflow's typed view, and the statement that made it. */
  view: text('view').notNull().unique(),
  definition: text('definition').notNull(),
});

/** The states that a workflow's instances can stand in. */
export const workflowStates = durachart.table(
  'workflow_states',
  {
    workflow: text('workflow').notNull(),
    /** As in `instances.state`; `*` for all of a machine that is parallel at its root. */
    state: text('state').notNull(),
    /** Types of the events that it takes from outside. */
    accepts: text('accepts').array().notNull(),
  },
  (table) => [primaryKey({ columns: [table.workflow, table.state] })],
);

/** Every transition of the machine. */
export const workflowEdges = durachart.table(
  'workflow_edges',
  {
    workflow: text('workflow').notNull(),
    /** Its place in the definition, from 1. */
    edge: integer('edge').notNull(),
    fromState: text('from_state'),
    event: text('event').notNull(),
    toState: text('to_state').notNull(),
    /** Rows of `transitions` that took it: a list of [from, event, to], null for any. */
    taken: json('taken').$type<[string | null, string, string | null][]>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.workflow, table.edge] })],
);

/** What a workflow's machine invokes, and how long that may take, in milliseconds. */
export const workflowSteps = durachart.table(
  'workflow_steps',
  {
    workflow: text('workflow').notNull(),
    step: text('step').notNull(),
    /** step, workflow */
    kind: text('kind').notNull(),
    timeout: bigint('timeout', { mode: 'number' }),
    heartbeat: bigint('heartbeat', { mode: 'number' }),
  },
  (table) => [primaryKey({ columns: [table.workflow, table.step] })],
);
