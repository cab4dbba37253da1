import type { Commit } from '../engine/ports.ts';
import { inLockOrder } from './lock-order.ts';
import { unsettles } from './sends.ts';
import { COMMIT, names, NEW_STEP, recordset, STEP, TRANSITION, type Columns } from './commit-columns.ts';

/** What a batch has to write besides transitions and steps. A statement costs by its parts, even by those that find nothing to do. */
interface Parts {
  creates: boolean;
  timers: boolean;
  messages: boolean;
  /** Events for other instances. */
  posts: boolean;
  audits: boolean;
  /** Items of fan-outs that wait, or will not have their turn. */
  items: boolean;
  /** What is published, and under which keys published events reach instances. */
  events: boolean;
}

/** Instances that come into being, from those commits in `b`. $1 the worker. */
export const INSERT = `
  insert into durachart.instances (id, workflow, version, tenant, tags, priority, input, key, parent_id, parent_key, lease, wake_at, created_at, start_at,
    status, state, sequence, snapshot, snapshot_at, live, output, error, error_code, finished_at, updated_at)
  select b.id, c.workflow, c.version, c.tenant, array(select json_array_elements_text(c.tags)), c.priority, case when c."nullInput" then 'null'::json else c.input end, c.key, c."parentId", c."parentKey",
    case when c.leased and b.release is null then $1::int end, to_timestamp(case when b.release then b."wakeAt" else c."wakeAt" end / 1000), to_timestamp(c."createdAt" / 1000), to_timestamp(c."startAt" / 1000),
    b.status, b.state, b.sequence, b.snapshot::json, case when b.snapshot is null and b.sequence > 0 then 0 end, b.live, b.output, b.error, b."errorCode", to_timestamp(b."finishedAt" / 1000), to_timestamp(b.at / 1000)
  from b, json_to_record(b."create") as c(workflow text, version text, tenant text, tags json, priority smallint, input json, "nullInput" boolean, key text,
    "parentId" text, "parentKey" text, leased boolean, "wakeAt" float8, "createdAt" float8, "startAt" float8)
  where b."create" is not null`;

/** The columns of instances that come into being and have not begun, for a recordset that is `b` then. */
export const UNBORN = `id text, "create" json, status text, state text, sequence int, live json, output json, error json, "errorCode" text,
      "finishedAt" float8, at float8, release boolean, "wakeAt" float8, subscriptions json`;

/** The keys of those among them that are new: `born`. */
export const SUBSCRIBED = `, subscribed as (
  insert into durachart.subscriptions (event, key, instance_id, type, workflow, fixed)
  select x.event, x.key, b.id, x.type, x.workflow, x.fixed
  from b join born on born.id = b.id, json_to_recordset(b.subscriptions) as x(event text, key text, type text, workflow text, fixed boolean)
  where b.subscriptions is not null
)`;

const INSTANCES_NEW = `, ins as (${INSERT} and b.requires is null
  on conflict (id) do nothing
  returning id, lease is null as released
), born as (${INSERT} and b.requires in (select id from upd union all select id from ins)
  on conflict (id) do nothing
  returning id, lease is null as released
)`;

const TIMERS = `, tm as (
  insert into durachart.timers (instance_id, id, event, recipient, due_at, sequence, position)
  select ok.id, x.id, x.event, x."to", to_timestamp(x."dueAt" / 1000), x.sequence, x.n
  from ok, rows from (json_to_recordset(ok.timers) as (id text, event json, "to" text, "dueAt" float8, sequence int)) with ordinality as x(id, event, "to", "dueAt", sequence, n)
  where ok.timers is not null
  on conflict (instance_id, id) do update set event = excluded.event, recipient = excluded.recipient, due_at = excluded.due_at, sequence = excluded.sequence, position = excluded.position
), tx as materialized (
  select ok.id, x.timer from ok, json_array_elements_text(ok.cancelled) as x(timer) where ok.cancelled is not null
), td as (
  delete from durachart.timers d using tx where d.instance_id = tx.id and d.id = tx.timer
), ta as (
  delete from durachart.timers d using ok where ok."cancelAll" and d.instance_id = ok.id
    and not exists (select from json_to_recordset(ok.timers) as x(id text) where x.id = d.id)
)`;

