import type postgres from 'postgres';
import type { UsualTime } from '../engine/explain/explanation.ts';
import { usualKey, type LiveStep, type Member, type PauseFact, type ReadFacts } from '../engine/explain/facts.ts';
import type { ExplainReader } from '../engine/explain/reader.ts';
import type { FanOut, Millis } from '../engine/ports.ts';
import { currentSnapshot, DIFFS, DIFFS_BUT_CONTEXT } from './current-snapshot.ts';
import { TIMERS_IN_ORDER, type Row } from './rows.ts';
import { readStanding } from './standing.ts';
import { LOCK_LOST } from './worker-session.ts';

/** Generations, children of one instance, and instances in all that are followed. */
const DEPTH = 20;
const BREADTH = 20;
const FAMILY = 100;
/** Transitions that are looked through for the one that entered the state. */
const BACK = 100;
/** Steps named of a worker whose event loop is held. */
const NAMED = 10;
/** Of all instances the newest are looked at for how long steps usually take; of a workflow so many. */
const NEWEST = 5_000;
const SAMPLED = 300;
const SAMPLES = 1_000;

/** $1 the instance. Children are followed by the invocations that wait for them, failed ones first. */
const FACTS = `
with recursive kin(id, depth) as (
  select id, 0 from durachart.instances where id = $1
  union all
  select c.child_id, k.depth + 1 from kin k join durachart.instances p on p.id = k.id cross join lateral (
    select s.child_id from json_array_elements_text(p.live) l join durachart.steps s on s.instance_id = p.id and s.key = l
    where s.child_id is not null and s.status in ('running', 'failed') order by s.status, s.queued_at, s.key limit ${BREADTH}) c
  where k.depth < ${DEPTH}
), family as materialized (
  select id, depth from kin limit ${FAMILY}
)
select
  (select json_agg(json_build_object(
      'id', i.id, 'workflow', i.workflow, 'status', i.status, 'state', i.state, 'sequence', i.sequence, 'error', i.error, 'lease', i.lease,
      'snapshot', case when i.snapshot is null then null else json_build_object('status', i.snapshot -> 'status', 'value', i.snapshot -> 'value',
        'children', i.snapshot -> 'children', 'historyValue', i.snapshot -> 'historyValue', 'context', case when f.depth = 0 then i.snapshot -> 'context' else '{}'::json end) end,
      'snapshot_at', i.snapshot_at, 'diffs', case when f.depth = 0 then ${DIFFS} else ${DIFFS_BUT_CONTEXT} end,
      'wakeAt', i.wake_at, 'updatedAt', i.updated_at, 'finishedAt', i.finished_at,
      'steps', (select json_agg(json_build_object('key', s.key, 'kind', s.kind, 'step', s.step, 'status', s.status, 'attempt', s.attempt,
          'maxAttempts', s.max_attempts, 'lost', s.lost, 'nextAttemptAt', s.next_attempt_at, 'error', s.error, 'progress', s.progress,
          'message', s.message, 'queue', s.queue, 'worker', s.worker, 'childId', s.child_id, 'queuedAt', s.queued_at,
          'startedAt', s.started_at, 'heartbeatAt', s.heartbeat_at, 'finishedAt', s.finished_at, 'fanOut', s.fan_out) order by l.n)
        from json_array_elements_text(i.live) with ordinality as l(key, n) join durachart.steps s on s.instance_id = i.id and s.key = l.key),
      'timers', (select json_agg(json_build_object('id', d.id, 'to', d.recipient, 'dueAt', d.due_at) order by ${TIMERS_IN_ORDER}) from durachart.timers d where d.instance_id = i.id),
      'inboxSince', (select e.created_at from durachart.events e where e.instance_id = i.id and e.status = 'pending' order by e.id limit 1),
      'entered', (select json_build_object('event', t.event, 'step', s.step, 'errorCode', s.error_code, 'at', t.at)
        from (select * from durachart.transitions r where r.instance_id = i.id order by r.sequence desc limit ${BACK}) t
        left join durachart.steps s on s.instance_id = t.instance_id and s.key = t.step_key
        where t.from_state is distinct from t.to_state order by t.sequence desc limit 1),
      'runs', (select json_agg(json_build_object('key', r.key, 'runId', r.run_id, 'round', r.round, 'createdAt', r.created_at) order by r.created_at desc, r.round desc, r.key)
        from durachart.runs r where r.instance_id = i.id and r.kind = 'step' and r.ended_at is null)
    ) order by f.depth, i.created_at, i.id) from family f join durachart.instances i on i.id = f.id) as family,
  (select json_agg(json_build_object('id', w.id, 'name', w.name, 'workflows', w.workflows, 'beatAt', w.beat_at, 'silentMs', extract(epoch from now() - w.beat_at) * 1000, 'stoppedAt', w.stopped_at, 'lockLost', ${LOCK_LOST},
      'blocked', case when w.blocked_since is not null then json_build_object('since', w.blocked_since, 'blockedMs', extract(epoch from now() - w.blocked_since) * 1000,
        'steps', (select coalesce(json_agg(b), '[]') from (select i.id, s.step from durachart.instances i cross join json_array_elements_text(i.live) l join durachart.steps s
          on s.instance_id = i.id and s.key = l where i.lease = w.id and s.status = 'running' and s.kind in ('step', 'item', 'action') order by s.started_at limit ${NAMED}) b)) end) order by w.id)
    from durachart.workers w where w.stopped_at is null or w.id in (select i.lease from family f join durachart.instances i on i.id = f.id)) as workers,
  (select json_agg(json_build_object('target', p.target, 'name', p.name, 'by', p.by, 'why', p.why, 'since', p.since) order by p.target, p.name) from durachart.pauses p) as pauses,
  (select json_agg(a) from (select operation, by, why, status, code, reason, requested_at, finished_at from durachart.audit
    where target = 'instance' and target_id = $1 order by id desc limit 5) a) as recent`;

