import type { Commit } from '../engine/ports.ts';

/** Instances that come into being. */
const INSERT = `
  insert into durachart.instances (id, workflow, version, tenant, tags, priority, input, key, parent_id, parent_key, lease, wake_at, created_at, start_at,
    status, state, sequence, snapshot, live, output, error, error_code, finished_at, updated_at)
  select b.id, c.workflow, c.version, c.tenant, array(select json_array_elements_text(c.tags)), c.priority, case when c."nullInput" then 'null'::json else c.input end, c.key, c."parentId", c."parentKey",
    case when c.leased and b.release is null then $1::int end, to_timestamp(case when b.release then b."wakeAt" else c."wakeAt" end / 1000), to_timestamp(c."createdAt" / 1000), to_timestamp(c."startAt" / 1000),
    b.status, b.state, b.sequence, b.snapshot, b.live, b.output, b.error, b."errorCode", to_timestamp(b."finishedAt" / 1000), to_timestamp(b.at / 1000)
  from b, json_to_record(b."create") as c(workflow text, version text, tenant text, tags json, priority smallint, input json, "nullInput" boolean, key text,
    "parentId" text, "parentKey" text, leased boolean, "wakeAt" float8, "createdAt" float8, "startAt" float8)
  where b."create" is not null`;

/**
 * The hot path: one statement writes a whole batch of commits.
 * $1 worker, $2 the batch as JSON text, $3 ids that change, $4 ids that have work for a worker or null,
 * $5 ids that come to an end or null.
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
 * What came of operations, and the items of fan-outs that wait, are written by a second form of it, so that a batch without any pays nothing for them.
 */
