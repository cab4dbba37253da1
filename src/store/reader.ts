import type postgres from 'postgres';
import { sumOf, type SnapshotDiff, type StoredSnapshot } from '../core/snapshot.ts';
import type { Count, CountOptions, InstanceSummary, ListOptions, StepDetail, StepView } from '../engine/api.ts';
import { fanOutView } from '../engine/fan-out.ts';
import { lastWhole } from '../engine/macrostep.ts';
import type { FanOut } from '../engine/ports.ts';
import type { InstanceRecord, Reader } from '../engine/reader.ts';
import { currentSnapshot, DIFFS } from './current-snapshot.ts';
import { createExplainReader } from './explain-reader.ts';
import type { Database } from './database.ts';
import { countInstances, findInstances, MOST_COUNTED } from './find-instances.ts';
import { readFeed, readHistory, readPosition } from './history.ts';
import { readItemsOf } from './items.ts';
import { lookup } from './lookup.ts';
import {
  CHILDREN_IN_ORDER,
  parentOf,
  stepRow,
  STEP_COLUMNS,
  STEPS_IN_ORDER,
  TIMERS_IN_ORDER,
  type Row,
} from './rows.ts';
import { createSendStore } from './sends.ts';
import { readOverview, readWorkflowStatistics } from './statistics.ts';

const SUMMARY = `i.id, i.workflow, i.version, i.tenant, i.tags, i.priority, i.status, i.state, i.sequence, i.error_code, i.key, i.parent_id, i.created_at, i.updated_at, i.finished_at,
  (select json_agg(json_build_object('key', s.key, 'kind', s.kind, 'step', s.step, 'status', s.status, 'attempt', s.attempt, 'maxAttempts', s.max_attempts,
     'nextAttemptAt', s.next_attempt_at, 'progress', s.progress, 'message', s.message, 'errorCode', s.error_code, 'childId', s.child_id,
     'queuedAt', s.queued_at, 'startedAt', s.started_at, 'heartbeatAt', s.heartbeat_at, 'finishedAt', s.finished_at, 'fanOut', s.fan_out) order by k.n)
   from json_array_elements_text(i.live) with ordinality as k(key, n) join durachart.steps s on s.instance_id = i.id and s.key = k.key) as live_steps`;