/** $1 workflows and $2 steps, pair by pair. Only the newest instances count: no index leads to the invocations of a step, and what was usual long ago says little. */
const USUAL = `
with recent as materialized (
  select id, workflow from durachart.instances order by created_at desc, id desc limit ${NEWEST}
)
select p.workflow, p.step, count(*)::int as samples, percentile_cont(0.5) within group (order by d.ms) as p50, percentile_cont(0.95) within group (order by d.ms) as p95
from unnest($1::text[], $2::text[]) as p(workflow, step) cross join lateral (
  select (extract(epoch from s.finished_at - s.started_at) * 1000)::float8 as ms
  from (select id from recent where recent.workflow = p.workflow limit ${SAMPLED}) r join durachart.steps s on s.instance_id = r.id
  where s.step = p.step and s.status = 'done' and s.kind not in ('workflow', 'fan-out') and s.started_at is not null and s.finished_at is not null
  limit ${SAMPLES}) d
group by p.workflow, p.step`;

/** What explanations and previews rest on. Reads only. */
export function createExplainReader(pool: postgres.Sql): ExplainReader {
  return {
    facts: async (id) => facts(pool, id),
    usual: async (steps) => usual(pool, steps),
    standing: async (id) => (await readStanding(pool, [id], null))[0],
  };
}

async function facts(pool: postgres.Sql, id: string): Promise<ReadFacts | undefined> {
  const [row] = await pool.unsafe<Row[]>(FACTS, [id]);
  if (row?.['family'] == null) return undefined;
  return {
    family: (row['family'] as Row[]).map(member),
    workers: list(row['workers']).map((worker) => ({
      ...(worker as unknown as ReadFacts['workers'][number]),
      beatAt: time(worker['beatAt']),
      stoppedAt: timeOrNull(worker['stoppedAt']),
      blocked: blocked(worker['blocked']),
    })),
    pauses: list(row['pauses']).map((pause) => ({ ...(pause as unknown as PauseFact), since: time(pause['since']) })),
    recent: list(row['recent']).map((past) => ({
      operation: past['operation'] as string,
      by: past['by'] as string,
      why: past['why'] as string | null,
      status: past['status'] as string,
      code: past['code'] as string | null,
      reason: past['reason'] as string | null,
      requestedAt: new Date(past['requested_at'] as string),
      finishedAt: past['finished_at'] === null ? null : new Date(past['finished_at'] as string),
    })),
  };
}

function blocked(value: unknown): ReadFacts['workers'][number]['blocked'] {
  if (value == null) return null;
  const found = value as NonNullable<ReadFacts['workers'][number]['blocked']>;
  return { ...found, since: time(found.since) };
}

function member(row: Row): Member {
  const entered = row['entered'] as (NonNullable<Member['entered']> & { at: unknown }) | null;
  return {
    ...(row as unknown as Member),
    snapshot: currentSnapshot(row),
    wakeAt: timeOrNull(row['wakeAt']),
    updatedAt: time(row['updatedAt']),
    finishedAt: timeOrNull(row['finishedAt']),
    steps: list(row['steps']).map(({ fanOut, ...step }) => ({
      ...(step as unknown as LiveStep),
      ...(fanOut === null ? {} : { fanOut: fanOut as FanOut }),
      nextAttemptAt: timeOrNull(step['nextAttemptAt']),
      queuedAt: time(step['queuedAt']),
      startedAt: timeOrNull(step['startedAt']),
      heartbeatAt: timeOrNull(step['heartbeatAt']),
      finishedAt: timeOrNull(step['finishedAt']),
    })),
    timers: list(row['timers']).map((timer) => ({
      id: timer['id'] as string,
      to: timer['to'] as string,
      dueAt: time(timer['dueAt']),
    })),
    inboxSince: timeOrNull(row['inboxSince']),
    entered: entered === null ? null : { ...entered, at: time(entered.at) },
    runs: list(row['runs']).map((run) => ({
      key: run['key'] as string,
      runId: run['runId'] as string | null,
      round: run['round'] as number,
      createdAt: time(run['createdAt']),
    })),
  };
}

async function usual(
  pool: postgres.Sql,
  steps: readonly { workflow: string; step: string }[],
): Promise<Map<string, UsualTime>> {
  if (steps.length === 0) return new Map();
  const rows = await pool.unsafe<Row[]>(USUAL, [steps.map(({ workflow }) => workflow), steps.map(({ step }) => step)]);
  return new Map(
    rows.map((row) => [
      usualKey(row['workflow'] as string, row['step'] as string),
      { p50Ms: row['p50'] as number, p95Ms: row['p95'] as number, samples: row['samples'] as number },
    ]),
  );
}

function list(value: unknown): Row[] {
  return (value ?? []) as Row[];
}

function time(value: unknown): Millis {
  return new Date(value as string).getTime();
}

function timeOrNull(value: unknown): Millis | null {
  return value == null ? null : time(value);
}
