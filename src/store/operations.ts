import type postgres from 'postgres';
import type { Past } from '../engine/operations/moment.ts';
import type { NewOperation, OperationRecord, OperationStore, Paused } from '../engine/operations/records.ts';
import { begunWith } from '../engine/fan-out.ts';
import type { FanOut, Outstanding, Stand, StepKind } from '../engine/ports.ts';
import { Grouped, inHalves } from '../engine/grouped.ts';
import type { Database } from './database.ts';
import { inLockOrder } from './lock-order.ts';
import { GROUP, LARGEST, lookup } from './lookup.ts';
import { notifyWork } from './notify.ts';
import { unsettles } from './sends.ts';
import { isTransient } from './transient.ts';
import { insertRows, readRows } from './instance-rows.ts';
import { readItemInputs } from './items.ts';
import { deletePause, writePause } from './pauses.ts';
import { readSnapshot } from './reader.ts';
import { millis, STEPS_IN_ORDER, type Row } from './rows.ts';

/** Operations on a Postgres. */
export function createOperationStore(database: Database): OperationStore {
  const { pool } = database;
  const requests = new Grouped<NewOperation, number | null | undefined>({
    run: async (group) => inHalves(group, async (some) => request(pool, some), isRefusal),
    most: GROUP,
    largest: LARGEST,
    sizeOf: ({ payload }) => JSON.stringify(payload).length,
  });
  const records = lookup<number, Row>(
    async (ids) => pool.unsafe<Row[]>(`${RECORD} where a.id = any($1::bigint[])`, [ids.map(String)], { prepare: true }),
    (row) => Number(row['id']),
  );
  const byKey = lookup<string, Row>(
    async (keys) => {
      const asked = keys.map((key) => JSON.parse(key) as string[]);
      const columns = [0, 1, 2].map((index) => asked.map((parts) => parts[index] as string));
      return pool.unsafe<Row[]>(
        `${RECORD} where (a.target, a.target_id, a.key) in (select * from unnest($1::text[], $2::text[], $3::text[]))`,
        columns,
        { prepare: true },
      );
    },
    (row) => JSON.stringify([row['target'], row['target_id'], row['key']]),
  );
  const entrances = lookup<string, { id: string; sequence: number; event: string }>(
    async (ids) =>
      pool.unsafe(
        `select x.id, t.sequence, t.event from unnest($1::text[]) as x(id) cross join lateral (
           select sequence, event from durachart.transitions where instance_id = x.id and to_state is distinct from from_state
           order by sequence desc limit 1) t`,
        [[...ids]],
        { prepare: true },
      ),
    ({ id }) => id,
  );
  const findByKey: OperationStore['findByKey'] = async (target, targetId, key) => {
    const row = await byKey(JSON.stringify([target, targetId, key]));
    return row === undefined ? undefined : record(row);
  };
  return {
    request: async (operation) => {
      const id = await requests.do(operation);
      if (id === undefined) return 'no instance';
      if (id !== null) return { id, duplicate: false };
      const first = await findByKey('instance', operation.instanceId, operation.key as string);
      return first === undefined ? 'no instance' : { id: first.id, duplicate: true };
    },
    find: async (id) => {
      const row = await records(id);
      return row === undefined ? undefined : record(row);
    },
    findByKey,
    list: async ({ target, targetId }, limit, before) => {
      const where = ['a.id < $2'];
      const values: (string | number)[] = [limit, before ?? Number.MAX_SAFE_INTEGER];
      for (const [column, value] of Object.entries({ target, target_id: targetId })) {
        if (value !== undefined) where.push(`a.${column} = $${values.push(value)}`);
      }
      const rows = await pool.unsafe<Row[]>(
        `${RECORD} where ${where.join(' and ')} order by a.id desc limit $1`,
        values,
      );
      return rows.map(record);
    },
    pause: async (pause) => writePause(pool, pause),
    unpause: async (pause) => deletePause(pool, pause),
    paused: async () => {
      const rows = await pool<
        Paused[]
      >`select target, name, by, why, since from durachart.pauses order by target, name`;
      return [...rows];
    },
    rows: async (id) => readRows(database, id),
    insert: async (rows, audit, at) => insertRows(database, rows, audit, at),
    past: async (id, sequence) => past(pool, id, sequence),
    entered: async (id) => {
      const entered = await entrances(id);
      return entered === undefined ? undefined : { sequence: entered.sequence, event: entered.event };
    },
  };
}

