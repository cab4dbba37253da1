import type postgres from 'postgres';
import type { DriverStore } from '../engine/driver-store.ts';

/**
 * Takes one instance for a living worker. The update's own condition is the fence; what it says no to is then told apart.
 * Nothing is read in the statement that takes it: that one may have waited for the last owner's commit, and would not see its rows.
 */
export async function takeInstance(
  pool: postgres.Sql,
  reload: DriverStore['reload'],
  worker: number,
  id: string,
): ReturnType<DriverStore['take']> {
  const [taken] = await pool`
    update durachart.instances i set lease = ${worker} where i.id = ${id} and i.lease is null
      and exists (select from durachart.workers w where w.id = ${worker} and w.stopped_at is null) returning i.id`;
  if (taken !== undefined) {
    const [claimed] = await reload(worker, [id]);
    return claimed === undefined ? 'held' : { claimed };
  }
  const [row] = await pool<{ held: boolean; alive: boolean }[]>`
    select i.lease is not null as held, exists (select from durachart.workers w where w.id = ${worker} and w.stopped_at is null) as alive
    from durachart.instances i where i.id = ${id}`;
  if (row === undefined) return 'unknown';
  return row.alive ? 'held' : 'expired';
}
