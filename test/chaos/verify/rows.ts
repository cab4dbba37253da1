import type postgres from 'postgres';
import type { Check } from './check.ts';

interface Query {
  name: string;
  /** How many there are to look at. */
  looked: string;
  /** A line for each breach. */
  breaches: string;
}

/** What must hold of the rows of all instances, once everything is over. */
const QUERIES: Query[] = [
  {
    name: 'history without gaps',
    looked: 'select count(*) from durachart.transitions',
    breaches: `select i.id || ' is at ' || i.sequence || ', and its history has ' || t.count || ' up to ' || t.last as line
      from durachart.instances i left join lateral (
        select count(*) as count, coalesce(max(sequence), 0) as last from durachart.transitions where instance_id = i.id) t on true
      where i.sequence <> t.count or i.sequence <> t.last`,
  },
  {
    name: 'each transition goes on where the last one ended',
    looked: 'select count(*) from durachart.transitions',
    breaches: `select instance_id || ' #' || sequence || ' begins in ' || from_state || ', not in ' || before as line from (
        select instance_id, sequence, from_state, lag(to_state) over (partition by instance_id order by sequence) as before
        from durachart.transitions) t where sequence > 1 and from_state is distinct from before`,
  },
  {
    name: "a step's result applied once",
    looked: 'select count(*) from durachart.transitions where step_key is not null',
    breaches: `select instance_id || ': the result of ' || step_key || ' was applied ' || count(*) || ' times' as line
      from durachart.transitions where step_key is not null group by instance_id, step_key having count(*) > 1`,
  },
  {
    name: 'an event taken by one transition, its own',
    looked: `select count(*) from durachart.events where status = 'taken'`,
    breaches: `select e.instance_id || ': event ' || e.id || ' (' || e.type || ') is taken by #' || e.sequence || ' (' || coalesce(t.event, 'none') || ')' as line
      from durachart.events e left join durachart.transitions t on t.instance_id = e.instance_id and t.sequence = e.sequence
      where e.status = 'taken' and e.source = 'external' and t.event is distinct from e.type
      union all
      select instance_id || ': #' || sequence || ' took ' || count(*) || ' events' from durachart.events
      where status = 'taken' and source = 'external' and sequence is not null group by instance_id, sequence having count(*) > 1`,
  },
  {
    name: 'nothing left over',
    looked: 'select count(*) from durachart.instances',
    breaches: `select i.id || ' is ' || i.status || ' and has live steps ' || i.live::text as line
        from durachart.instances i where i.status in ('done', 'cancelled') and json_array_length(i.live) > 0
      union all
      select t.instance_id || ' has ended and has a timer ' || t.id from durachart.timers t join durachart.instances i on i.id = t.instance_id
        where i.status in ('done', 'cancelled')
      union all
      select s.instance_id || ':' || s.key || ' is ' || s.status || ', and nobody waits for it' from durachart.steps s
        join durachart.instances i on i.id = s.instance_id where s.status in ('queued', 'running', 'retrying') and i.status in ('done', 'cancelled')
      union all
      select e.instance_id || ' has ended and keeps an event ' || e.type from durachart.events e join durachart.instances i on i.id = e.instance_id
        where e.status = 'pending' and i.status in ('done', 'cancelled')
      union all
      select a.target_id || ': nobody knows what came of operation ' || a.operation from durachart.audit a where a.status = 'requested'`,
  },
  {
    name: 'a child for each invocation, a parent for each child',
    looked: 'select count(*) from durachart.instances where parent_id is not null',
    breaches: `select c.id || ' has no parent ' || c.parent_id as line from durachart.instances c
        where c.parent_id is not null and not exists (select from durachart.instances p where p.id = c.parent_id)
      union all
      select s.instance_id || ':' || s.key || ' has no child ' || s.child_id from durachart.steps s
        where s.child_id is not null and not exists (select from durachart.instances c where c.id = s.child_id)`,
  },
];

/** Runs all checks of the rows. */
export async function checkRows(sql: postgres.Sql): Promise<Check[]> {
  const checks: Check[] = [];
  for (const { name, looked, breaches } of QUERIES) {
    const [row] = await sql.unsafe<{ count: string }[]>(looked);
    const lines = await sql.unsafe<{ line: string }[]>(breaches);
    checks.push({ name, looked: Number(row?.count), breaches: lines.map(({ line }) => line) });
  }
  return checks;
}
