import type postgres from 'postgres';
import { STATES, WORKFLOWS } from './workflows.ts';

export interface Filling {
  instances: number;
  transitionsEach: number;
}

/** Instances in one statement. */
const CHUNK = 20_000;
/** Of the instances, in the hands of the four workers, at most. */
const HELD = 4_000;

/** Of instance `g`, which are a year's: the newest is the last. */
const ID = `'01990000-0000-7000-8000-' || lpad(to_hex(g), 12, '0')`;

/**
 * Makes instances as a year of many workflows leaves them: most are done; some wait, are scheduled, wait for a retry or a
 * child, are overdue, have failed; the newest are in workers' hands. One tenant has a third of them, one tag half; another tag only old ones.
 */
export async function fill(
  sql: postgres.Sql,
  { instances, transitionsEach }: Filling,
  say: (line: string) => void,
): Promise<void> {
  await sql`
    insert into durachart.workers (name, workflows, locked, started_at, beat_at)
    select 'bench ' || n, array(select 'w' || w from generate_series(1, ${WORKFLOWS}::int) w), false, now(), now() from generate_series(1, 4) n`;
  for (let from = 1; from <= instances; from += CHUNK) {
    const to = Math.min(instances, from + CHUNK - 1);
    await sql.unsafe(INSTANCES, [from, to, instances, Math.min(HELD, Math.floor(instances / 50)), transitionsEach]);
    await sql.unsafe(TRANSITIONS, [from, to]);
    await sql.unsafe(STEPS, [from, to]);
    if (to % (CHUNK * 5) === 0 || to === instances)
      say(`  ${to.toLocaleString('en')} instances, ${(to * transitionsEach).toLocaleString('en')} transitions`);
  }
  say('  vacuum analyze');
  for (const table of ['instances', 'transitions', 'steps', 'tags'])
    await sql.unsafe(`vacuum analyze durachart.${table}`);
  await sql`checkpoint`;
}

const INSTANCES = `
insert into durachart.instances (id, workflow, version, tenant, tags, priority, parent_id, parent_key, created_at, input, snapshot, output, error, error_code,
  status, state, sequence, live, lease, wake_at, updated_at, finished_at)
select ${ID}, 'w' || 1 + floor(power(g * 7919 % 1000 / 1000.0, 2) * ${WORKFLOWS})::int, '1',
  case when g % 3 = 0 then 'big' when g % 3 = 1 then 'tenant-' || g * 31 % 1000 end,
  array_remove(array[case when g % 2 = 0 then 'common' end, case when g < $3::int / 10 then 'old' end, case when g % 9973 = 0 then 'rare' end], null),
  g % 3 + 4, case when g % 20 = 1 then '01990000-0000-7000-8000-' || lpad(to_hex(g - g % 1000 + 2), 12, '0') end, case when g % 20 = 1 then '1:child' end,
  at, json_build_object('orderId', 'o-' || g, 'amount', g % 1000),
  json_build_object('context', json_build_object('note', repeat('all kinds of things ', 25), 'count', g), 'historyValue', json_build_object(), 'children', json_build_object(), 'value', state, 'status', 'active'),
  case when status = 'done' then json_build_object('total', g) end,
  case when status = 'failed' then json_build_object('code', 'E' || g % 50, 'message', 'no', 'details', json_build_object('key', $5::int || ':work', 'step', 'work')) end,
  case when status = 'failed' then case when g % 997 = 0 then 'RARE' else 'E' || g % 50 end when status = 'cancelled' then 'CANCELLED' end,
  status, state, $5::int, case when status in ('running', 'failed') then json_build_array($5::int || ':work') else '[]'::json end,
  case when held then 1 + g % 4 end,
  case when held then null when kind = 'retrying' then now() + interval '1 hour' * (g % 24 + 1) when kind = 'overdue' then now() - interval '1 minute' * (g % 60 + 1)
    when status = 'scheduled' then now() + interval '1 day' when status = 'waiting' and g % 2 = 0 then now() + interval '1 day' * (g % 300 + 1) end,
  at + interval '1 minute', case when status in ('done', 'cancelled') then at + interval '1 minute' end
from generate_series($1::bigint, $2::bigint) g
cross join lateral (select g > $3::int - $4::int as held, now() - interval '365 days' * (($3::int - g)::float8 / $3::int) - interval '1 minute' as at, g * 104729 % 1000 as r) a
cross join lateral (select case when held then 'held' when r < 600 then 'done' when r < 850 then 'waiting' when r < 900 then 'child' when r < 905 then 'retrying' when r < 910 then 'overdue'
  when r < 930 then 'failed' when r < 960 then 'cancelled' else 'scheduled' end as kind) k
cross join lateral (select case kind when 'held' then 'running' when 'child' then 'running' when 'retrying' then 'running' when 'overdue' then 'waiting' else kind end as status,
  case kind when 'done' then 'S${STATES}' when 'scheduled' then '' else 'S' || 1 + g * 13 % ${STATES - 1} end as state) s`;

const OF_CHUNK = `i.id between '01990000-0000-7000-8000-' || lpad(to_hex($1::bigint), 12, '0') and '01990000-0000-7000-8000-' || lpad(to_hex($2::bigint), 12, '0')`;

const TRANSITIONS = `
insert into durachart.transitions (instance_id, sequence, event, step_key, from_state, to_state, diff, at)
select i.id, n, case when n = 1 then 'xstate.init' else 'xstate.done.actor.work' end, case when n > 1 then n - 1 || ':work' end,
  case when n > 1 then 'S' || 1 + (n - 2) % ${STATES} end, 'S' || 1 + (n - 1) % ${STATES}, json_build_object('value', 'S' || 1 + (n - 1) % ${STATES}), i.created_at + interval '6 s' * n
from durachart.instances i cross join generate_series(1, i.sequence) n where ${OF_CHUNK}`;

/** The last two invocations; more would be more of the same. */
const STEPS = `
insert into durachart.steps (instance_id, key, kind, step, status, attempt, max_attempts, next_attempt_at, error_code, worker, queued_at, started_at, finished_at)
select i.id, n || ':work', 'step', 'work',
  case when n < i.sequence or i.status not in ('running', 'failed') then 'done' when i.status = 'failed' then 'failed' when i.lease is not null then 'running' when i.wake_at is not null then 'retrying' else 'running' end,
  1 + n % 2, 3, case when n = i.sequence and i.status = 'running' and i.lease is null then i.wake_at end, case when n = i.sequence then i.error_code end, i.lease,
  i.created_at + interval '6 s' * n, case when i.lease is not null then now() else i.created_at + interval '6 s' * n end, case when n < i.sequence or i.status <> 'running' then i.created_at + interval '6 s' * n + interval '10 ms' * (n * 37 % 500) end
from durachart.instances i cross join generate_series(i.sequence - 1, i.sequence) n where ${OF_CHUNK}`;
