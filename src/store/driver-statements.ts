/** The condition of what a run writes of its step: its round is open, and its own. $1 instance, $2 key, $3 round, $4 run. */
const ROUND = `r as (
  update durachart.runs set run_id = $4, ended_at = case when $5::float8 is null then null else to_timestamp($5::float8 / 1000) end
  where instance_id = $1 and kind = 'step' and key = $2 and round = $3 and ended_at is null and (run_id is null or run_id = $4)
    and exists (select from cur)
  returning waiter)`;

/** The step's row, locked before its round is touched, so that two writers take them in the same order. $6 attempt, $7 statuses that it may have. */
const CURRENT = `cur as materialized (
  select s.instance_id, s.key from durachart.steps s
  where s.instance_id = $1 and s.key = $2 and s.attempt = $6 and s.status = any($7) for update)`;

/** $8 the new row as JSON text. */
const STEP = `st as (
  update durachart.steps s set status = x.status, attempt = x.attempt, lost = x.lost, next_attempt_at = to_timestamp(x."nextAttemptAt" / 1000),
    output = case when x."nullOutput" then 'null'::json else x.output end, error = x.error, error_code = x.error ->> 'code',
    attempts = coalesce(x.attempts, s.attempts), logs = x.logs, progress = x.progress, message = x.message,
    started_at = to_timestamp(x."startedAt" / 1000), heartbeat_at = to_timestamp(x."heartbeatAt" / 1000), finished_at = to_timestamp(x."finishedAt" / 1000)
  from cur, json_to_record($8::text::json) as x(status text, attempt int, lost int, "nextAttemptAt" float8, output json, "nullOutput" boolean, error json,
    attempts json, logs json, progress real, message text, "startedAt" float8, "heartbeatAt" float8, "finishedAt" float8)
  where s.instance_id = cur.instance_id and s.key = cur.key and exists (select from r)
  returning s.instance_id, s.key)`;

/** Parameters: instance, key, round, run, null, attempt, statuses, row. */
export const SAVE_STEP = `with ${CURRENT}, ${ROUND}, ${STEP}
  select key, pg_notify('durachart_change', $1) from st`;

/**
 * Parameters: instance, key, round, run, time, attempt, statuses, row, type of the event.
 * The result is an entry of the instance's inbox like any event, so that what happens to it has one order.
 * The instance is locked first, as a commit does it: the other way round the two would wait for each other.
 */
export const SETTLE_STEP = `with own as materialized (
  select id from durachart.instances where id = $1 for update
), ${CURRENT.replace('durachart.steps s', 'own join durachart.steps s on s.instance_id = own.id').replace('for update', 'for update of s')}, ${ROUND}, ${STEP}, ev as (
  insert into durachart.events (instance_id, type, source, fence, created_at)
  select st.instance_id, $9, 'control', st.key, to_timestamp($5::float8 / 1000) from st
), wk as (
  update durachart.instances i set wake = i.wake + 1,
    wake_at = case when i.lease is null then least(i.wake_at, to_timestamp($5::float8 / 1000)) else i.wake_at end
  from st where i.id = st.instance_id returning i.lease is null as free, i.priority
)
select r.waiter, wk.free, wk.priority, pg_notify('durachart_change', $1) from r, wk, st`;