/** Of what the database refuses for what is in it, the parts may be taken. */
function isRefusal(error: unknown): boolean {
  return !isTransient(error);
}

/** A rewind names what had begun after the moment that it goes back to: what that transition or a later one asked for, and what ended after it. */
const RECORD = `
  select a.*, case when a.operation = 'rewind' and a.status = 'applied' then (
    select coalesce(json_agg(json_build_object('key', s.key, 'step', s.step, 'kind', s.kind, 'status', s.status, 'attempt', s.attempt) order by ${STEPS_IN_ORDER}), '[]')
    from durachart.steps s where a.target = 'instance' and s.instance_id = a.target_id and s.started_at is not null
      and split_part(s.key, ':', 1)::int < (a.after ->> 'sequence')::int
      and (split_part(s.key, ':', 1)::int >= (a.arguments ->> 'to')::int or s.finished_at is null
        or s.finished_at > (select t.at from durachart.transitions t where t.instance_id = a.target_id and t.sequence = (a.arguments ->> 'to')::int))
  ) end as repeats from durachart.audit a`;

/**
 * $1 the operations, $2 what goes into the inboxes and $3 the arguments for the records, a line of JSON for each. Their
 * instances are locked first, lowest id first.
 */
const REQUEST = `
  with x as materialized (
    select n, id, operation, key, by, why, at, payload::json as payload, nullif(arguments, '')::json as arguments from rows from (
      json_to_recordset($1::text::json) as (n int, id text, operation text, key text, by text, why text, at float8),
      unnest(string_to_array($2::text, e'\\n')), unnest(string_to_array($3::text, e'\\n'))
    ) as t(n, id, operation, key, by, why, at, payload, arguments)
  ), lk as materialized (
    ${inLockOrder('select x.id from x')}
  ), m as materialized (
    select s.*, nextval('durachart.events_id_seq') as event_id from (select x.* from x join lk on lk.id = x.id order by x.n) s
  ), e as (
    insert into durachart.events (id, instance_id, type, payload, source, dedupe_key, created_at, unsettles)
    select m.event_id, m.id, 'durachart.' || m.operation, m.payload, 'control', 'operation ' || m.key, to_timestamp(m.at / 1000), ${unsettles('m.id')}
    from m order by m.n on conflict (instance_id, dedupe_key) where dedupe_key is not null do nothing returning id
  ), a as (
    insert into durachart.audit (target, target_id, operation, arguments, by, why, key, event_id, status, requested_at)
    select 'instance', m.id, m.operation, m.arguments, m.by, m.why, m.key, m.event_id, 'requested', to_timestamp(m.at / 1000)
    from m join e on e.id = m.event_id order by m.n returning id, event_id
  ), woken as materialized (
    select m.id, min(m.at) as at from m join e on e.id = m.event_id group by 1
  ), w as (
    update durachart.instances u set wake = u.wake + 1,
      wake_at = case when u.lease is null then least(u.wake_at, to_timestamp(woken.at / 1000)) else u.wake_at end
    from woken where u.id = woken.id
  ), told as materialized (${notifyWork('woken')}
  )
  select lk.id is not null as found, a.id, (select count(*) from told) as told
  from x left join lk on lk.id = x.id left join m on m.n = x.n left join a on a.event_id = m.event_id order by x.n`;