const MESSAGES = `, ev as (
  update durachart.events e set status = x.status, sequence = x.sequence
  from ok, json_to_recordset(ok.consumed) as x(id bigint, status text, sequence int)
  where ok.consumed is not null and e.id = x.id
), po as materialized (
  select ok.id, x.* from ok, rows from (json_to_recordset(ok.posts) as ("to" text, type text, payload json, source text, fence text, "dedupeKey" text, at float8))
    with ordinality as x("to", type, payload, source, fence, "dedupeKey", at, n) where ok.posts is not null
), pi as (
  insert into durachart.events (instance_id, type, payload, source, fence, dedupe_key, created_at, unsettles)
  select po."to", po.type, po.payload, po.source, po.fence, po."dedupeKey", to_timestamp(po.at / 1000), ${unsettles('po."to"')} from po order by po.id, po.n
  on conflict (instance_id, dedupe_key) where dedupe_key is not null do nothing
), pw as (
  update durachart.instances i set wake = i.wake + 1,
    wake_at = case when i.lease is null then least(i.wake_at, p.at) else i.wake_at end
  from (select "to", to_timestamp(min(at) / 1000) as at from po group by "to") p
  where i.id = p."to"
)`;

const LOCKED = `, lk as materialized (${inLockOrder(`
  select b.id from b union select p."to" from b, json_to_recordset(b.posts) as p("to" text) where b.posts is not null`)}
)`;

/** Records of operations: those that lie there since they were asked for, and those that come into being with what they did. */
const AUDITS = `, ax as materialized (
  select b.id, b.at, x.* from ok join b on b.id = ok.id, json_to_recordset(b.audits) as x("eventId" bigint, "create" json, status text, code text, reason text, before json, after json, result json)
  where b.audits is not null
), au as (
  update durachart.audit a set status = x.status, code = x.code, reason = x.reason, before = x.before, after = x.after, result = x.result, finished_at = to_timestamp(x.at / 1000)
  from ax x where a.event_id = x."eventId" and a.status = 'requested'
), ai as (
  insert into durachart.audit (target, target_id, operation, arguments, by, why, key, status, before, after, result, requested_at, finished_at)
  select 'instance', x.id, c.operation, c.arguments, c.by, c.why, c.key, x.status, x.before, x.after, x.result, to_timestamp(x.at / 1000), to_timestamp(x.at / 1000)
  from ax x, json_to_record(x."create") as c(operation text, arguments json, by text, why text, key text) where x."create" is not null
)`;

/** Items of fan-outs that begin, and those that never will: found by their whole keys, as all rows are. */
const ITEMS = `, wi as (
  insert into durachart.steps (instance_id, key, kind, step, status, attempt, max_attempts, input, queue, queued_at, finished_at)
  select b.id, w."fanOut" || '#' || (w.first + x.n - 1), 'item', w.step, case when w.stopped then 'stopped' else 'waiting' end, 0, w."maxAttempts", x.input, w.queue,
    to_timestamp(w."queuedAt" / 1000), case when w.stopped then to_timestamp(b.at / 1000) end
  from ok join b on b.id = ok.id, json_to_recordset(b."waitingItems") as w("fanOut" text, step text, "maxAttempts" int, queue text, "queuedAt" float8, first int, inputs json, stopped boolean),
    json_array_elements(w.inputs) with ordinality as x(input, n)
  where b."waitingItems" is not null
), si as materialized (
  select b.id, b.at, w."fanOut" || '#' || n as key from ok join b on b.id = ok.id, json_to_recordset(b."stoppedItems") as w("fanOut" text, "from" int, "to" int), generate_series(w."from", w."to" - 1) as n
  where b."stoppedItems" is not null
), ws as (
  update durachart.steps s set status = 'stopped', finished_at = to_timestamp(si.at / 1000)
  from si where s.instance_id = si.id and s.key = si.key and s.status = 'waiting'
)`;

const EVENT_COLUMNS = ', b.published, b.subscriptions, b.at';

/** A key that stays is not touched: deleted and inserted by one statement, a row may be gone after it. */
const EVENTS = `, ep as (
  insert into durachart.published (name, payload, key, source, created_at)
  select x.name, case when x."nullPayload" then 'null'::json else x.payload end, x.key, ok.id, to_timestamp(ok.at / 1000)
  from ok, json_to_recordset(ok.published) as x(name text, payload json, "nullPayload" boolean, key text) where ok.published is not null
  on conflict (name, key) where key is not null do nothing
), sk as materialized (
  select ok.id, ok.subscriptions from ok where ok.subscriptions is not null
), sd as (
  delete from durachart.subscriptions s using sk where s.instance_id = sk.id and not exists (
    select from json_to_recordset(sk.subscriptions) as x(event text, key text, type text) where x.event = s.event and x.key = s.key and x.type = s.type)
), sn as (
  insert into durachart.subscriptions as s (event, key, instance_id, type, workflow, fixed)
  select x.event, x.key, sk.id, x.type, x.workflow, x.fixed from sk, json_to_recordset(sk.subscriptions) as x(event text, key text, type text, workflow text, fixed boolean)
  on conflict (event, key, instance_id, type) do update set fixed = excluded.fixed where s.fixed <> excluded.fixed
)`;

