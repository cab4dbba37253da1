import type postgres from 'postgres';
import type { Past } from '../engine/operations/moment.ts';
import type { NewOperation, OperationRecord, OperationStore, Paused } from '../engine/operations/records.ts';
import { begunWith } from '../engine/fan-out.ts';
import type { FanOut, Outstanding, Stand, StepKind } from '../engine/ports.ts';
import type { Database } from './database.ts';
import { insertRows, readRows } from './instance-rows.ts';
import { readItemInputs } from './items.ts';
import { deletePause, writePause } from './pauses.ts';
import { readSnapshot } from './reader.ts';
import { millis, STEPS_IN_ORDER, type Row } from './rows.ts';

/** Operations on a Postgres. */
export function createOperationStore(database: Database): OperationStore {
  const { pool } = database;
  return {
    request: async (operation) => request(pool, operation),
    find: async (id) => {
      const [row] = await pool.unsafe<Row[]>(`${RECORD} where a.id = $1`, [id]);
      return row === undefined ? undefined : record(row);
    },
    findByKey: async (target, targetId, key) => {
      const [row] = await pool.unsafe<Row[]>(`${RECORD} where a.target = $1 and a.target_id = $2 and a.key = $3`, [
        target,
        targetId,
        key,
      ]);
      return row === undefined ? undefined : record(row);
    },
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
      const [row] = await pool<{ sequence: number; event: string }[]>`
        select sequence, event from durachart.transitions where instance_id = ${id} and to_state is distinct from from_state
        order by sequence desc limit 1`;
      return row;
    },
  };
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

async function request(
  pool: postgres.Sql,
  operation: NewOperation,
): Promise<{ id: number; duplicate: boolean } | 'no instance'> {
  const { instanceId, key } = operation;
  const [row] = await pool.unsafe<{ found: boolean; id: string | null }[]>(
    `with i as materialized (select id from durachart.instances where id = $1),
     e as (insert into durachart.events (instance_id, type, payload, source, dedupe_key, created_at)
       select i.id, 'durachart.' || $2, $3::text::json, 'control', 'operation ' || $4::text, to_timestamp($5::float8 / 1000) from i
       on conflict (instance_id, dedupe_key) where dedupe_key is not null do nothing returning id),
     a as (insert into durachart.audit (target, target_id, operation, arguments, by, why, key, event_id, status, requested_at)
       select 'instance', $1, $2, $6::text::json, $7, $8::text, $4::text, e.id, 'requested', to_timestamp($5::float8 / 1000) from e returning id),
     w as (update durachart.instances u set wake = u.wake + 1,
         wake_at = case when u.lease is null then least(u.wake_at, to_timestamp($5::float8 / 1000)) else u.wake_at end
       where u.id = $1 and exists (select from e))
     select exists (select from i) as found, (select id from a) as id, case when exists (select from e) then pg_notify('durachart_work', $1) end`,
    [
      instanceId,
      operation.operation,
      JSON.stringify(operation.payload),
      key,
      operation.at,
      JSON.stringify(operation.arguments),
      operation.by,
      operation.why,
    ],
  );
  if (row?.found !== true) return 'no instance';
  if (row.id !== null) return { id: Number(row.id), duplicate: false };
  const [first] = await pool<{ id: string }[]>`
    select id from durachart.audit where target = 'instance' and target_id = ${instanceId} and key = ${key}`;
  return first === undefined ? 'no instance' : { id: Number(first.id), duplicate: true };
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
