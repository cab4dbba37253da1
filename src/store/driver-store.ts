import type postgres from 'postgres';
import type { Transaction } from '../core/step.ts';
import type { Assignment, DriverStore, RoundFence, RunRow, Settled } from '../engine/driver-store.ts';
import { SETTLED } from '../engine/keys.ts';
import type { Millis, StepRow, StepStatus, Wanted } from '../engine/ports.ts';
import type { Database } from './database.ts';
import { SAVE_STEP, SETTLE_STEP } from './driver-statements.ts';
import { createStore } from './postgres.ts';
import { millis, orNull, stepRow, STEP_COLUMNS, type Row } from './rows.ts';
import { takeInstance } from './take.ts';
import { stepTransaction } from './step-transaction.ts';

/** The store of drivers and of the steps that they trigger. */
export function createDriverStore(database: Database): DriverStore {
  const { pool } = database;
  const { commit, size, reload, startWorker, buryWorkers, due, transactional, pauses, items, itemResults } =
    createStore(database);
  return {
    commit,
    size,
    reload,
    startWorker,
    buryWorkers,
    due,
    transactional,
    pauses,
    items,
    itemResults,
    take: async (worker, id) => takeInstance(pool, reload, worker, id),
    nudge: async (id) => {
      await pool`update durachart.instances set wake = wake + 1 where id = ${id} and lease is not null`;
    },
    free: async (ids) => {
      if (ids.length === 0) return [];
      const rows = await pool<
        Wanted[]
      >`select id, priority from durachart.instances where id = any(${[...ids]}) and lease is null`;
      return rows.map(({ id, priority }) => ({ id, priority }));
    },
    openRuns: async (id) => {
      const rows = await pool<
        Row[]
      >`select * from durachart.runs where instance_id = ${id} and ended_at is null order by created_at, key`;
      return rows.map(runRow);
    },
    runs: async (id) => {
      const rows = await pool<
        Row[]
      >`select * from durachart.runs where instance_id = ${id} order by created_at desc, key, round desc`;
      return rows.map(runRow);
    },
    planRun: async (run, now) => {
      const [row] = await pool<Row[]>`
        insert into durachart.runs (instance_id, kind, key, round, task, waiter, created_at)
        select ${run.instanceId}, ${run.kind}, ${run.key}, r.round, ${run.task}, ${run.waiter}, to_timestamp(${now}::float8 / 1000)
        from (select 1 + coalesce(max(round), 0) as round from durachart.runs where instance_id = ${run.instanceId} and kind = ${run.kind} and key = ${run.key}) r
        where ${run.kind} <> 'step' or exists (
          select from durachart.steps s where s.instance_id = ${run.instanceId} and s.key = ${run.key} and s.status = any(${LIVE}))
        returning *`;
      return row === undefined ? undefined : runRow(row);
    },
    nameRun: async (run, runId) => {
      await pool`update durachart.runs set run_id = coalesce(run_id, ${runId}) where ${ofRun(pool, run)}`;
    },
    await: async (run, waiter) => {
      const rows =
        await pool`update durachart.runs set waiter = ${waiter} where ${ofRun(pool, run)} and ended_at is null returning key`;
      return rows.length > 0;
    },
    endRun: async (run, now) => {
      const rows = await pool`
        update durachart.runs set ended_at = to_timestamp(${now}::float8 / 1000) where ${ofRun(pool, run)} and ended_at is null returning key`;
      return rows.length > 0;
    },
    endUnbegun: async (run, now) => {
      // The step is locked first, as by the run that begins it.
      const rows = await pool`
        with step as materialized (
          select from durachart.steps where instance_id = ${run.instanceId} and key = ${run.key} and status = any(${UNBEGUN}) for update)
        update durachart.runs set ended_at = to_timestamp(${now}::float8 / 1000)
        where ${ofRun(pool, run)} and ended_at is null and exists (select from step) returning key`;
      return rows.length > 0;
    },
    assignment: async (fence) => assignment(pool, fence),
    saveStep: async (fence, { status, attempt }, row) => {
      const rows = await pool.unsafe(SAVE_STEP, [...fenced(fence), null, attempt, [status], stepJson(row)]);
      return rows.length > 0;
    },
    settleStep: async (fence, row, now) => settle(pool, fence, row, now),
    settleInTransaction: async (...args) => settleInTransaction(database, ...args),
    openSince: async (before, limit) => {
      const rows = await pool<Row[]>`
        select r.*, i.priority,
          case when s.status = any(${UNBEGUN}) then greatest(r.created_at, s.next_attempt_at) end as unbegun_since
        from durachart.runs r join durachart.instances i on i.id = r.instance_id
        left join durachart.steps s on s.instance_id = r.instance_id and s.key = r.key
        where r.ended_at is null and r.kind = 'step' and r.created_at < to_timestamp(${before}::float8 / 1000)
        order by random() limit ${limit}`;
      return rows.map((row) => ({
        ...runRow(row),
        priority: row['priority'] as number,
        unbegunSince: orNull(row['unbegun_since'], millis),
      }));
    },
  };
}

