-- How far fan-outs are. Their items are invocations like those of steps, save that they are summed up where a line is one instance.

CREATE INDEX "steps_fan_outs" ON "durachart"."steps" USING btree ("queued_at") WHERE kind = 'fan-out';--> statement-breakpoint
create view durachart.fan_outs as
  select s.instance_id as id, i.workflow, i.version, i.state, s.key, s.step, s.status, f.total, f.done, f.failed, f.skipped,
    f.total - f.done - f.failed - f.skipped as remaining,
    case when s.status = 'running' and f.done + f.failed + f.skipped > f.before then
      (to_timestamp(f."endedAt" / 1000) - s.started_at) / (f.done + f.failed + f.skipped - f.before) * (f.total - f.done - f.failed - f.skipped) end as time_left,
    case when s.status = 'running' then to_timestamp(f."resumeAt" / 1000) end as resumes_at,
    s.error_code, s.started_at, s.finished_at, i.tags, i.tenant, i.created_at
  from durachart.steps s join durachart.instances i on i.id = s.instance_id
  cross join lateral json_to_record(s.fan_out) as f(total int, done int, failed int, skipped int, before int, "endedAt" float8, "resumeAt" float8)
  where s.kind = 'fan-out';
--> statement-breakpoint
create or replace view durachart.status as
  select i.id, i.workflow, i.version, i.status, i.state,
    (select string_agg(s.step, ', ' order by s.queued_at, s.key) from json_array_elements_text(i.live) k join durachart.steps s on s.instance_id = i.id and s.key = k and s.kind <> 'item') as step,
    (select max(s.attempt) from json_array_elements_text(i.live) k join durachart.steps s on s.instance_id = i.id and s.key = k) as attempt,
    i.updated_at as since,
    case when i.status = 'waiting' then (select w.accepts from durachart.workflow_states w where w.workflow = i.workflow and w.state in (i.state, '*')) end as waiting_for,
    i.wake_at as wakes_at, i.error_code, i.tags, i.tenant, i.priority, i.sequence, i.parent_id, i.created_at, i.finished_at
  from durachart.standing i;
--> statement-breakpoint
create or replace view durachart.late_steps as
  select s.instance_id, s.key, d.workflow, s.step,
    case when s.started_at < now() - interval '30 s' - d.timeout * interval '1 ms' then 'STEP_PAST_TIMEOUT' else 'STEP_SILENT' end as reason,
    case when s.started_at < now() - interval '30 s' - d.timeout * interval '1 ms' then s.started_at + d.timeout * interval '1 ms'
      else coalesce(s.heartbeat_at, s.started_at) end as since
  from durachart.steps s join durachart.workflow_steps d on d.step = s.step
  where s.status = 'running' and s.kind in ('step', 'item')
    and (s.started_at < now() - interval '30 s' - d.timeout * interval '1 ms' or coalesce(s.heartbeat_at, s.started_at) < now() - interval '30 s' - d.heartbeat * interval '1 ms');
--> statement-breakpoint
create or replace view durachart.step_statistics as
  select i.workflow, s.step, count(*) as count,
    count(*) filter (where s.status = 'done') as done,
    count(*) filter (where s.status = 'failed') as failed,
    round(count(*) filter (where s.status = 'failed')::numeric / nullif(count(*) filter (where s.status in ('done', 'failed')), 0), 4) as failure_rate,
    sum(greatest(s.attempt - 1, 0)) as retries,
    percentile_cont(0.5) within group (order by extract(epoch from s.finished_at - s.started_at)::float8 * 1000) filter (where s.status = 'done') as p50_ms,
    percentile_cont(0.95) within group (order by extract(epoch from s.finished_at - s.started_at)::float8 * 1000) filter (where s.status = 'done') as p95_ms,
    percentile_cont(0.99) within group (order by extract(epoch from s.finished_at - s.started_at)::float8 * 1000) filter (where s.status = 'done') as p99_ms
  from durachart.steps s join durachart.instances i on i.id = s.instance_id
  where s.kind in ('step', 'item') and s.status <> 'waiting' and s.queued_at >= durachart.since()
  group by i.workflow, s.step;
