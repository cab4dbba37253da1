import type postgres from 'postgres';
import { asUnavailable } from '../engine/unavailable.ts';
import type { Buried, Millis, WorkerSession } from '../engine/ports.ts';
import { guardBeat } from './beat-guard.ts';
import type { Database } from './database.ts';
import { IS_DIRECT, notDirect } from './direct.ts';
import { inLockOrder } from './lock-order.ts';
import { checkMigrated } from './migrate.ts';
import { isTransient } from './transient.ts';

/** First key of the advisory locks that workers hold; the second is the worker's id. */
const LOCK_CLASS = 0x44757261;

/** Where a session's lock shows; absent, its process is gone. */
const LOCK_HELD = `exists (select from pg_locks l where l.locktype = 'advisory' and l.classid = ${LOCK_CLASS} and l.objid = w.id and l.objsubid = 2 and l.granted
  and l.database = (select oid from pg_database where datname = current_database()))`;

/** A worker `w` that held a lock for as long as it lived holds it no more; after the server's start it has time to take it again. */
export const LOCK_LOST = `(w.locked and now() - pg_postmaster_start_time() > interval '3 s' and not ${LOCK_HELD})`;

/**
 * Registers a worker and takes the lock that tells others that its process lives.
 * @throws DatabaseUnavailableError also behind a pooler, and where the migrations have not been run
 */
export async function startWorker(
  database: Database,
  name: string,
  workflows: readonly string[],
  now: Millis,
): Promise<WorkerSession> {
  const { session, pool } = database;
  const [[row]] = await Promise.all([
    pool<{ id: number }[]>`
      insert into durachart.workers (name, workflows, locked, started_at, beat_at)
      select ${name}, ${[...workflows]}, false, to_timestamp(${now}::float8 / 1000), now()
      where ${pool.unsafe(IS_DIRECT)} returning id`,
    checkMigrated(session),
  ]).catch((error: unknown) => {
    throw asUnavailable(error, isTransient);
  });
  if (row === undefined) return notDirect();
  const { id } = row;
  const locked = await takeLock(session, id);
  if (locked) await pool`update durachart.workers set locked = true where id = ${id}`;
  return {
    id,
    beat: async () => {
      // After a reconnect the lock is gone; it is taken again before anybody is told that this worker lives.
      if (locked && !(await holdsLock(session, id))) await takeLock(session, id);
      const rows = await pool`
        update durachart.workers set beat_at = now(), blocked_since = null where id = ${id} and stopped_at is null returning id`;
      return rows.length > 0;
    },
    guard: (limits, onError) => guardBeat({ url: database.url, worker: id, ...limits }, onError),
    stop: async (at) => {
      await pool.unsafe(
        `update durachart.instances i set lease = null, wake_at = to_timestamp($1::float8 / 1000)
         from (${inLockOrder('select id from durachart.instances where lease = $2')}) mine where i.id = mine.id and i.lease = $2`,
        [at, id],
      );
      await pool`select pg_notify('durachart_work', '*')`;
      await pool`update durachart.workers set stopped_at = to_timestamp(${at}::float8 / 1000) where id = ${id}`;
      await session`select pg_advisory_unlock_all()`;
    },
    kill: async () => {
      await session.end({ timeout: 1 });
    },
  };
}

/** False where the next statement may run in another session, as behind a transaction pooler. */
async function takeLock(session: postgres.Sql, id: number): Promise<boolean> {
  await session`select pg_try_advisory_lock(${LOCK_CLASS}, ${id})`;
  return holdsLock(session, id);
}

async function holdsLock(session: postgres.Sql, id: number): Promise<boolean> {
  const [row] = await session<{ held: boolean }[]>`
    select exists (select from pg_locks w where w.locktype = 'advisory' and w.classid = ${LOCK_CLASS} and w.objid = ${id} and w.pid = pg_backend_pid()) as held`;
  return row?.held === true;
}

/**
 * Declares workers dead whose lock is gone, or whose beat is older than `timeout` milliseconds, and frees their instances.
 * Silence is measured by the server's clock alone: one machine whose clock stands wrong would take all others for dead, or be taken for it.
 * While the server was down nobody could beat or hold a lock: after its start living workers have time to do so again.
 * The worker that asks is alive, whatever its connections have gone through.
 */
export async function buryWorkers(pool: postgres.Sql, now: Millis, timeout: number, asking: number): Promise<Buried> {
  const rows = await pool.unsafe<{ id: number }[]>(
    `update durachart.workers w set stopped_at = to_timestamp($1::float8 / 1000)
     where stopped_at is null and id <> $3::int
       and (extract(epoch from now() - greatest(beat_at, pg_postmaster_start_time())) * 1000 > $2::float8
         or ${LOCK_LOST})
     returning id`,
    [now, timeout, asking],
  );
  // Whatever a dead one still owns: also what it took after its death, and what the process that declared it dead could not
  // free. What somebody is just writing to is freed the next time.
  const freed = await pool.unsafe<{ id: string }[]>(
    `with recursive owners(id) as (
       (select lease from durachart.instances where lease is not null order by lease limit 1)
       union all
       select (select i.lease from durachart.instances i where i.lease > o.id order by i.lease limit 1) from owners o where o.id is not null),
     theirs as (
       select i.id, i.lease from owners o left join durachart.workers w on w.id = o.id join durachart.instances i on i.lease = o.id
       where w.id is null or w.stopped_at is not null for no key update of i skip locked)
     update durachart.instances i set lease = null, wake_at = to_timestamp($1::float8 / 1000)
     from theirs where i.id = theirs.id and i.lease = theirs.lease
     returning i.id`,
    [now],
  );
  // Somebody else may be the one who can take them.
  if (freed.length > 0) await pool`select pg_notify('durachart_work', '*')`;
  return { workers: rows.map(({ id }) => id), freed: freed.map(({ id }) => id) };
}