const statement = (full: boolean): string => `
with b as materialized (
  select * from json_to_recordset($2::text::json) as t(
    id text, expected int, "create" json, requires text, status text, state text, sequence int, snapshot json, live json,
    output json, error json, "errorCode" text, "finishedAt" float8, at float8, release boolean, "wakeAt" float8, wake int,
    transitions json, "newSteps" json, steps json, timers json, cancelled json, "cancelAll" boolean, consumed json, posts json, audits json, "waitingItems" json, "stoppedItems" json)
), upd as (
  update durachart.instances i set
    status = b.status, state = b.state, sequence = b.sequence, snapshot = b.snapshot, live = b.live,
    output = b.output, error = b.error, error_code = b."errorCode",
    finished_at = to_timestamp(b."finishedAt" / 1000),
    updated_at = case when b.sequence > b.expected or b.status <> i.status then to_timestamp(b.at / 1000) else i.updated_at end,
    lease = case when b.release and i.wake = b.wake then null else i.lease end,
    wake_at = case when b.release and i.wake = b.wake then to_timestamp(b."wakeAt" / 1000) else i.wake_at end
  from b where b."create" is null and i.id = b.id and i.sequence = b.expected and i.lease + 0 = $1::int
  returning i.id, i.lease is null as released, b.transitions, b."newSteps", b.steps, b.timers, b.cancelled, b."cancelAll", b.consumed, b.posts
), ins as (${INSERT} and b.requires is null
  on conflict (id) do nothing
  returning id, lease is null as released
), born as (${INSERT} and b.requires in (select id from upd union all select id from ins)
  on conflict (id) do nothing
  returning id, lease is null as released
), ok as materialized (
  select * from upd
  union all
  select ins.id, ins.released, b.transitions, b."newSteps", b.steps, b.timers, b.cancelled, b."cancelAll", b.consumed, b.posts from (select * from ins union all select * from born) as ins join b on b.id = ins.id
), tr as (
  insert into durachart.transitions (instance_id, sequence, event, payload, step_key, from_state, to_state, diff, emitted, timers, at)
  select ok.id, x.sequence, x.event, x.payload, x."stepKey", x."from", x."to", x.diff, x.emitted, x.timers, to_timestamp(x.at / 1000)
  from ok, json_to_recordset(ok.transitions) as x(sequence int, event text, payload json, "stepKey" text, "from" text, "to" text, diff json, emitted json, timers json, at float8)
  where ok.transitions is not null
), ns as (
  insert into durachart.steps (instance_id, key, kind, step, status, attempt, max_attempts, input, queue, worker, child_id, queued_at, started_at, finished_at, fan_out${full ? ', error, error_code' : ''})
  select ok.id, x.key, x.kind, x.step, x.status, x.attempt, x."maxAttempts", case when x."nullInput" then 'null'::json else x.input end, x.queue, x.worker, x."childId", to_timestamp(x."queuedAt" / 1000), to_timestamp(x."startedAt" / 1000), to_timestamp(x."finishedAt" / 1000), x."fanOut"${full ? `, x.error, x.error ->> 'code'` : ''}
  from ok, json_to_recordset(ok."newSteps") as x(key text, kind text, step text, status text, attempt int, "maxAttempts" int, input json, "nullInput" boolean, queue text, worker int, "childId" text, "queuedAt" float8, "startedAt" float8, "finishedAt" float8, "fanOut" json, error json)
  where ok."newSteps" is not null
), sx as materialized (
  select ok.id, x.* from ok, json_to_recordset(ok.steps) as x(key text, status text, attempt int, lost int, "nextAttemptAt" float8, output json, "nullOutput" boolean, error json,
    attempts json, logs json, progress real, message text, worker int, "queuedAt" float8, "startedAt" float8, "heartbeatAt" float8, "finishedAt" float8, "fanOut" json)
  where ok.steps is not null
), us as (
  update durachart.steps s set status = x.status, attempt = x.attempt, lost = x.lost, next_attempt_at = to_timestamp(x."nextAttemptAt" / 1000),
    output = case when x."nullOutput" then 'null'::json else x.output end, error = x.error, error_code = x.error ->> 'code', attempts = coalesce(x.attempts, s.attempts), logs = x.logs,
    progress = x.progress, message = x.message, worker = x.worker, queued_at = to_timestamp(x."queuedAt" / 1000), started_at = to_timestamp(x."startedAt" / 1000),
    heartbeat_at = to_timestamp(x."heartbeatAt" / 1000), finished_at = to_timestamp(x."finishedAt" / 1000), fan_out = coalesce(x."fanOut", s.fan_out)
  from sx x where s.instance_id = x.id and s.key = x.key and (s.status <> 'done' or x.status = 'done')
), tm as (
  insert into durachart.timers (instance_id, id, event, recipient, due_at, sequence)
  select ok.id, x.id, x.event, x."to", to_timestamp(x."dueAt" / 1000), x.sequence
  from ok, json_to_recordset(ok.timers) as x(id text, event json, "to" text, "dueAt" float8, sequence int)
  where ok.timers is not null
  on conflict (instance_id, id) do update set event = excluded.event, recipient = excluded.recipient, due_at = excluded.due_at, sequence = excluded.sequence
), tx as materialized (
  select ok.id, x.timer from ok, json_array_elements_text(ok.cancelled) as x(timer) where ok.cancelled is not null
), td as (
  delete from durachart.timers d using tx where d.instance_id = tx.id and d.id = tx.timer
), ta as (
  delete from durachart.timers d using ok where ok."cancelAll" and d.instance_id = ok.id
    and not exists (select from json_to_recordset(ok.timers) as x(id text) where x.id = d.id)
), ev as (
  update durachart.events e set status = x.status, sequence = x.sequence
  from ok, json_to_recordset(ok.consumed) as x(id bigint, status text, sequence int)
  where ok.consumed is not null and e.id = x.id
), po as materialized (
  select x.* from ok, json_to_recordset(ok.posts) as x("to" text, type text, payload json, source text, fence text, "dedupeKey" text, at float8) where ok.posts is not null
), pi as (
  insert into durachart.events (instance_id, type, payload, source, fence, dedupe_key, created_at)
  select po."to", po.type, po.payload, po.source, po.fence, po."dedupeKey", to_timestamp(po.at / 1000) from po
  on conflict (instance_id, dedupe_key) where dedupe_key is not null do nothing
), pw as (
  update durachart.instances i set wake = i.wake + 1,
    wake_at = case when i.lease is null then least(i.wake_at, p.at) else i.wake_at end
  from (select "to", to_timestamp(min(at) / 1000) as at from po group by "to") p
  where i.id = p."to"
)${full ? AUDIT + ITEMS : ''}
select ok.id, ok.released, (select pg_notify('durachart_change', $3::text)), case when $4::text is not null then (select pg_notify('durachart_work', $4::text)) end,
  case when $5::text is not null then (select pg_notify('durachart_end', $5::text)) end from ok`;

