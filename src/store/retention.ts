import type postgres from 'postgres';
import type { Candidate, RetentionFilter, RetentionStore } from '../engine/retention.ts';
import { PLACES } from './find-instances.ts';

/**
 * An instance that may go: nothing is due for it, nobody waits for it, and what it started has ended.
 * $1 the statuses, $2 ended before.
 */
const FINISHED = `i.rest_status = any ($1) and i.created_at < $2::timestamptz and coalesce(i.finished_at, i.updated_at) < $2::timestamptz and i.wake_at is null
  and not exists (select from durachart.instances p where p.id = i.parent_id and p.status not in ('done', 'cancelled'))
  and not exists (select from durachart.instances c where c.parent_id = i.id and c.status not in ('done', 'cancelled', 'failed'))`;

/** From place to place through the index, so that the newer ones are not read. */
const FIND = `with recursive ${PLACES}
  select f.* from places p cross join lateral (
    select i.id, i.created_at, i.sequence, i.wake from durachart.instances i
    where i.rest_status = p.rest_status and i.workflow = p.workflow and i.rest_state = p.rest_state and ${FINISHED}
      and (i.created_at, i.id) > ($3::text::timestamptz, $4)
    order by i.created_at, i.id limit $5) f
  where p.rest_status = any ($1) and ($6::text is null or p.workflow = $6) and ($7::text is null or p.rest_state = left($7, 300))
  order by f.created_at, f.id limit $5`;

const rowsOf = (table: string, order: string): string =>
  `(select coalesce(json_agg(t order by ${order}), '[]') from durachart.${table} t where t.instance_id = i.id)`;

const READ = `select json_build_object('instance', to_json(i), 'transitions', ${rowsOf('transitions', 't.sequence')}, 'steps', ${rowsOf('steps', 't.queued_at, t.key')},
    'events', ${rowsOf('events', 't.id')}, 'timers', ${rowsOf('timers', 't.id')}, 'runs', ${rowsOf('runs', 't.created_at')},
    'audit', (select coalesce(json_agg(a order by a.id), '[]') from durachart.audit a where a.target = 'instance' and a.target_id = i.id))::text as line
  from durachart.instances i where i.id = any ($1) order by i.created_at, i.id`;

/** Tables of which all rows of an instance go. */
const BELONGINGS = ['transitions', 'steps', 'events', 'timers', 'runs', 'subscriptions'];

/** $3 the candidates as JSON text. Who holds an instance's row is not waited for. */
const REMOVE = `with free as materialized (
    select i.id, i.created_at, i.tags from json_to_recordset($3::text::json) as c(id text, sequence int, wake int)
    join durachart.instances i on i.id = c.id and i.sequence = c.sequence and i.wake = c.wake
    where ${FINISHED} order by i.id for update of i skip locked
  ), gone as (
    delete from durachart.instances where id = any (array(select id from free)) returning id
  ), ${BELONGINGS.map((table) => `of_${table} as (delete from durachart.${table} where instance_id = any (array(select id from free)))`).join(', ')},
  of_tags as (
    delete from durachart.tags t using (select unnest(tags) as tag, created_at, id from free) f
    where t.tag = f.tag and t.created_at = f.created_at and t.instance_id = f.id
  ), of_audit as (
    delete from durachart.audit where target = 'instance' and target_id = any (array(select id from free))
  )
  select id from gone`;

/** Removes finished instances. */
export function createRetentionStore(pool: postgres.Sql): RetentionStore {
  return {
    find: async ({ status, endedBefore, workflow, state }, after, limit) => {
      const rows = await pool.unsafe<{ id: string; created_at: Date; sequence: number; wake: number }[]>(FIND, [
        [...status],
        endedBefore,
        after?.createdAt.toISOString() ?? '-infinity',
        after?.id ?? '',
        limit,
        workflow ?? null,
        state ?? null,
      ]);
      return rows.map(({ created_at: createdAt, ...row }) => ({ ...row, createdAt }));
    },
    read: async (ids) => {
      const rows = await pool.unsafe<{ line: string }[]>(READ, [[...ids]]);
      // What json_agg makes has line breaks between rows; in texts they are escaped.
      return rows.map(({ line }) => line.replaceAll('\n', ''));
    },
    remove: async ({ status, endedBefore }: RetentionFilter, candidates: readonly Candidate[]) => {
      const rows = await pool.unsafe<{ id: string }[]>(REMOVE, [[...status], endedBefore, JSON.stringify(candidates)]);
      return rows.map(({ id }) => id);
    },
    begin: async ({ workflow, arguments: args, by, why, at }) => {
      const [row] = await pool.unsafe<[{ id: string }]>(
        `insert into durachart.audit (target, target_id, operation, arguments, by, why, status, requested_at)
         values ('retention', $1, 'remove', $2::text::json, $3, $4, 'requested', to_timestamp($5::float8 / 1000)) returning id`,
        [workflow, JSON.stringify(args), by, why, at],
      );
      return Number(row.id);
    },
    end: async (id, result, at) => {
      await pool.unsafe(
        `update durachart.audit set status = 'applied', result = $2::text::json, finished_at = to_timestamp($3::float8 / 1000) where id = $1`,
        [id, JSON.stringify(result), at],
      );
    },
  };
}
