ALTER TABLE "durachart"."instances" ADD COLUMN "snapshot_at" integer;--> statement-breakpoint

-- The context of an instance whose row is behind is put together from its history: what came since the row's snapshot, or since
-- the last transition that has all of it. No function does that: it would have the rights of whoever asks, and not those of the views.
create or replace view durachart.standing as
  select i.id, i.workflow, i.version, i.tenant, i.tags, i.priority, i.rest_status as status, i.rest_state as state, i.sequence, i.input, i.snapshot, i.output, i.error,
    i.rest_error as error_code, i.live, i.lease, i.wake_at, i.parent_id, i.created_at, i.updated_at, i.finished_at,
    case when i.snapshot_at is null then i.snapshot -> 'context' else (
      select coalesce(json_object_agg(n.key, n.value), '{}') from (
        select distinct on (d.key) d.key, d.value, d.removed from (
          select i.snapshot_at as sequence, key, value, false as removed
          from json_each(case when i.snapshot_at >= greatest(1, i.sequence / 100 * 100) then i.snapshot -> 'context' end)
          union all
          select t.sequence, c.* from durachart.transitions t cross join lateral (
            select key, value, false from json_each(t.diff -> 'context')
            union all
            select value, null, true from json_array_elements_text(t.diff -> 'removed')) c
          where t.instance_id = i.id and t.sequence between greatest(i.snapshot_at + 1, 1, i.sequence / 100 * 100) and i.sequence) d
        order by d.key, d.sequence desc) n
      where not n.removed) end as context
  from durachart.instances i where i.rest_status is not null
  union all
  select i.id, i.workflow, i.version, i.tenant, i.tags, i.priority, i.status, i.state, i.sequence, i.input, i.snapshot, i.output, i.error,
    i.error_code, i.live, i.lease, i.wake_at, i.parent_id, i.created_at, i.updated_at, i.finished_at, c.context
  from durachart.instances i cross join lateral (
    select case when i.snapshot_at is null then i.snapshot -> 'context' else (
      select coalesce(json_object_agg(n.key, n.value), '{}') from (
        select distinct on (d.key) d.key, d.value, d.removed from (
          select i.snapshot_at as sequence, key, value, false as removed
          from json_each(case when i.snapshot_at >= greatest(1, i.sequence / 100 * 100) then i.snapshot -> 'context' end)
          union all
          select t.sequence, c.* from durachart.transitions t cross join lateral (
            select key, value, false from json_each(t.diff -> 'context')
            union all
            select value, null, true from json_array_elements_text(t.diff -> 'removed')) c
          where t.instance_id = i.id and t.sequence between greatest(i.snapshot_at + 1, 1, i.sequence / 100 * 100) and i.sequence) d
        order by d.key, d.sequence desc) n
      where not n.removed) end as context offset 0) c
  where i.lease is not null;
