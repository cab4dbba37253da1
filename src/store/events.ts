import type postgres from 'postgres';
import type { Transaction } from '../core/step.ts';
import type { EventStore, PublishedEvent, Undelivered } from '../engine/events/event-store.ts';
import { rowOf } from './commit-parameters.ts';
import { INSERT, SUBSCRIBED, UNBORN } from './commit-statement.ts';
import { inLockOrder } from './lock-order.ts';
import type { Row } from './rows.ts';

/** Instances that one statement sends an event to. */
const RECEIVERS = 1_000;

/** $1 name, $2 payload, $3 key, $4 source, $5 at. */
const PUBLISH = `
  insert into durachart.published (name, payload, key, source, created_at)
  values ($1, $2::text::json, $3, $4, to_timestamp($5::float8 / 1000))
  on conflict (name, key) where key is not null do nothing returning id`;

/**
 * $1 0, $2 instances to be started, $3 letters, $4 the event, $5 at, $6 problems.
 * The event's row is the lock: who does not get it leaves the event to the one that has it. Instances are started with the
 * first receivers. One that is reached in two ways counts once, and both are in one statement (`with ties`).
 * An instance that has something in its inbox by which its keys may change is sent it on condition that it has the key when
 * it comes to it (`correlation`); whether it does is not known yet, so that it does not count as reached.
 */
const DELIVER = `
  with p as materialized (
    select id, name, position from durachart.published where id = $4 and delivered_at is null for update skip locked
  ), b as materialized (
    select t.*, null as snapshot from p, json_to_recordset($2::text::json) as t(${UNBORN}) where p.position = ''
  ), born as (${INSERT} on conflict (id) do nothing returning id
  )${SUBSCRIBED}, letters as materialized (
    select k.*, p.id, p.name, p.position from p
    cross join json_to_recordset($3::text::json) as k(workflow text, key text, type text, payload json)
  ), unsettled as materialized (
    select distinct e.instance_id from durachart.events e where e.status = 'pending' and e.unsettles and exists (select from letters l where e.instance_id > l.position)
  ), matched as materialized (
    select * from (
      select s.instance_id, s.type, l.payload, l.id, not s.fixed as unsettles, null as correlation from letters l
      join durachart.subscriptions s on s.event = l.name and s.key = l.key and s.workflow = l.workflow and s.type = l.type
      where s.instance_id > l.position and s.instance_id not in (select instance_id from unsettled)
      union all
      select u.instance_id, l.type, l.payload, l.id, true, json_build_array(l.name, l.key)::text
      from unsettled u join durachart.instances i on i.id = u.instance_id join letters l on l.workflow = i.workflow and u.instance_id > l.position
      where i.status not in ('done', 'cancelled')
    ) every order by instance_id fetch first ${RECEIVERS} rows with ties
  ), sent as (
    insert into durachart.events (instance_id, type, payload, source, dedupe_key, created_at, unsettles, correlation)
    select instance_id, type, payload, 'external', 'published ' || id || ' ' || type, to_timestamp($5::float8 / 1000), case when unsettles then true end, correlation from matched order by instance_id, type
    on conflict (instance_id, dedupe_key) where dedupe_key is not null do nothing returning instance_id, correlation
  ), woken as (
    update durachart.instances i set wake = i.wake + 1,
      wake_at = case when i.lease is null then least(i.wake_at, to_timestamp($5::float8 / 1000)) else i.wake_at end
    from (${inLockOrder('select instance_id from sent')}) l where i.id = l.id
  ), totals as materialized (
    select (select array_agg(id order by id) from born) as started, (select count(distinct instance_id)::int from sent where correlation is null) as reached,
      (select count(*) from matched) < ${RECEIVERS} as done, (select max(instance_id) from matched) as last,
      (select array_agg(id) from (select id from born union select instance_id from sent) as every) as ids
  ), noted as (
    update durachart.published u set started = coalesce(t.started, u.started), reached = u.reached + t.reached, position = coalesce(t.last, u.position),
      problems = $6::text::json, delivered_at = case when t.done then to_timestamp($5::float8 / 1000) end
    from p, totals t where u.id = p.id
  )
  select t.ids, t.done, case when t.ids is not null then
    pg_notify('durachart_work', case when octet_length(array_to_string(t.ids, ',')) < 7900 then array_to_string(t.ids, ',') else '*' end) end
  from p, totals t`;

const COLUMNS = `id, name, payload, key, source, created_at, delivered_at, started, reached, problems`;

/** Published events on a Postgres. */
export function createEventStore(pool: postgres.Sql): EventStore {
  return {
    publish: async ({ name, payload, key, source }, at, tx) => {
      const sql = tx ?? (pool as unknown as Transaction);
      const text = payload === undefined ? null : JSON.stringify(payload);
      const [row] = await sql.unsafe<{ id: string }>(PUBLISH, [name, text, key, source, at]);
      if (row !== undefined) return { id: Number(row.id), name, payload, duplicate: false };
      const [first] = await sql.unsafe<Row>(
        `select id, name, payload from durachart.published where name = $1 and key = $2`,
        [name, key],
      );
      return { ...undelivered(first as Row), duplicate: true };
    },
    undelivered: async (after, limit) => {
      const rows = await pool<Row[]>`
        select id, name, payload from durachart.published where delivered_at is null and id > ${after} order by id limit ${limit}`;
      return rows.map(undelivered);
    },
    deliver: async ({ id }, { starts, letters, problems }, at) => {
      const [row] = await pool.unsafe<{ ids: string[] | null; done: boolean }[]>(DELIVER, [
        0,
        `[${starts.map(rowOf).join(',')}]`,
        JSON.stringify(letters),
        id,
        at,
        problems.length === 0 ? null : JSON.stringify(problems),
      ]);
      return row === undefined ? undefined : { ids: row.ids ?? [], done: row.done };
    },
    find: async (id) => {
      const [row] = await pool.unsafe<Row[]>(`select ${COLUMNS} from durachart.published where id = $1`, [id]);
      return row === undefined ? undefined : published(row);
    },
    list: async ({ name }, limit, before) => {
      const rows = await pool.unsafe<Row[]>(
        `select ${COLUMNS} from durachart.published where ($1::text is null or name = $1) and id < $2 order by id desc limit $3`,
        [name ?? null, before ?? Number.MAX_SAFE_INTEGER, limit],
      );
      return rows.map(published);
    },
  };
}

function undelivered(row: Row): Undelivered {
  return { id: Number(row['id']), name: row['name'] as string, payload: row['payload'] };
}

function published(row: Row): PublishedEvent {
  return {
    ...undelivered(row),
    key: row['key'] as string | null,
    source: row['source'] as string | null,
    publishedAt: row['created_at'] as Date,
    deliveredAt: row['delivered_at'] as Date | null,
    started: row['started'] as string[],
    reached: row['reached'] as number,
    problems: (row['problems'] ?? []) as PublishedEvent['problems'],
  };
}