function ofRun(pool: postgres.Sql, { instanceId, kind, key, round }: RunRow): postgres.PendingQuery<Row[]> {
  return pool<Row[]>`instance_id = ${instanceId} and kind = ${kind} and key = ${key} and round = ${round}`;
}

const fenced = ({ instanceId, key, round, runId }: RoundFence): [string, string, number, string] => [
  instanceId,
  key,
  round,
  runId,
];

/** What may still become of an invocation. */
const LIVE: StepStatus[] = ['queued', 'running', 'retrying'];
/** An attempt is still to come. */
const UNBEGUN: StepStatus[] = ['queued', 'retrying'];

async function assignment(
  pool: postgres.Sql,
  { instanceId, key, round, runId }: RoundFence,
): Promise<Assignment | undefined> {
  const [row] = await pool.unsafe<Row[]>(
    `select ${STEP_COLUMNS}, i.workflow, i.tenant, i.priority from durachart.steps s
     join durachart.instances i on i.id = s.instance_id
     join durachart.runs r on r.instance_id = s.instance_id and r.kind = 'step' and r.key = s.key
     where s.instance_id = $1 and s.key = $2 and s.status = any($5) and r.round = $3 and r.ended_at is null and (r.run_id is null or r.run_id = $4)`,
    [instanceId, key, round, runId, LIVE],
  );
  if (row === undefined) return undefined;
  return {
    instance: { id: instanceId, workflow: row['workflow'] as string, tenant: row['tenant'] as string | null },
    priority: row['priority'] as number,
    row: stepRow(row),
  };
}

async function settle(sql: postgres.Sql, fence: RoundFence, row: StepRow, now: Millis): Promise<Settled | undefined> {
  const [stored] = await sql.unsafe<Settled[]>(SETTLE_STEP, [
    ...fenced(fence),
    now,
    row.attempt,
    LIVE,
    stepJson(row),
    SETTLED,
  ]);
  return stored === undefined ? undefined : { waiter: stored.waiter, free: stored.free, priority: stored.priority };
}

async function settleInTransaction(
  database: Database,
  fence: RoundFence,
  run: (tx: Transaction) => Promise<unknown>,
  rowOf: (output: unknown) => { row: StepRow; now: Millis },
  signal: AbortSignal,
): Promise<Settled> {
  const store = async (sql: postgres.Sql, output: unknown): Promise<Settled | undefined> => {
    const { row, now } = rowOf(output);
    return settle(sql, fence, row, now);
  };
  return stepTransaction(database, fence.key, run, store, signal);
}

function stepJson(row: StepRow): string {
  const { input: _input, ...rest } = row;
  return JSON.stringify(row.output === null ? { ...rest, nullOutput: true } : rest);
}

function runRow(row: Row): RunRow {
  return {
    instanceId: row['instance_id'] as string,
    kind: row['kind'] as RunRow['kind'],
    key: row['key'] as string,
    round: row['round'] as number,
    task: row['task'] as string,
    runId: row['run_id'] as string | null,
    waiter: row['waiter'] as string | null,
    createdAt: millis(row['created_at']),
    endedAt: orNull(row['ended_at'], millis),
  };
}