/** Instances that go on, from those commits in `b`: the fence. `lease + 0`: see the statement. */
const update = (condition: string): string => `
  update durachart.instances i set
    status = b.status, state = b.state, sequence = b.sequence, live = b.live,
    snapshot = coalesce(b.snapshot::json, i.snapshot),
    snapshot_at = case when b.snapshot is null then case when b.sequence > b.expected then coalesce(i.snapshot_at, i.sequence) else i.snapshot_at end end,
    output = b.output, error = b.error, error_code = b."errorCode",
    finished_at = to_timestamp(b."finishedAt" / 1000),
    updated_at = case when b.sequence > b.expected or b.status <> i.status then to_timestamp(b.at / 1000) else i.updated_at end,
    lease = case when b.release and i.wake = b.wake then null else i.lease end,
    wake_at = case when b.release and i.wake = b.wake then to_timestamp(b."wakeAt" / 1000) else i.wake_at end
  from b where b."create" is null and i.id = b.id and i.sequence = b.expected and i.lease + 0 = $1::int${condition}
  returning i.id, i.lease is null as released`;

export const UPDATE = update('');

/** The same after the rows of all who are written to are locked: a condition without columns comes before any row. */
const UPDATE_LOCKED = update(' and (select count(*) from lk) >= 0');

/** @param from gives `ok.id`, and the columns of TRANSITION as `x` */
export const transitionsFrom = (from: string): string => `, tr as (
  insert into durachart.transitions (instance_id, sequence, event, payload, step_key, from_state, to_state, diff, emitted, timers, at)
  select ok.id, x.sequence, x.event, x.payload, x."stepKey", x."from", x."to", x.diff, x.emitted, x.timers, to_timestamp(x.at / 1000)
  from ${from}
)`;

/** @param from gives `ok.id`, the columns of NEW_STEP as `x`, and with them their number `n` where there may be several */
export const newStepsFrom = (
  from: string,
  { withErrors = false, numbered = false }: { withErrors?: boolean; numbered?: boolean },
): string => `, ns as (
  insert into durachart.steps (instance_id, key, kind, step, status, attempt, max_attempts, input, queue, worker, child_id, queued_at, started_at, finished_at, fan_out, position${withErrors ? ', error, error_code' : ''})
  select ok.id, x.key, x.kind, x.step, x.status, x.attempt, x."maxAttempts", case when x."nullInput" then 'null'::json else x.input end, x.queue, x.worker, x."childId", to_timestamp(x."queuedAt" / 1000), to_timestamp(x."startedAt" / 1000), to_timestamp(x."finishedAt" / 1000), x."fanOut", ${numbered ? 'x.n' : '1'}${withErrors ? `, x.error, x.error ->> 'code'` : ''}
  from ${from}
)`;

/** @param from gives `ok.id`, and the columns of STEP as `x` */
export const stepsFrom = (from: string): string => `, sx as materialized (
  select ok.id, x.* from ${from}
), us as (
  update durachart.steps s set status = x.status, attempt = x.attempt, lost = x.lost, next_attempt_at = to_timestamp(x."nextAttemptAt" / 1000),
    output = case when x."nullOutput" then 'null'::json else x.output end, error = x.error, error_code = x.error ->> 'code', attempts = coalesce(x.attempts, s.attempts), logs = x.logs,
    progress = x.progress, message = x.message, worker = x.worker, queued_at = to_timestamp(x."queuedAt" / 1000), started_at = to_timestamp(x."startedAt" / 1000),
    heartbeat_at = to_timestamp(x."heartbeatAt" / 1000), finished_at = to_timestamp(x."finishedAt" / 1000), fan_out = coalesce(x."fanOut", s.fan_out)
  from sx x where s.instance_id = x.id and s.key = x.key and (s.status <> 'done' or x.status = 'done')
)`;

/** What is stored, and those who listen told of it. */
export const STORED = `
select ok.id, ok.released, (select pg_notify('durachart_change', $2::text)), case when $3::text is not null then (select pg_notify('durachart_work', $3::text)) end,
  case when $4::text is not null then (select pg_notify('durachart_end', $4::text)) end from ok`;

