ALTER TABLE "durachart"."instances" ADD COLUMN "snapshot_behind" boolean;--> statement-breakpoint

-- The context of an instance whose row is behind is put together from its history, since the last transition that has all of it.
-- No function does that: it would have the rights of whoever asks, and not those of the views.
create or replace view durachart.standing as
  select i.id, i.workflow, i.version, i.tenant, i.tags, i.priority, i.rest_status as status, i.rest_state as state, i.sequence, i.input, i.snapshot, i.output, i.error,
    i.rest_error as error_code, i.live, i.lease, i.wake_at, i.parent_id, i.created_at, i.updated_at, i.finished_at,
    case when i.snapshot_behind then (
        select coalesce(json_object_agg(n.key, n.value), '{}') from (
          select distinct on (d.key) d.key, d.value, d.removed
          from durachart.transitions t cross join lateral (
            select key, value, false as removed from json_each(t.diff -> 'context')
            union all
            select value, null, true from json_array_elements_text(t.diff -> 'removed')) d
          where t.instance_id = i.id and t.sequence between greatest(1, i.sequence / 100 * 100) and i.sequence
          order by d.key, t.sequence desc) n
        where not n.removed) else i.snapshot -> 'context' end as context
  from durachart.instances i where i.rest_status is not null
  union all
  select i.id, i.workflow, i.version, i.tenant, i.tags, i.priority, i.status, i.state, i.sequence, i.input, i.snapshot, i.output, i.error,
    i.error_code, i.live, i.lease, i.wake_at, i.parent_id, i.created_at, i.updated_at, i.finished_at, c.context
  from durachart.instances i cross join lateral (
    select case when i.snapshot_behind then (
      select coalesce(json_object_agg(n.key, n.value), '{}') from (
        select distinct on (d.key) d.key, d.value, d.removed
        from durachart.transitions t cross join lateral (
          select key, value, false as removed from json_each(t.diff -> 'context')
          union all
          select value, null, true from json_array_elements_text(t.diff -> 'removed')) d
        where t.instance_id = i.id and t.sequence between greatest(1, i.sequence / 100 * 100) and i.sequence
        order by d.key, t.sequence desc) n
      where not n.removed) else i.snapshot -> 'context' end as context offset 0) c
  where i.lease is not null;
