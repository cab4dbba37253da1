import type postgres from 'postgres';
import type { Transaction } from '../core/step.ts';
import type { Claimed, Commit, CommitResult, Millis, Store, Wanted } from '../engine/ports.ts';
import { commitParameters, commitSize } from './commit-parameters.ts';
import { singleOf, singleStatement } from './commit-single.ts';
import { commitStatement } from './commit-statement.ts';
import { LANES, type Database } from './database.ts';
import { inboxEvent, millis, type Row } from './rows.ts';
import { readStanding } from './standing.ts';
import { readItemResults, readItems } from './items.ts';
import { readPauses } from './pauses.ts';
import { buryWorkers, startWorker } from './worker-session.ts';
import { stepTransaction } from './step-transaction.ts';

/** The store on Postgres. */
export function createStore(database: Database): Store {
  const { pool, hot } = database;
  return {
    commit: async (worker, batch) => commit(hot, worker, batch),
    size: commitSize,
    claim: async (worker, now, limit, workflows) => claim(pool, worker, now, limit, workflows),
    claimOrdered: async (worker, limit, workflows) => {
      const rows = await pool.unsafe<{ id: string }[]>(CLAIM_ORDERED, [worker, [...workflows], limit]);
      return readStanding(pool, idsOf(rows), worker);
    },
    reload: async (worker, ids) => readStanding(pool, ids, worker),
    leased: async (worker) => {
      return idsOf(await pool<{ id: string }[]>`select id from durachart.instances where lease = ${worker}`);
    },
    inbox: async (worker, ids) => readInboxes(pool, worker, ids),
    pending: async (worker) => {
      const rows = await pool<{ id: string }[]>`
        select distinct i.id from durachart.instances i join durachart.events e on e.instance_id = i.id and e.status = 'pending'
        where i.lease = ${worker} and (i.status not in ('failed', 'paused') or e.source = 'control')`;
      return idsOf(rows);
    },
    nextWake: async (workflows) => {
      const [row] = await pool<{ at: Date | null }[]>`
        select min(n.wake_at) as at from generate_series(0, 9) as p(n) cross join lateral (
          select wake_at from durachart.instances where priority = p.n::smallint and lease is null and wake_at is not null
            and workflow = any(${[...workflows]}) order by wake_at limit 1) n`;
      return row?.at == null ? null : millis(row.at);
    },
    pauses: async () => readPauses(pool),
    startWorker: async (name, workflows, now) => {
      openConnections(pool, hot);
      return startWorker(database, name, workflows, now);
    },
    buryWorkers: async (now, timeout, asking) => buryWorkers(pool, now, timeout, asking),
    due: async (now, workflows, limit) => {
      const rows = await pool<Wanted[]>`
        select id, priority from durachart.instances where lease is null and wake_at is not null and wake_at <= to_timestamp(${now}::float8 / 1000)
          and workflow = any(${[...workflows]}) order by priority desc, wake_at limit ${limit}`;
      return rows.map(({ id, priority }) => ({ id, priority }));
    },
    transactional: async (...args) => transactional(database, ...args),
    items: async (instanceId, fanOut, from, to) => readItems(pool, instanceId, fanOut, from, to),
    itemResults: async (instanceId, fanOut) => readItemResults(pool, instanceId, fanOut),
    onWork: async (callback) => {
      const hear = (payload: string) => callback(payload === '*' ? '*' : payload.split(','));
      // After a reconnect nobody knows what was missed.
      const { unlisten } = await pool.listen('durachart_work', hear, () => callback('*'));
      return unlisten;
    },
  };
}

async function commit(hot: postgres.Sql, worker: number, batch: readonly Commit[]): Promise<CommitResult[]> {
  const single = singleOf(batch);
  const { text, parameters } =
    single === undefined
      ? { text: commitStatement(batch), parameters: commitParameters(worker, batch) }
      : singleStatement(worker, single);
  const rows = await hot.unsafe<Row[]>(text, parameters, { prepare: true });
  return rows.map((row) => ({ id: row['id'] as string, released: row['released'] as boolean }));
}

