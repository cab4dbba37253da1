-- Custom actions that failed for good, as long as nobody has seen to them.

CREATE INDEX "steps_actions" ON "durachart"."steps" USING btree ("instance_id") WHERE kind = 'action';--> statement-breakpoint
create view durachart.failed_actions as
  select i.id, i.workflow, i.version, i.status, i.state, s.key, s.step, s.attempt, s.error_code, s.finished_at as failed_at, i.tags, i.tenant, i.created_at
  from durachart.steps s join durachart.instances i on i.id = s.instance_id
  where s.kind = 'action' and s.status = 'failed' and s.key = any (array(select json_array_elements_text(i.live)));
--> statement-breakpoint
create or replace view durachart.stalled as
  select o.id, o.workflow, o.version, o.status, o.state, case when o.has_worker then 'OVERDUE' else 'NO_WORKER' end as reason, o.due_at as since, null as step, o.tags, o.tenant, o.created_at, null as error_code
  from durachart.overdue o where o.status <> 'failed'
  union all
  select i.id, i.workflow, i.version, i.status, i.state,
    case when w.id is null or w.stopped_at is not null or w.beat_at < now() - interval '30 s' then 'DEAD_WORKER' else l.reason end,
    case when w.id is null or w.stopped_at is not null or w.beat_at < now() - interval '30 s' then coalesce(w.stopped_at, w.beat_at, i.updated_at) else l.since end,
    l.step, i.tags, i.tenant, i.created_at, null
  from durachart.instances i left join durachart.workers w on w.id = i.lease
  left join lateral (
    select l.* from durachart.late_steps l
    where l.instance_id = i.id and l.key = any (array(select json_array_elements_text(i.live))) and l.workflow = i.workflow limit 1) l on true
  where i.lease is not null and i.status not in ('failed', 'paused')
    and (w.id is null or w.stopped_at is not null or w.beat_at < now() - interval '30 s' or l.key is not null)
  union all
  select i.id, i.workflow, i.version, i.status, i.state, l.reason, l.since, l.step, i.tags, i.tenant, i.created_at, null
  from (select distinct instance_id from durachart.runs where ended_at is null and kind = 'step') r
  join durachart.instances i on i.id = r.instance_id
  cross join lateral (
    select l.* from durachart.late_steps l
    where l.instance_id = i.id and l.key = any (array(select json_array_elements_text(i.live))) and l.workflow = i.workflow limit 1) l
  where i.lease is null and i.status not in ('failed', 'paused') and (i.wake_at is null or i.wake_at >= now() - interval '30 s')
  union all
  select a.id, a.workflow, a.version, a.status, a.state, 'ACTION_FAILED', a.failed_at, a.step, a.tags, a.tenant, a.created_at, a.error_code
  from durachart.failed_actions a where a.status not in ('failed', 'paused');
--> statement-breakpoint
create or replace view durachart.stuck as
  select i.id, i.workflow, i.version, i.status, i.state,
    case when i.error_code = 'STATE_UNKNOWN' then 'STATE_UNKNOWN'
      when (i.workflow, i.step) in (select d.workflow, d.step from durachart.workflow_steps d where d.kind = 'workflow') then 'CHILD_FAILED'
      else 'FAILED' end as reason,
    i.since, i.step, i.error_code, i.tags, i.tenant, i.created_at
  from durachart.failed i
  union all
  select s.id, s.workflow, s.version, s.status, s.state, s.reason, s.since, s.step, s.error_code, s.tags, s.tenant, s.created_at from durachart.stalled s;
