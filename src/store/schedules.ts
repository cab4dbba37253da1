import type postgres from 'postgres';
import type { ScheduleStore, ScheduleView } from '../engine/schedules/schedule-store.ts';
import { rowOf } from './commit-parameters.ts';
import { INSERT, SUBSCRIBED, UNBORN } from './commit-statement.ts';
import { inLockOrder } from './lock-order.ts';
import { millis, orNull, type Row } from './rows.ts';

const STARTS = `json_to_recordset($2::text::json) as t(${UNBORN})`;

/** $1 the schedules as JSON text, $2 the workflows that this code has. */
const SYNC = `
  with n as materialized (
    select * from json_to_recordset($1::text::json) as n(id text, workflow text, name text, cron text, timezone text, jitter int, missed text, overlap text, tick float8, "dueAt" float8)
  ), gone as (
    delete from durachart.schedules where workflow = any($2) and id not in (select id from n)
  )
  insert into durachart.schedules as s (id, workflow, name, cron, timezone, jitter, missed, overlap, tick, due_at)
  select id, workflow, name, cron, timezone, jitter, missed, overlap, to_timestamp(tick / 1000), to_timestamp("dueAt" / 1000) from n
  on conflict (id) do update set cron = excluded.cron, timezone = excluded.timezone, jitter = excluded.jitter, missed = excluded.missed, overlap = excluded.overlap,
    tick = case when (s.cron, s.timezone, s.jitter) = (excluded.cron, excluded.timezone, excluded.jitter) then s.tick else excluded.tick end,
    due_at = case when (s.cron, s.timezone, s.jitter) = (excluded.cron, excluded.timezone, excluded.jitter) then s.due_at else excluded.due_at end`;

/**
 * $1 0, $2 instances to be started, $3 the schedule, $4 the time that is dealt with, $5 and $6 the next one and when it is due,
 * $7 outcome, $8 message, $9 times left out, $10 instances to be cancelled, $11 those to be watched, $12 now.
 * The row's own time is the condition: whoever comes second finds another one, and does nothing.
 */
const ADVANCE = `
  with s as materialized (
    update durachart.schedules set tick = to_timestamp($5::float8 / 1000), due_at = to_timestamp($6::float8 / 1000), last_tick = to_timestamp($4::float8 / 1000),
      outcome = $7, message = $8, skipped = skipped + $9, started = started + json_array_length($2::text::json), active = $11
    where id = $3 and tick = to_timestamp($4::float8 / 1000)::timestamptz(3) returning id
  ), b as materialized (
    select t.*, null as snapshot from s, ${STARTS}
  ), born as (${INSERT} on conflict (id) do nothing returning id
  )${SUBSCRIBED}, orders as (
    insert into durachart.events (instance_id, type, payload, source, dedupe_key, created_at)
    select i.id, 'durachart.cancel', null, 'control', 'schedule ' || $4::text, to_timestamp($12::float8 / 1000) from s, durachart.instances i where i.id = any($10)
    on conflict (instance_id, dedupe_key) where dedupe_key is not null do nothing returning instance_id
  ), woken as (
    update durachart.instances i set wake = i.wake + 1,
      wake_at = case when i.lease is null then least(i.wake_at, to_timestamp($12::float8 / 1000)) else i.wake_at end
    from (${inLockOrder('select instance_id from orders')}) l where i.id = l.id
  ), touched as materialized (select coalesce(array_agg(id), '{}') as ids from (select id from born union select instance_id from orders) as every)
  select t.ids, case when t.ids <> '{}' then pg_notify('durachart_work', array_to_string(t.ids[1:30], ',')) end from s, touched t`;

/** $1 0, $2 the instance, $3 the schedule, $4 by, $5 why, $6 key, $7 now. */
const RUN = `
  with b as materialized (select t.*, null as snapshot from ${STARTS}
  ), born as (${INSERT} on conflict (id) do nothing returning id
  )${SUBSCRIBED}, s as (
    update durachart.schedules set started = started + 1, active = active || (select array_agg(id) from born) where id = $3 and exists (select from born)
  ), a as (
    insert into durachart.audit (target, target_id, operation, by, why, key, status, result, requested_at, finished_at)
    select 'schedule', $3, 'run', $4, $5, $6, 'applied', json_build_object('started', born.id), to_timestamp($7::float8 / 1000), to_timestamp($7::float8 / 1000) from born returning id
  )
  select (select id from a) as id, (select pg_notify('durachart_work', id) from born)`;

