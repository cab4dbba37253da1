import type postgres from 'postgres';
import type { Claimed } from '../engine/ports.ts';
import { currentSnapshot, DIFFS } from './current-snapshot.ts';
import {
  inboxEvent,
  millis,
  orNull,
  parentOf,
  stepRow,
  STEP_COLUMNS,
  timer,
  TIMERS_IN_ORDER,
  type Row,
} from './rows.ts';

/** Instances with all that moves them, in one statement, so that all of it is of the same moment. $1 ids, $2 who must hold them, or null. */
const STANDING = `
select i.id, i.workflow, i.version, i.tenant, i.input, i.input is null as no_input, i.status, i.state, i.sequence, i.snapshot, i.snapshot_at, i.live, i.error,
  i.parent_id, i.parent_key, i.wake, i.priority, i.created_at, i.start_at, i.finished_at, ${DIFFS} as diffs,
  (select json_agg(x) from (select ${STEP_COLUMNS} from json_array_elements_text(i.live) with ordinality as k(key, n)
    join durachart.steps s on s.instance_id = i.id and s.key = k.key order by k.n) x) as steps,
  (select json_agg(x) from (select id, event, recipient, due_at, sequence from durachart.timers d where d.instance_id = i.id order by ${TIMERS_IN_ORDER}) x) as timers,
  (select json_agg(x) from (select id, type, payload, source, fence, created_at, correlation from durachart.events e where e.instance_id = i.id and e.status = 'pending' order by e.id) x) as inbox
from durachart.instances i where i.id = any($1) and ($2::int is null or i.lease = $2)`;

/** Columns of times, which JSON gives as text. */
const TIMES = ['next_attempt_at', 'queued_at', 'started_at', 'heartbeat_at', 'finished_at', 'due_at', 'created_at'];

/**
 * How instances stand, in the order of their ids as they are given; those that are not there, or not in the hands of `worker`,
 * are left out. Not to be asked within the statement that takes them: that one may have waited for the last owner's
 * commit, and would not see the rows of it.
 */
export async function readStanding(
  pool: postgres.Sql,
  ids: readonly string[],
  worker: number | null,
): Promise<Claimed[]> {
  if (ids.length === 0) return [];
  const rows = await pool.unsafe<Row[]>(STANDING, [[...ids], worker]);
  const byId = new Map(rows.map((row) => [row['id'] as string, row]));
  return ids.flatMap((id) => {
    const row = byId.get(id);
    return row === undefined ? [] : [claimed(row)];
  });
}

function claimed(row: Row): Claimed {
  return {
    id: row['id'] as string,
    workflow: row['workflow'] as string,
    version: row['version'] as string,
    tenant: row['tenant'] as string | null,
    input: row['no_input'] === true ? undefined : row['input'],
    status: row['status'] as Claimed['status'],
    state: row['state'] as string,
    sequence: row['sequence'] as number,
    snapshot: currentSnapshot(row),
    live: row['live'] as string[],
    error: row['error'] as Claimed['error'],
    parent: parentOf(row),
    wake: row['wake'] as number,
    priority: row['priority'] as number,
    createdAt: millis(row['created_at']),
    startAt: orNull(row['start_at'], millis),
    finishedAt: orNull(row['finished_at'], millis),
    steps: list(row['steps']).map(stepRow),
    timers: list(row['timers']).map(timer),
    inbox: list(row['inbox']).map(inboxEvent),
  };
}

function list(value: unknown): Row[] {
  return ((value ?? []) as Row[]).map((row) => {
    const dates = TIMES.filter((name) => typeof row[name] === 'string');
    return { ...row, ...Object.fromEntries(dates.map((name) => [name, new Date(row[name] as string)])) };
  });
}
