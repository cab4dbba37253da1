-- What people read: docs/sql.md has every column. The views run with their owner's rights, so that a role may see them and no table.

create function durachart.write_tags() returns trigger language plpgsql as $$
begin
  insert into durachart.tags (tag, created_at, instance_id) select distinct tag, new.created_at, new.id from unnest(new.tags) tag on conflict do nothing;
  return null;
end $$;
--> statement-breakpoint
create trigger write_tags after insert on durachart.instances for each row when (new.tags <> '{}') execute function durachart.write_tags();
--> statement-breakpoint
insert into durachart.tags (tag, created_at, instance_id) select distinct tag, created_at, id from durachart.instances, unnest(tags) tag;
--> statement-breakpoint

-- Where the statistics begin: `set durachart.period = '1 day'`; unset, at the beginning of history.
create function durachart.since() returns timestamptz language sql stable as $$
  select coalesce(now() - nullif(current_setting('durachart.period', true), '')::interval, '-infinity')
$$;
--> statement-breakpoint

-- JSON as a column of a typed view; null where it is of another type.
create function durachart.text_of(value json) returns text language sql immutable as $$
  select case when json_typeof(value) = 'string' then value #>> '{}' end
$$;
--> statement-breakpoint
create function durachart.boolean_of(value json) returns boolean language sql immutable as $$
  select case when json_typeof(value) = 'boolean' then (value #>> '{}')::boolean end
$$;
--> statement-breakpoint
create function durachart.number_of(value json) returns numeric language sql immutable as $$
  select case when json_typeof(value) = 'number' and value #>> '{}' ~ '^-?\d{1,255}(\.\d{1,255})?([eE][+-]?\d{1,3})?$' then (value #>> '{}')::numeric end
$$;
--> statement-breakpoint
create function durachart.time_of(value json) returns timestamptz language plpgsql stable as $$
begin
  if json_typeof(value) = 'string' and value #>> '{}' ~ '^\d{4}-\d\d-\d\d[Tt ]' then return (value #>> '{}')::timestamptz; end if;
  return null;
exception when others then
  return null;
end $$;
--> statement-breakpoint

-- Instances by what an index knows of them: at rest by `rest_status` and the like, in a worker's hands by `lease`. The views below are made of it.
create view durachart.standing as
  select id, workflow, version, tenant, tags, priority, rest_status as status, rest_state as state, sequence, input, snapshot, output, error,
    rest_error as error_code, live, lease, wake_at, parent_id, created_at, updated_at, finished_at
  from durachart.instances where rest_status is not null
  union all
  select id, workflow, version, tenant, tags, priority, status, state, sequence, input, snapshot, output, error,
    error_code, live, lease, wake_at, parent_id, created_at, updated_at, finished_at
  from durachart.instances where lease is not null;
--> statement-breakpoint

create view durachart.status as
  select i.id, i.workflow, i.version, i.status, i.state,
    (select string_agg(s.step, ', ' order by s.queued_at, s.key) from json_array_elements_text(i.live) k join durachart.steps s on s.instance_id = i.id and s.key = k) as step,
    (select max(s.attempt) from json_array_elements_text(i.live) k join durachart.steps s on s.instance_id = i.id and s.key = k) as attempt,
    i.updated_at as since,
    case when i.status = 'waiting' then (select w.accepts from durachart.workflow_states w where w.workflow = i.workflow and w.state in (i.state, '*')) end as waiting_for,
    i.wake_at as wakes_at, i.error_code, i.tags, i.tenant, i.priority, i.sequence, i.parent_id, i.created_at, i.finished_at
  from durachart.standing i;
--> statement-breakpoint

create view durachart.waiting as
  select i.id, i.workflow, i.version, i.state, i.updated_at as since,
    (select w.accepts from durachart.workflow_states w where w.workflow = i.workflow and w.state in (i.state, '*')) as waiting_for,
    i.wake_at as timer_at, i.tags, i.tenant, i.created_at
  from durachart.standing i where i.status = 'waiting';
--> statement-breakpoint

create view durachart.retrying as
  select i.id, i.workflow, i.version, i.state, s.step, s.attempt, s.max_attempts, s.error_code, s.next_attempt_at, i.tags, i.tenant, i.created_at
  from durachart.steps s join durachart.instances i on i.id = s.instance_id
  where s.next_attempt_at is not null and s.status = 'retrying';
--> statement-breakpoint

create view durachart.overdue as
  select i.id, i.workflow, i.version, i.status, i.state, i.wake_at as due_at, now() - i.wake_at as late,
    i.workflow in (select unnest(w.workflows) from durachart.workers w where w.stopped_at is null and w.beat_at > now() - interval '30 s') as has_worker,
    i.tags, i.tenant, i.created_at
  from durachart.instances i
  where i.lease is null and i.wake_at is not null and i.priority = any ('{0,1,2,3,4,5,6,7,8,9}'::smallint[]) and i.wake_at < now() - interval '30 s'
    and i.status not in ('paused', 'done', 'cancelled')
    and i.workflow not in (select p.name from durachart.pauses p where p.target = 'workflow');
--> statement-breakpoint

-- Running steps that take longer than they may, by what the code of each workflow says; a worker that lives ends them itself, within moments.
create view durachart.late_steps as
  select s.instance_id, s.key, d.workflow, s.step,
    case when s.started_at < now() - interval '30 s' - d.timeout * interval '1 ms' then 'STEP_PAST_TIMEOUT' else 'STEP_SILENT' end as reason,
    case when s.started_at < now() - interval '30 s' - d.timeout * interval '1 ms' then s.started_at + d.timeout * interval '1 ms'
      else coalesce(s.heartbeat_at, s.started_at) end as since
  from durachart.steps s join durachart.workflow_steps d on d.step = s.step
  where s.status = 'running' and s.kind = 'step'
    and (s.started_at < now() - interval '30 s' - d.timeout * interval '1 ms' or coalesce(s.heartbeat_at, s.started_at) < now() - interval '30 s' - d.heartbeat * interval '1 ms');
--> statement-breakpoint

-- Those that are stuck without having failed.
create view durachart.stalled as
  select o.id, o.workflow, o.version, o.status, o.state, case when o.has_worker then 'OVERDUE' else 'NO_WORKER' end as reason, o.due_at as since, null as step, o.tags, o.tenant, o.created_at
  from durachart.overdue o where o.status <> 'failed'
  union all
  select i.id, i.workflow, i.version, i.status, i.state,
    case when w.id is null or w.stopped_at is not null or w.beat_at < now() - interval '30 s' then 'DEAD_WORKER' else l.reason end,
    case when w.id is null or w.stopped_at is not null or w.beat_at < now() - interval '30 s' then coalesce(w.stopped_at, w.beat_at, i.updated_at) else l.since end,
    l.step, i.tags, i.tenant, i.created_at
  from durachart.instances i left join durachart.workers w on w.id = i.lease
  left join lateral (
    select l.* from durachart.late_steps l
    where l.instance_id = i.id and l.key = any (array(select json_array_elements_text(i.live))) and l.workflow = i.workflow limit 1) l on true
  where i.lease is not null and i.status not in ('failed', 'paused')
    and (w.id is null or w.stopped_at is not null or w.beat_at < now() - interval '30 s' or l.key is not null)
  union all
  select i.id, i.workflow, i.version, i.status, i.state, l.reason, l.since, l.step, i.tags, i.tenant, i.created_at
  from (select distinct instance_id from durachart.runs where ended_at is null and kind = 'step') r
  join durachart.instances i on i.id = r.instance_id
  cross join lateral (
    select l.* from durachart.late_steps l
    where l.instance_id = i.id and l.key = any (array(select json_array_elements_text(i.live))) and l.workflow = i.workflow limit 1) l
  where i.lease is null and i.status not in ('failed', 'paused') and (i.wake_at is null or i.wake_at >= now() - interval '30 s');
--> statement-breakpoint

-- Those that have failed, by what the index `instances_failed` knows of them.
create view durachart.failed as
  select id, workflow, version, rest_status as status, rest_state as state, rest_error as error_code, rest_step as step, rest_since as since, tags, tenant, created_at
  from durachart.instances where rest_status = 'failed'
  union all
  select id, workflow, version, status, state, error_code, error -> 'details' ->> 'step', updated_at, tags, tenant, created_at
  from durachart.instances where lease is not null and status = 'failed';
--> statement-breakpoint

create view durachart.stuck as
  select i.id, i.workflow, i.version, i.status, i.state,
    case when i.error_code = 'STATE_UNKNOWN' then 'STATE_UNKNOWN'
      when (i.workflow, i.step) in (select d.workflow, d.step from durachart.workflow_steps d where d.kind = 'workflow') then 'CHILD_FAILED'
      else 'FAILED' end as reason,
    i.since, i.step, i.error_code, i.tags, i.tenant, i.created_at
  from durachart.failed i
  union all
  select s.id, s.workflow, s.version, s.status, s.state, s.reason, s.since, s.step, null, s.tags, s.tenant, s.created_at from durachart.stalled s;
--> statement-breakpoint

create view durachart.failures as
  select i.workflow, i.error_code, i.state, i.step, count(*) as instances, min(i.since) as first_at, max(i.since) as last_at
  from durachart.failed i group by i.workflow, i.error_code, i.state, i.step;
--> statement-breakpoint

create view durachart.step_statistics as
  select i.workflow, s.step, count(*) as count,
    count(*) filter (where s.status = 'done') as done,
    count(*) filter (where s.status = 'failed') as failed,
    round(count(*) filter (where s.status = 'failed')::numeric / nullif(count(*) filter (where s.status in ('done', 'failed')), 0), 4) as failure_rate,
    sum(greatest(s.attempt - 1, 0)) as retries,
    percentile_cont(0.5) within group (order by extract(epoch from s.finished_at - s.started_at)::float8 * 1000) filter (where s.status = 'done') as p50_ms,
    percentile_cont(0.95) within group (order by extract(epoch from s.finished_at - s.started_at)::float8 * 1000) filter (where s.status = 'done') as p95_ms,
    percentile_cont(0.99) within group (order by extract(epoch from s.finished_at - s.started_at)::float8 * 1000) filter (where s.status = 'done') as p99_ms
  from durachart.steps s join durachart.instances i on i.id = s.instance_id
  where s.kind = 'step' and s.queued_at >= durachart.since()
  group by i.workflow, s.step;
--> statement-breakpoint

create view durachart.dwell_times as
  select i.workflow, e.state, count(*) as entered, count(e.left_at) as exited,
    percentile_cont(0.5) within group (order by extract(epoch from e.left_at - e.at)::float8) as p50_s,
    percentile_cont(0.95) within group (order by extract(epoch from e.left_at - e.at)::float8) as p95_s,
    percentile_cont(0.99) within group (order by extract(epoch from e.left_at - e.at)::float8) as p99_s,
    max(extract(epoch from e.left_at - e.at)::float8) as max_s
  from (
    select t.instance_id, t.to_state as state, t.at, lead(t.at) over (partition by t.instance_id order by t.sequence) as left_at
    from durachart.transitions t where t.at >= durachart.since() and t.from_state is distinct from t.to_state) e
  join durachart.instances i on i.id = e.instance_id
  group by i.workflow, e.state;
--> statement-breakpoint

create view durachart.funnel as
  select e.workflow, e.edge, e.from_state, e.event, e.to_state,
    case when json_array_length(e.taken) > 0 then coalesce(sum(t.count), 0)::bigint end as taken
  from durachart.workflow_edges e
  left join lateral (select p ->> 0 as from_state, p ->> 1 as event, p ->> 2 as to_state from json_array_elements(e.taken) p) p on true
  left join (
    select i.workflow, t.from_state, t.event, t.to_state, count(*) as count
    from durachart.transitions t join durachart.instances i on i.id = t.instance_id
    where t.at >= durachart.since()
    group by i.workflow, t.from_state, t.event, t.to_state) t
  on t.workflow = e.workflow and (p.from_state is null or p.from_state = t.from_state) and (p.to_state is null or p.to_state = t.to_state)
    and (p.event = t.event or (p.event like '%*' and t.event not like 'xstate.%' and starts_with(t.event || '.', rtrim(p.event, '*'))
      and not exists (
        select from durachart.workflow_edges o, json_array_elements(o.taken) q
        where o.workflow = e.workflow and q ->> 0 is not distinct from p.from_state and q ->> 1 = t.event)))
  group by e.workflow, e.edge, e.from_state, e.event, e.to_state, json_array_length(e.taken);
--> statement-breakpoint

create view durachart.throughput as
  select date_trunc('minute', t.at) as minute, i.workflow, count(*) as transitions,
    count(*) filter (where t.sequence = 1) as started,
    count(*) filter (where i.status = 'done' and i.sequence = t.sequence) as done
  from durachart.transitions t join durachart.instances i on i.id = t.instance_id
  where t.at >= durachart.since()
  group by date_trunc('minute', t.at), i.workflow;
