-- What starts workflows by itself. Payloads are not shown: they may hold what is secret.

create view durachart.schedule_status as
  select s.id, s.workflow, s.name, s.cron, s.timezone, case when p.name is null then s.due_at end as next_at, p.by as paused_by, p.since as paused_since,
    s.last_tick as last_at, s.outcome as last_outcome, s.message as last_message, s.started, s.skipped,
    (select count(*)::int from durachart.instances i where i.id = any(s.active) and i.status not in ('done', 'cancelled', 'failed')) as going_on
  from durachart.schedules s left join durachart.pauses p on p.target = 'schedule' and p.name = s.id;
--> statement-breakpoint
create view durachart.published_events as
  select id, name, key, source, created_at as published_at, delivered_at, started, reached, coalesce(json_array_length(problems), 0) as problems
  from durachart.published;