/** Records of operations: those that lie there since they were asked for, and those that come into being with what they did. */
const AUDIT = `, ax as materialized (
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

const COMMIT = statement(false);
const FULL_COMMIT = statement(true);

/** The statement for a batch; its parameters are {@link commitParameters}. */
export function commitStatement(batch: readonly Commit[]): string {
  const isFull = ({ audits, waitingItems, stoppedItems }: Commit): boolean =>
    audits.length + waitingItems.length + stoppedItems.length > 0;
  return batch.some(isFull) ? FULL_COMMIT : COMMIT;
}

/** A NOTIFY payload holds less than 8,000 bytes; `*` says that it could be any instance. */
const MAX_NOTIFY = 7_900;

/** A list of ids as a NOTIFY payload, or null for none. */
export function notifyPayload(ids: Iterable<string>): string | null {
  const text = [...new Set(ids)].join(',');
  if (text === '') return null;
  return text.length > MAX_NOTIFY ? '*' : text;
}

const texts = new WeakMap<Commit, string>();

/** A commit as it goes into the statement, made once however often it is asked for. A commit that was asked for does not change any more. */
export function commitText(commit: Commit): string {
  let text = texts.get(commit);
  if (text === undefined) texts.set(commit, (text = JSON.stringify(encode(commit))));
  return text;
}

/** The parameters of {@link commitStatement}. */
export function commitParameters(
  worker: number,
  batch: readonly Commit[],
): [number, string, string, string | null, string | null] {
  const work = batch.flatMap((commit) => [
    ...commit.posts.map((post) => post.to),
    ...(commit.create !== null && !commit.create.leased && commit.create.wakeAt !== null ? [commit.id] : []),
    // A worker that stops gives back what is due at once.
    ...(commit.release !== null && commit.release.wakeAt !== null && commit.release.wakeAt <= commit.at
      ? [commit.id]
      : []),
  ]);
  const ended = batch.filter(({ after }) => ['done', 'failed', 'cancelled'].includes(after.status));
  return [
    worker,
    `[${batch.map(commitText).join(',')}]`,
    notifyPayload(batch.map(({ id }) => id)) ?? '*',
    notifyPayload(work),
    notifyPayload(ended.map(({ id }) => id)),
  ];
}

/** Says of an input and an output that is null that it is JSON's null. */
function nullsMarked<T extends { input: unknown; output?: unknown }>(
  row: T,
): T & { nullInput?: true; nullOutput?: true } {
  return {
    ...row,
    ...(row.input === null ? { nullInput: true } : {}),
    ...(row.output === null ? { nullOutput: true } : {}),
  };
}

/** Empty lists are left out: a null costs the statement nothing. */
function encode(commit: Commit): object {
  const { after, create, release } = commit;
  const row: Record<string, unknown> = {
    id: commit.id,
    expected: commit.expected,
    status: after.status,
    state: after.state,
    sequence: after.sequence,
    snapshot: after.snapshot,
    live: after.live,
    output: after.output,
    error: after.error,
    errorCode: after.error?.code,
    finishedAt: after.finishedAt,
    at: commit.at,
  };
  if (create !== null) {
    const { parent, ...rest } = create;
    row['create'] = { ...nullsMarked(rest), parentId: parent?.id, parentKey: parent?.key };
    row['requires'] = commit.requires;
  }
  if (release !== null) {
    row['release'] = true;
    row['wakeAt'] = release.wakeAt;
    row['wake'] = release.wake;
  }
  if (commit.cancelled === 'all') row['cancelAll'] = true;
  else if (commit.cancelled.length > 0) row['cancelled'] = commit.cancelled;
  for (const list of [
    'transitions',
    'newSteps',
    'steps',
    'waitingItems',
    'stoppedItems',
    'timers',
    'consumed',
    'audits',
  ] as const) {
    if (commit[list].length > 0) row[list] = commit[list];
  }
  for (const list of ['newSteps', 'steps'] as const) {
    if (commit[list].some(({ input, output }) => input === null || output === null))
      row[list] = commit[list].map(nullsMarked);
  }
  if (commit.posts.length > 0) row['posts'] = commit.posts.map((post) => ({ ...post, at: commit.at }));
  return row;
}
