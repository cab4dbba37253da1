import type postgres from 'postgres';
import type { Pauses } from '../engine/pauses.ts';
import type { NewPause } from '../engine/operations/records.ts';
import { inLockOrder } from './lock-order.ts';

export async function readPauses(pool: postgres.Sql): Promise<Pauses> {
  const rows = await pool<{ target: string; name: string }[]>`select target, name from durachart.pauses`;
  const named = (target: string): Set<string> =>
    new Set(rows.filter((row) => row.target === target).map(({ name }) => name));
  return { workflows: named('workflow'), queues: named('queue') };
}

/** Pauses a workflow or a queue, with its record. Undefined: it is paused already. */
export async function writePause(pool: postgres.Sql, pause: NewPause): Promise<number | undefined> {
  const [row] = await pool.unsafe<{ id: string | null }[]>(
    `with p as (insert into durachart.pauses (target, name, by, why, since)
       values ($1, $2, $3, $4, to_timestamp($6::float8 / 1000)) on conflict do nothing returning name),
     a as (${RECORD("'pause'")} from p returning id)
     select (select id from a) as id, pg_notify('durachart_work', '*')`,
    parameters(pause),
  );
  return row?.id == null ? undefined : Number(row.id);
}

/**
 * Lets it go on, with its record, and has the instances looked at that were put down for it. Undefined: it was not paused.
 * Those of a workflow are due as they are; those with a step of a queue are found by their live steps. Whoever is just
 * giving one back is kept from it by `wake`, and reads the pauses again.
 */
export async function deletePause(pool: postgres.Sql, pause: NewPause): Promise<number | undefined> {
  const [row] = await pool.unsafe<{ id: string | null }[]>(
    `with p as (delete from durachart.pauses where target = $1 and name = $2 returning name),
     a as (${RECORD("'unpause'")} from p returning id),
     w as (update durachart.instances i set wake = i.wake + 1, wake_at = case when i.lease is null then least(i.wake_at, to_timestamp($6::float8 / 1000)) else i.wake_at end
       from (${inLockOrder(`select r.id from durachart.instances r where exists (select from p) and $1 = 'queue' and r.status = 'running' and exists (
         select from json_array_elements_text(r.live) as k(key) join durachart.steps s on s.instance_id = r.id and s.key = k.key
         where s.queue = $2 and (s.status in ('queued', 'retrying') or s.kind = 'fan-out'))`)}) l where i.id = l.id and i.status = 'running')
     select (select id from a) as id, pg_notify('durachart_work', '*')`,
    parameters(pause),
  );
  return row?.id == null ? undefined : Number(row.id);
}

const RECORD = (operation: string): string =>
  `insert into durachart.audit (target, target_id, operation, by, why, key, status, requested_at, finished_at)
     select $1, $2, ${operation}, $3, $4, $5, 'applied', to_timestamp($6::float8 / 1000), to_timestamp($6::float8 / 1000)`;

function parameters({ target, name, by, why, key, at }: NewPause): (string | number | null)[] {
  return [target, name, by, why, key, at];
}