/** What people and the engine's own methods read. */
export function createReader({ pool, health, snapshots }: Pick<Database, 'pool' | 'health' | 'snapshots'>): Reader {
  const instances = lookup<string, Row>(
    async (ids) => pool.unsafe<Row[]>(INSTANCES, [[...ids]], { prepare: true }),
    (row) => row['id'] as string,
  );
  return {
    ...createExplainReader(pool),
    ...createSendStore(pool),
    instance: async (id) => {
      const row = await instances(id);
      return row === undefined ? undefined : instance(row);
    },
    list: async (options, limit, before) => list(pool, options, limit, before),
    howMany: async (options, most) => {
      const { text, values } = findInstances(options, most, undefined);
      const [row] = await pool.unsafe<[{ count: number }]>(`select count(*)::int as count from (${text}) f`, values);
      return row.count;
    },
    counts: async (options) => counts(pool, options),
    history: async (id, after, limit) => readHistory(pool, id, after, limit),
    steps: async (id) => {
      const rows = await pool.unsafe<Row[]>(
        `select ${STEP_COLUMNS} from durachart.steps s where s.instance_id = $1 and s.kind <> 'item' order by ${STEPS_IN_ORDER}`,
        [id],
      );
      return rows.map(stepDetail);
    },
    fanOut: async (id, step) => {
      const [row] = await pool<{ key: string }[]>`
        select key from durachart.steps where instance_id = ${id} and kind = 'fan-out' and (key = ${step} or step = ${step})
        order by key = ${step} desc, split_part(key, ':', 1)::int desc, position desc nulls last, key limit 1`;
      return row?.key;
    },
    items: async (id, fanOut, { from, limit, status }) => {
      const rows = await readItemsOf(pool, id, fanOut, from, limit, status);
      return rows.map(stepDetail);
    },
    liveSteps: async (id) => {
      const rows = await pool.unsafe<Row[]>(
        `select ${STEP_COLUMNS} from durachart.instances i cross join json_array_elements_text(i.live) with ordinality as k(key, n)
         join durachart.steps s on s.instance_id = i.id and s.key = k.key where i.id = $1 order by k.n`,
        [id],
      );
      return rows.map(stepDetail);
    },
    snapshot: async (id, sequence) => readSnapshot(pool, id, sequence),
    hasOrder: async (instanceId) => {
      const rows =
        await pool`select 1 from durachart.events where instance_id = ${instanceId} and status = 'pending' and source = 'control'`;
      return rows.length > 0;
    },
    statuses: async (ids) => [
      ...(await pool<Awaited<ReturnType<Reader['statuses']>>>`
        select id as "instanceId", workflow, status, error_code as "errorCode", sequence from durachart.instances where id = any(${[...ids]})`),
    ],
    feed: async (position, limit) => readFeed(pool, position, limit),
    position: async () => readPosition(pool),
    overview: async (period, bucket) => readOverview(snapshots, period, bucket),
    workflowStatistics: async (workflow, period) => readWorkflowStatistics(snapshots, workflow, period),
    isWritable: async () => {
      const [row] = await health<{ writable: boolean }[]>`
        select current_setting('transaction_read_only') = 'off' as writable`;
      return row?.writable === true;
    },
    workers: async () => {
      const rows = await health<Row[]>`
        select w.id, w.name, w.workflows, w.started_at, w.beat_at, (select count(*)::int from durachart.instances i where i.lease = w.id) as owned
        from durachart.workers w where w.stopped_at is null order by w.id`;
      return rows.map((row) => ({
        id: row['id'] as number,
        name: row['name'] as string,
        workflows: row['workflows'] as string[],
        startedAt: row['started_at'] as Date,
        beatAt: row['beat_at'] as Date,
        owned: row['owned'] as number,
      }));
    },
    onChange: async (callback) => listen(pool, 'durachart_change', callback),
    onEnd: async (callback) => listen(pool, 'durachart_end', callback),
  };
}

/** Hears ids on a channel; after a reconnect nobody knows what was missed. */
async function listen(
  pool: postgres.Sql,
  channel: string,
  callback: (ids: string[] | '*') => void,
): Promise<() => Promise<void>> {
  const hear = (payload: string): void => callback(payload === '*' ? '*' : payload.split(','));
  const { unlisten } = await pool.listen(channel, hear, () => callback('*'));
  return unlisten;
}

/** $1 ids. */
const INSTANCES = `select ${SUMMARY}, i.snapshot, i.snapshot_at, ${DIFFS} as diffs, i.input, i.output, i.error, i.key, i.parent_key,
  (select json_agg(json_build_object('id', d.id, 'dueAt', d.due_at) order by ${TIMERS_IN_ORDER}) from durachart.timers d where d.instance_id = i.id) as timers,
  (select json_agg(json_build_object('id', c.id, 'workflow', c.workflow, 'status', c.status, 'state', c.state) order by ${CHILDREN_IN_ORDER}) from durachart.instances c where c.parent_id = i.id) as children
  from durachart.instances i where i.id = any($1)`;

function instance(row: Row): InstanceRecord {
  return {
    ...summary(row),
    parent: parentOf(row),
    snapshot: currentSnapshot(row),
    input: row['input'] ?? undefined,
    output: row['output'],
    error: row['error'] as InstanceRecord['error'],
    timers: ((row['timers'] ?? []) as { id: string; dueAt: string }[]).map((timer) => ({
      id: timer.id,
      dueAt: new Date(timer.dueAt),
    })),
    children: (row['children'] ?? []) as InstanceRecord['children'],
  };
}

