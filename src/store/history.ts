import type postgres from 'postgres';
import type { HistoryEntry, StepView } from '../engine/api.ts';
import type { FeedPosition, InstanceRecord, Reader } from '../engine/reader.ts';
import type { Row } from './rows.ts';

const COLUMNS = `t.instance_id, t.sequence, t.event, t.payload, t.from_state, t.to_state, t.emitted, t.at, t.xid, t.step_key,
  s.step, s.attempt, s.status as step_status, s.error_code, (extract(epoch from s.finished_at - s.started_at) * 1000)::float8 as duration,
  i.workflow, i.status`;

const ROWS = `durachart.transitions t left join durachart.steps s on s.instance_id = t.instance_id and s.key = t.step_key
  join durachart.instances i on i.id = t.instance_id`;

/** Transitions of one instance. */
export async function readHistory(
  pool: postgres.Sql,
  id: string,
  after: number,
  limit: number,
): ReturnType<Reader['history']> {
  const rows = await pool.unsafe<Row[]>(
    `select ${COLUMNS} from ${ROWS} where t.instance_id = $1 and t.sequence > $2 order by t.sequence limit $3`,
    [id, after, limit],
  );
  return rows.map((row) => ({ ...entry(row), status: row['status'] as InstanceRecord['status'] }));
}

/**
 * Makes a transaction known as one that will write history, for {@link HORIZON}: what has several statements begins with it,
 * before it writes anything else. A single statement locks its tables before it writes.
 */
export const WILL_WRITE_HISTORY = 'lock table durachart.transitions in row exclusive mode';

/**
 * The first transaction that may still commit history: the oldest under way that holds the lock which every writer of
 * history takes before it gets its number. Others, however long they last, hold nothing back: those of the application, of
 * other databases, of steps. One that has let go of its lock since is in the next snapshot, so that history is read in a statement after this.
 */
const HORIZON = `with now as materialized (select pg_current_snapshot() as snapshot)
  select snapshot::text as snapshot, durachart.xid_base()::text as base, coalesce(
    (select min(number) from (select x::text::bigint as number from pg_snapshot_xip(snapshot) x) running
     where number & 4294967295 in (
       select own.transactionid::text::bigint from pg_locks own join pg_locks history using (virtualtransaction)
       where own.locktype = 'transactionid' and own.mode = 'ExclusiveLock' and own.granted
         and history.locktype = 'relation' and history.mode = 'RowExclusiveLock' and history.granted
         and history.relation = 'durachart.transitions'::regclass
         and history.database = (select oid from pg_database where datname = current_database()))),
    pg_snapshot_xmax(snapshot)::text::bigint)::text as horizon
  from now`;

/** The position from which on there is news, and which transactions after it are to be seen already. */
export async function readPosition(pool: postgres.Sql): ReturnType<Reader['position']> {
  const { horizon, next, running } = await readHorizon(pool);
  return { xid: horizon, next, isSeen: (xid) => xid < next && !running.has(xid) };
}

/** Transitions after a position, in the order of their transactions; only what no earlier transaction can still come before. */
export async function readFeed(pool: postgres.Sql, position: FeedPosition, limit: number): ReturnType<Reader['feed']> {
  const { horizon } = await readHorizon(pool);
  if (horizon <= position.xid) return [];
  const rows = await pool.unsafe<Row[]>(
    `select ${COLUMNS} from ${ROWS}
     where t.xid >= $1::text::bigint and t.xid < $5::text::bigint and (t.xid, t.instance_id, t.sequence) > ($1::text::bigint, $2, $3)
     order by t.xid, t.instance_id, t.sequence limit $4`,
    [String(position.xid), position.instanceId, position.sequence, limit, String(horizon)],
  );
  return rows.map((row) => ({
    ...entry(row),
    xid: BigInt(row['xid'] as string),
    status: row['status'] as InstanceRecord['status'],
  }));
}

/** Transactions, by their numbers in the history. */
interface Horizon {
  /** The first that may still commit history. */
  horizon: bigint;
  /** More than any that has ended. */
  next: bigint;
  /** Those before it that have not. */
  running: ReadonlySet<bigint>;
}

async function readHorizon(pool: postgres.Sql): Promise<Horizon> {
  const [row] = await pool.unsafe<[{ snapshot: string; base: string; horizon: string }]>(HORIZON, []);
  const base = BigInt(row.base);
  const [, xmax = '0', running = ''] = row.snapshot.split(':');
  return {
    horizon: base + BigInt(row.horizon),
    next: base + BigInt(xmax),
    running: new Set(running === '' ? [] : running.split(',').map((xid) => base + BigInt(xid))),
  };
}

function entry(row: Row): HistoryEntry {
  return {
    instanceId: row['instance_id'] as string,
    workflow: row['workflow'] as string,
    sequence: row['sequence'] as number,
    event: row['event'] as string,
    payload: row['payload'],
    from: row['from_state'] as string | null,
    to: row['to_state'] as string,
    step:
      row['step'] == null
        ? null
        : {
            key: row['step_key'] as string,
            step: row['step'] as string,
            attempt: row['attempt'] as number,
            status: row['step_status'] as StepView['status'],
            durationMs: row['duration'] as number | null,
            errorCode: row['error_code'] as string | null,
          },
    emitted: (row['emitted'] ?? []) as unknown[],
    at: row['at'] as Date,
  };
}
