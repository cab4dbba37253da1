import { setTimeout as sleep } from 'node:timers/promises';
import type postgres from 'postgres';

interface Unsettled {
  id: string;
  status: string;
  state: string;
  sequence: number;
  attempts: string;
  lease: number | null;
}

/**
 * Waits until every instance that has something to do has got on with it: has taken a transition, begun another attempt,
 * or has been put down with nothing due. @returns those that have not within `patience` milliseconds
 */
export async function stuckInstances(sql: postgres.Sql, patience: number): Promise<string[]> {
  const first = await unsettled(sql);
  const waitedFor = new Map(first.map((row) => [row.id, row]));
  for (const end = Date.now() + patience; waitedFor.size > 0 && Date.now() < end;) {
    await sleep(500);
    const now = new Map((await unsettled(sql)).map((row) => [row.id, row]));
    for (const [id, { sequence, attempts }] of waitedFor) {
      const row = now.get(id);
      if (row === undefined || row.sequence !== sequence || row.attempts !== attempts) waitedFor.delete(id);
    }
  }
  return [...waitedFor.values()].map(
    ({ id, status, state, sequence, lease }) =>
      `${id} is ${status} in ${state} at ${sequence}, in the hands of ${lease ?? 'nobody'}`,
  );
}

/** Instances that somebody holds, or that are due; held by one who waits for a timer, they need nobody. */
async function unsettled(sql: postgres.Sql): Promise<Unsettled[]> {
  return sql<Unsettled[]>`
    select i.id, i.status, i.state, i.sequence, i.lease, coalesce(
      (select string_agg(s.key || s.status || s.attempt || s.lost, ' ' order by s.key) from durachart.steps s
       where s.instance_id = i.id and s.status in ('queued', 'running', 'retrying')), '') as attempts
    from durachart.instances i
    where i.lease is not null or i.wake_at <= now()
      or (i.status in ('running', 'scheduled') and i.wake_at is null)
      or exists (select from durachart.events e where e.instance_id = i.id and e.status = 'pending' and i.status not in ('failed', 'paused', 'scheduled'))`;
}

/** Waits until all instances have ended and nobody holds any. @returns those that have not within `patience` milliseconds */
export async function unended(sql: postgres.Sql, patience: number): Promise<string[]> {
  for (const end = Date.now() + patience; ; await sleep(500)) {
    const rows = await sql<{ line: string }[]>`
      select id || ' is ' || status || ' in ' || state || ' at ' || sequence || ', in the hands of ' || coalesce(lease::text, 'nobody') as line
      from durachart.instances where status not in ('done', 'cancelled', 'failed') or lease is not null or wake_at is not null limit 100`;
    if (rows.length === 0 || Date.now() > end) return rows.map(({ line }) => line);
  }
}
