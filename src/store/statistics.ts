import type postgres from 'postgres';
import { transact } from './transact.ts';
import type { Connections } from './transactions.ts';
import type { Overview, WorkflowStatistics } from '../engine/statistics.ts';

/** Statistics are the views of docs/sql.md, read within a period. */

/** Longer than that, and the period was too long for this history. */
const PATIENCE = '10s';

export async function readOverview(snapshots: Connections, period: number, bucket: number): Promise<Overview> {
  const [throughput, failures, stuck, load] = await within(snapshots, period, async (sql) => [
    await sql<Overview['throughput']>`
      select date_bin(${bucket}::float8 * interval '1 ms', minute, 'epoch') as at, workflow,
        sum(transitions)::int as transitions, sum(started)::int as started, sum(done)::int as done
      from durachart.throughput group by 1, 2 order by 1, 2`,
    await sql<Overview['failures']>`
      select workflow, error_code as "errorCode", state, step, instances::int, last_at as "lastAt"
      from durachart.failures order by instances desc, last_at desc limit 50`,
    await sql<Overview['stuck']>`
      select workflow, reason, count(*)::int as instances, min(since) as since
      from durachart.stuck group by 1, 2 order by 3 desc limit 50`,
    await sql<Overview['load']>`
      select i.workflow, s.step, s.queue, count(*) filter (where s.status = 'queued')::int as queued,
        count(*) filter (where s.status = 'running')::int as running, count(*) filter (where s.status = 'retrying')::int as retrying
      from durachart.instances i cross join json_array_elements_text(i.live) k(key)
      join durachart.steps s on s.instance_id = i.id and s.key = k.key
      where i.lease is not null and s.kind in ('step', 'item') and s.status in ('queued', 'running', 'retrying')
      group by 1, 2, 3 order by 5 desc, 4 desc limit 100`,
  ]);
  return {
    throughput: [...throughput],
    bucketMs: bucket,
    failures: [...failures],
    stuck: [...stuck],
    load: [...load],
  };
}

type StepRow = Omit<WorkflowStatistics['steps'][number], 'histogram'>;

export async function readWorkflowStatistics(
  snapshots: Connections,
  workflow: string,
  period: number,
): Promise<WorkflowStatistics> {
  const [steps, histograms, states, versions, edges] = await within(snapshots, period, async (sql) => [
    await sql<StepRow[]>`
      select step, count::int, done::int, failed::int, retries::int, p50_ms as "p50Ms", p95_ms as "p95Ms", p99_ms as "p99Ms"
      from durachart.step_statistics where workflow = ${workflow} order by step`,
    await sql<{ step: string; fromMs: number; count: number }[]>`
      select s.step, power(2, floor(log(2, greatest(extract(epoch from s.finished_at - s.started_at) * 1000, 1))))::float8 as "fromMs", count(*)::int as count
      from durachart.steps s join durachart.instances i on i.id = s.instance_id
      where i.workflow = ${workflow} and s.kind in ('step', 'item') and s.status = 'done' and s.started_at is not null and s.queued_at >= durachart.since()
      group by 1, 2 order by 1, 2`,
    await sql<WorkflowStatistics['states']>`
      select state, entered::int, exited::int, p50_s * 1000 as "p50Ms", p95_s * 1000 as "p95Ms"
      from durachart.dwell_times where workflow = ${workflow}`,
    await sql<WorkflowStatistics['versions']>`
      select version, count(*)::int as instances, count(*) filter (where status not in ('done', 'cancelled'))::int as active,
        count(*) filter (where status = 'failed')::int as failed, min(created_at) as "firstAt", max(created_at) as "lastAt"
      from durachart.instances where workflow = ${workflow} and created_at >= durachart.since() group by 1 order by max(created_at) desc`,
    await sql<WorkflowStatistics['edges']>`
      select from_state as "from", event, to_state as "to", taken::int
      from durachart.funnel where workflow = ${workflow} order by edge`,
  ]);
  return {
    steps: steps.map((step) => ({
      ...step,
      histogram: histograms.filter((bar) => bar.step === step.step).map(({ fromMs, count }) => ({ fromMs, count })),
    })),
    states: [...states],
    versions: [...versions],
    edges: [...edges],
  };
}

async function within<T>(snapshots: Connections, period: number, read: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  return transact(snapshots, 'isolation level repeatable read read only', async (sql) => {
    await sql`select set_config('durachart.period', ${`${period} milliseconds`}, true), set_config('statement_timeout', ${PATIENCE}, true)`;
    return read(sql);
  });
}