/** Puts orders into inboxes, with their records. The record's id; null where the key was used before; undefined where there is no such instance. */
async function request(
  pool: postgres.Sql,
  operations: readonly NewOperation[],
): Promise<(number | null | undefined)[]> {
  const rows = operations.map(({ instanceId: id, operation, key, by, why, at }, n) => ({
    n,
    id,
    operation,
    key,
    by,
    why,
    at,
  }));
  const payloads = operations.map(({ payload }) => JSON.stringify(payload));
  // None is JSON's null, as it is where the record is read.
  const given = operations.map((operation) => JSON.stringify(operation.arguments));
  const stored = await pool.unsafe<{ found: boolean; id: string | null }[]>(
    REQUEST,
    [JSON.stringify(rows), payloads.join('\n'), given.join('\n')],
    { prepare: true },
  );
  return stored.map(({ found, id }) => (!found ? undefined : id === null ? null : Number(id)));
}

async function past(pool: postgres.Sql, id: string, sequence: number): Promise<Past | undefined> {
  const snapshot = await readSnapshot(pool, id, sequence);
  if (snapshot === undefined) return undefined;
  const ids = Object.keys(snapshot.children);
  const [[row], invocations, timers] = await Promise.all([
    pool<Row[]>`
      select t.at, t.timers, i.parent_id from durachart.transitions t join durachart.instances i on i.id = t.instance_id
      where t.instance_id = ${id} and t.sequence = ${sequence}`,
    pool<Row[]>`
      select distinct on (substr(s.key, strpos(s.key, ':') + 1)) s.key, s.kind, s.step, s.input, s.input is null as no_input, s.child_id, s.fan_out
      from durachart.steps s where s.instance_id = ${id} and s.kind not in ('action', 'item') and substr(s.key, strpos(s.key, ':') + 1) = any(${ids})
        and split_part(s.key, ':', 1)::int <= ${sequence}
      order by substr(s.key, strpos(s.key, ':') + 1), split_part(s.key, ':', 1)::int desc`,
    pool<{ armed: Outstanding['armed'] }[]>`
      select timers -> 'armed' as armed from durachart.transitions where instance_id = ${id} and sequence <= ${sequence} and timers is not null order by sequence`,
  ]);
  if (row === undefined) return undefined;
  return {
    id,
    parentId: row['parent_id'] as string | null,
    snapshot,
    at: millis(row['at']),
    invocations: await Promise.all(
      invocations.map(async (step) => ({
        key: step['key'] as string,
        kind: step['kind'] as StepKind,
        step: step['step'] as string,
        input: await inputOf(pool, id, step),
        childId: step['child_id'] as string | null,
      })),
    ),
    armed: timers.flatMap(({ armed }) => armed),
    outstanding: row['timers'] as Outstanding | null,
  };
}

/** What an invocation was asked for with; of a fan-out its items have it. */
async function inputOf(pool: postgres.Sql, id: string, step: Row): Promise<unknown> {
  if (step['kind'] !== 'fan-out') return step['no_input'] === true ? undefined : step['input'];
  return begunWith(step['fan_out'] as FanOut, await readItemInputs(pool, id, step['key'] as string));
}

function record(row: Row): OperationRecord {
  return {
    id: Number(row['id']),
    target: row['target'] as OperationRecord['target'],
    targetId: row['target_id'] as string,
    operation: row['operation'] as string,
    arguments: row['arguments'] ?? null,
    by: row['by'] as string,
    why: row['why'] as string | null,
    key: row['key'] as string | null,
    status: row['status'] as OperationRecord['status'],
    code: row['code'] as string | null,
    reason: row['reason'] as string | null,
    before: row['before'] as Stand | null,
    after: row['after'] as Stand | null,
    result: row['result'] ?? null,
    repeats: row['repeats'] as OperationRecord['repeats'],
    requestedAt: row['requested_at'] as Date,
    finishedAt: row['finished_at'] as Date | null,
  };
}