/**
 * The hot path: one statement writes a whole batch of commits.
 * $1 worker, $2 ids that change, $3 ids that have work for a worker or null, $4 ids that come to an end or null,
 * $5 the batch as JSON text; beside it what is large, a line for each commit and an empty one for none, so that it is
 * parsed once and not again with all that is around it: $6 snapshots, $7 transitions, $8 steps that begin, $9 steps that change.
 *
 * `upd` is the fence: it touches only instances that still are at the expected sequence and in this worker's hands, and
 * everything after it hangs on what it returns. `wake` is compared on the row's newest version, so that an instance is
 * given back only if its inbox is as its owner knows it. No row of `instances` may be hit twice by one statement:
 * the committer never puts an instance and an event for it into the same batch. `lease + 0` keeps the planner from
 * going through the index on leases, which on young tables it took for the better one: 10 ms a batch instead of 1.
 * A row of a step that is done stays done: a transactional step may have been faster than the timeout that its worker saw.
 * Rows that change are laid out first (`sx`, `tx`), so that each is found by its whole key; joined to the instance alone, all
 * rows of it were read, and a long history made each commit slower.
 * Timers of one that ends all go, save those that a rewind arms again within the same commit.
 * A recordset makes no difference between JSON's null and SQL's; the flags beside inputs and outputs do.
 */
const statement = ({ creates, timers, messages, posts, audits, items, events }: Parts): string => {
  const rest = `b.transitions, b."newSteps", b.steps, b.timers, b.cancelled, b."cancelAll", b.consumed, b.posts${events ? EVENT_COLUMNS : ''}`;
  const rows = (lines: string, columns: Columns): string =>
    `ok, json_to_recordset(ok.${lines}::json) as x(${recordset(columns)}) where ok.${lines} is not null`;
  const numbered = (lines: string, columns: Columns): string =>
    `ok, rows from (json_to_recordset(ok.${lines}::json) as (${recordset(columns)})) with ordinality as x(${names(columns)}, n) where ok.${lines} is not null`;
  return `
with b as materialized (
  select ${names(COMMIT)}, nullif(snapshot, '') as snapshot,
    nullif(transitions, '') as transitions, nullif("newSteps", '') as "newSteps", nullif(steps, '') as steps
  from rows from (
    json_to_recordset($5::text::json) as (${recordset(COMMIT)}),
    unnest(string_to_array($6::text, e'\\n')), unnest(string_to_array($7::text, e'\\n')), unnest(string_to_array($8::text, e'\\n')), unnest(string_to_array($9::text, e'\\n'))
  ) as t(${names(COMMIT)}, snapshot, transitions, "newSteps", steps)
)${posts ? LOCKED : ''}, upd as (${posts ? UPDATE_LOCKED : UPDATE}, ${rest}
)${creates ? INSTANCES_NEW : ''}, ok as materialized (
  select * from upd${
    creates
      ? `
  union all
  select ins.id, ins.released, ${rest} from (select * from ins union all select * from born) as ins join b on b.id = ins.id`
      : ''
  }
)${transitionsFrom(rows('transitions', TRANSITION))}${newStepsFrom(numbered('"newSteps"', NEW_STEP), { withErrors: audits, numbered: true })}${stepsFrom(rows('steps', STEP))}${
    timers ? TIMERS : ''
  }${messages ? MESSAGES : ''}${audits ? AUDITS : ''}${items ? ITEMS : ''}${events ? EVENTS : ''}${STORED}`;
};

const made = new Map<string, string>();

/** The statement for a batch; its parameters are those of `commitParameters`. Each form of it is prepared once a connection. */
export function commitStatement(batch: readonly Commit[]): string {
  const parts = partsOf(batch);
  const form = Object.values(parts).join();
  const text = made.get(form) ?? statement(parts);
  made.set(form, text);
  return text;
}

/** What there is in a batch. */
export function partsOf(batch: readonly Commit[]): Parts {
  const parts: Parts = {
    creates: false,
    timers: false,
    messages: false,
    posts: false,
    audits: false,
    items: false,
    events: false,
  };
  for (const commit of batch) {
    parts.creates ||= commit.create !== null;
    parts.timers ||= commit.timers.length > 0 || commit.cancelled.length > 0;
    parts.posts ||= commit.posts.length > 0;
    parts.messages ||= commit.consumed.length > 0 || commit.posts.length > 0;
    parts.audits ||= commit.audits.length > 0;
    parts.events ||= commit.published.length > 0 || commit.subscriptions !== null;
    parts.items ||= commit.waitingItems.length > 0 || commit.stoppedItems.length > 0;
  }
  return parts;
}