/** Schedules on a Postgres. */
export function createScheduleStore(pool: postgres.Sql): ScheduleStore {
  return {
    sync: async (schedules, workflows) => {
      await pool.unsafe(SYNC, [JSON.stringify(schedules), [...workflows]]);
    },
    due: async (ids, now) => {
      const rows = await pool<Row[]>`
        select s.id, s.tick, exists (select from durachart.pauses p where p.target = 'schedule' and p.name = s.id) as paused,
          array(select i.id from durachart.instances i where i.id = any(s.active) and i.status not in ('done', 'cancelled', 'failed') order by i.created_at, i.id) as active
        from durachart.schedules s where s.id = any(${[...ids]}) and s.due_at <= to_timestamp(${now}::float8 / 1000) order by s.due_at, s.id`;
      return rows.map((row) => ({
        id: row['id'] as string,
        tick: millis(row['tick']),
        paused: row['paused'] as boolean,
        active: row['active'] as string[],
      }));
    },
    advance: async ({ starts, next, ...advance }) => {
      const [row] = await pool.unsafe<{ ids: string[] }[]>(ADVANCE, [
        0,
        `[${starts.map(rowOf).join(',')}]`,
        advance.id,
        advance.tick,
        next?.tick ?? null,
        next?.dueAt ?? null,
        advance.outcome,
        advance.message,
        advance.skipped,
        advance.cancelled,
        advance.active,
        advance.at,
      ]);
      return row?.ids;
    },
    run: async (id, start, { by, why, key }, at) => {
      const [row] = await pool.unsafe<{ id: string | null }[]>(RUN, [0, `[${rowOf(start)}]`, id, by, why, key, at]);
      return row?.id == null ? undefined : Number(row.id);
    },
    list: async (ids) => {
      const rows = await pool<Row[]>`
        select s.*, p.by, p.why, p.since, (
          select coalesce(json_agg(json_build_object('id', i.id, 'status', i.status, 'state', i.state, 'startedAt', i.created_at) order by i.created_at desc, i.id desc), '[]') from (
            select i.id, i.status, i.state, i.created_at from durachart.tags t join durachart.instances i on i.id = t.instance_id
            where t.tag = 'schedule:' || s.id order by t.created_at desc, t.instance_id desc limit 5) i) as instances
        from durachart.schedules s left join durachart.pauses p on p.target = 'schedule' and p.name = s.id
        where s.id = any(${[...ids]}) order by s.id`;
      return rows.map(view);
    },
  };
}

function view(row: Row): Awaited<ReturnType<ScheduleStore['list']>>[number] {
  return {
    id: row['id'] as string,
    workflow: row['workflow'] as string,
    name: row['name'] as string,
    cron: row['cron'] as string,
    timezone: row['timezone'] as string,
    jitter: row['jitter'] as number,
    missed: row['missed'] as ScheduleView['missed'],
    overlap: row['overlap'] as ScheduleView['overlap'],
    paused:
      row['since'] === null
        ? null
        : { by: row['by'] as string, why: row['why'] as string | null, since: row['since'] as Date },
    last:
      row['last_tick'] === null
        ? null
        : {
            at: row['last_tick'] as Date,
            outcome: row['outcome'] as NonNullable<ScheduleView['last']>['outcome'],
            message: row['message'] as string | null,
          },
    instances: (row['instances'] as { id: string; status: string; state: string; startedAt: string }[]).map(
      (instance) => ({ ...instance, startedAt: new Date(instance.startedAt) }),
    ),
    started: row['started'] as number,
    skipped: row['skipped'] as number,
    tick: orNull(row['tick'], millis),
    dueAt: orNull(row['due_at'], millis),
  };
}