async function list(
  pool: postgres.Sql,
  options: ListOptions,
  limit: number,
  before: { createdAt: Date; id: string } | undefined,
): Promise<InstanceSummary[]> {
  const { text, values } = findInstances(options, limit, before);
  const rows = await pool.unsafe<Row[]>(
    `select ${SUMMARY} from (${text}) f join durachart.instances i on i.id = f.id order by f.created_at desc, f.id desc`,
    values,
  );
  return rows.map(summary);
}

async function counts(pool: postgres.Sql, options: CountOptions): Promise<Count[]> {
  const { text, values } = countInstances(options);
  const rows = await pool.unsafe<Omit<Count, 'more'>[]>(text, values);
  return rows.map(({ count, ...place }) => ({
    ...place,
    count: Math.min(count, MOST_COUNTED),
    more: count > MOST_COUNTED,
  }));
}

/** Folds the differences since the last whole snapshot. */
export async function readSnapshot(
  pool: postgres.Sql,
  id: string,
  sequence: number,
): Promise<StoredSnapshot | undefined> {
  const from = lastWhole(sequence);
  const rows = await pool<{ sequence: number; diff: SnapshotDiff }[]>`
    select sequence, diff from durachart.transitions where instance_id = ${id} and sequence between ${from} and ${sequence} order by sequence`;
  if (rows.at(-1)?.sequence !== sequence) return undefined;
  return sumOf(rows.map(({ diff }) => diff));
}

function date(value: unknown): Date | null {
  return value == null ? null : new Date(value as string | Date);
}

function summary(row: Row): InstanceSummary {
  return {
    id: row['id'] as string,
    workflow: row['workflow'] as string,
    version: row['version'] as string,
    tenant: row['tenant'] as string | null,
    tags: row['tags'] as string[],
    priority: row['priority'] as number,
    status: row['status'] as InstanceSummary['status'],
    state: row['state'] as string,
    sequence: row['sequence'] as number,
    steps: ((row['live_steps'] ?? []) as Record<keyof StepView, unknown>[]).map((step) => {
      const dated: StepView = {
        ...(step as unknown as StepView),
        nextAttemptAt: date(step.nextAttemptAt),
        queuedAt: new Date(step.queuedAt as string),
        startedAt: date(step.startedAt),
        heartbeatAt: date(step.heartbeatAt),
        finishedAt: date(step.finishedAt),
      };
      return { ...dated, fanOut: shownFanOut(dated, step.fanOut as FanOut | null) };
    }),
    errorCode: row['error_code'] as string | null,
    key: row['key'] as string | null,
    parentId: row['parent_id'] as string | null,
    createdAt: row['created_at'] as Date,
    updatedAt: row['updated_at'] as Date,
    finishedAt: row['finished_at'] as Date | null,
  };
}

function stepDetail(row: Row): StepDetail {
  const {
    attempts,
    logs,
    nextAttemptAt,
    queuedAt,
    startedAt,
    heartbeatAt,
    finishedAt,
    lost: _lost,
    queue: _queue,
    worker: _worker,
    fanOut,
    ...rest
  } = stepRow(row);
  return {
    ...rest,
    errorCode: rest.error?.code ?? null,
    attempts: attempts ?? [],
    logs: logs ?? [],
    nextAttemptAt: millisDate(nextAttemptAt),
    queuedAt: new Date(queuedAt),
    startedAt: millisDate(startedAt),
    heartbeatAt: millisDate(heartbeatAt),
    finishedAt: millisDate(finishedAt),
    fanOut: fanOut === undefined ? null : fanOutView({ fanOut, startedAt, status: rest.status }),
  };
}

function shownFanOut({ startedAt, status }: StepView, fanOut: FanOut | null): StepView['fanOut'] {
  return fanOut === null ? null : fanOutView({ fanOut, status, startedAt: startedAt?.getTime() ?? null });
}

function millisDate(value: number | null): Date | null {
  return value === null ? null : new Date(value);
}