/** What a worker asks at once when it begins. */
const AT_ONCE = 2;

/**
 * Opens the connections that a worker needs for its first instances while it is still being registered, and has the hot
 * path's statement planned. What fails here fails again where it is waited for.
 */
function openConnections(pool: postgres.Sql, hot: postgres.Sql): void {
  const opening = [
    // One of them is what it is registered by.
    ...Array.from({ length: AT_ONCE - 1 }, async () => pool`select`),
    ...Array.from({ length: LANES }, async () => commit(hot, 0, [])),
  ];
  void Promise.allSettled(opening);
}

const CLAIM_ORDERED = `
  with asked as (
    select i.id from durachart.audit a join durachart.instances i on i.id = a.target_id
    where a.status = 'requested' and a.target = 'instance' and i.lease is null and i.workflow = any($2)
    order by a.id limit $3 for update of i skip locked)
  update durachart.instances i set lease = $1 from (select distinct id from asked) asked where i.id = asked.id
    and exists (select from durachart.workers w where w.id = $1 and w.stopped_at is null) returning i.id`;

async function claim(
  pool: postgres.Sql,
  worker: number,
  now: Millis,
  limit: number,
  workflows: readonly string[],
): Promise<Claimed[]> {
  // By priority, each through the index; rows that another worker is just taking are passed over.
  const rows = await pool.unsafe<{ id: string; place: number }[]>(
    `with due as (
       select c.id, row_number() over () as place from generate_series(9, 0, -1) as p(n) cross join lateral (
         select id from durachart.instances
         where priority = p.n::smallint and lease is null and wake_at is not null and wake_at <= to_timestamp($2::float8 / 1000) and workflow = any($4)
         order by wake_at limit $3 for update skip locked) c
       limit $3)
     update durachart.instances i set lease = $1 from due where i.id = due.id and exists (select from durachart.workers w where w.id = $1 and w.stopped_at is null) returning i.id, due.place::int`,
    [worker, now, limit, [...workflows]],
  );
  return readStanding(pool, idsOf(rows.toSorted((a, b) => a.place - b.place)), worker);
}

function idsOf(rows: readonly { id: string }[]): string[] {
  return rows.map(({ id }) => id);
}

async function readInboxes(pool: postgres.Sql, worker: number, ids: readonly string[]): ReturnType<Store['inbox']> {
  const rows = await pool.unsafe<Row[]>(
    `select i.id as instance_id, i.wake, e.id, e.type, e.payload, e.source, e.fence, e.created_at, e.correlation from durachart.instances i
     left join durachart.events e on e.instance_id = i.id and e.status = 'pending'
     where i.lease = $1 and i.id = any($2) order by e.id`,
    [worker, [...ids]],
  );
  return [...Map.groupBy(rows, (row) => row['instance_id'] as string)].map(([id, group]) => ({
    id,
    wake: group[0]?.['wake'] as number,
    inbox: group.filter((row) => row['id'] !== null).map(inboxEvent),
  }));
}

async function transactional(
  database: Database,
  fence: Parameters<Store['transactional']>[0],
  run: (tx: Transaction) => Promise<unknown>,
  signal: AbortSignal,
): Promise<unknown> {
  const store = async (sql: postgres.Sql, result: unknown): Promise<{ output: unknown } | undefined> => {
    // The search path is the handler's.
    const stored = await sql.unsafe<Row[]>(
      `update durachart.steps s set status = 'done', output = $5::text::json, finished_at = pg_catalog.to_timestamp($6::float8 / 1000)
       from durachart.instances i
       where i.id = s.instance_id and i.lease = $1 and s.instance_id = $2 and s.key = $3 and s.attempt = $4 and s.status = 'running'
       returning s.key`,
      [
        fence.worker,
        fence.instanceId,
        fence.key,
        fence.attempt,
        result === undefined ? null : JSON.stringify(result),
        fence.at(),
      ],
    );
    return stored.length === 0 ? undefined : { output: result };
  };
  const { output } = await stepTransaction(database, fence.key, run, store, signal);
  return output;
}
