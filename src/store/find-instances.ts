import type { CountOptions, ListOptions } from '../engine/api.ts';

/** A statement with its parameters. */
export interface Statement {
  text: string;
  values: (string | number | Date)[];
}

/** A count beyond it is not counted on. */
export const MOST_COUNTED = 10_000;

/**
 * Every (status, workflow, state) in which instances are at rest, found by leaps through the index `instances_place`: there
 * are few. Of each the newest are read, or so many counted, instead of all instances.
 */
export const PLACES = `places as (
  (select rest_status, workflow, rest_state from durachart.instances where rest_status is not null order by rest_status, workflow, rest_state limit 1)
  union all
  select n.* from places p cross join lateral (
    select i.rest_status, i.workflow, i.rest_state from durachart.instances i
    where i.rest_status is not null and (i.rest_status, i.workflow, i.rest_state) > (p.rest_status, p.workflow, p.rest_state)
    order by i.rest_status, i.workflow, i.rest_state limit 1) n)`;

/** The ids and times of the newest instances that a list is asked for; each way of asking has its index. */
export function findInstances(
  options: ListOptions,
  limit: number,
  before: { createdAt: Date; id: string } | undefined,
): Statement {
  const { workflow, state, errorCode, step, tag, tenant, parentId, is } = options;
  const status = options.status ?? (is === 'waiting' ? is : undefined);
  const values: Statement['values'] = [];
  /** Its parameter; only what is used may be among them. */
  const value = (given: string | number | Date): string => {
    const known = values.indexOf(given);
    return `$${known < 0 ? values.push(given) : known + 1}`;
  };
  const span = (time: string, id: string): string[] => [
    ...(options.since === undefined ? [] : [`${time} >= ${value(options.since)}::timestamptz`]),
    ...(options.until === undefined ? [] : [`${time} < ${value(options.until)}::timestamptz`]),
    ...(before === undefined
      ? []
      : [`(${time}, ${id}) < (${value(before.createdAt)}::timestamptz, ${value(before.id)})`]),
  ];
  // Of what it waits for; a failed one waits for the step that failed.
  const atStep = (name: string): string =>
    `exists (select from durachart.instances w cross join json_array_elements_text(w.live) k(key)
       join durachart.steps s on s.instance_id = w.id and s.key = k.key where w.id = i.id and s.step = ${value(name)})`;
  // What never changes, and the step.
  const fixed = (): string[] => [
    ...(workflow === undefined ? [] : [`i.workflow = ${value(workflow)}`]),
    ...(tenant === undefined ? [] : [`i.tenant = ${value(tenant)}`]),
    ...(parentId === undefined ? [] : [`i.parent_id = ${value(parentId)}`]),
    ...(step === undefined ? [] : [atStep(step)]),
  ];
  // What the hot path changes: an index knows it while an instance is at rest.
  const moving = Object.entries({ status, state, error: errorCode }).flatMap(([name, given]) =>
    given === undefined ? [] : [{ name, given }],
  );
  const rest = (): string[] => moving.map(({ name, given }) => `i.rest_${name} = left(${value(given)}, 300)`);
  const current = (): string[] =>
    moving.map(({ name, given }) => `i.${name === 'error' ? 'error_code' : name} = ${value(given)}`);

  /** The newest by their order in an index. */
  const newest = (...conditions: string[]): string => {
    const [time, id] = tag === undefined ? ['i.created_at', 'i.id'] : ['t.created_at', 't.instance_id'];
    const from =
      tag === undefined
        ? 'durachart.instances i'
        : `durachart.tags t join durachart.instances i on t.tag = ${value(tag)} and i.id = t.instance_id`;
    const where = [...conditions, ...fixed(), ...span(time, id)];
    return `(select i.created_at, i.id from ${from} ${where.length > 0 ? `where ${where.join(' and ')}` : ''} order by ${time} desc, ${id} desc limit ${value(limit)})`;
  };
  /** All that fit, which are few; `offset 0` keeps the planner from looking for them among the newest of all. */
  const few = (from: string, ...conditions: string[]): string => {
    const where = [...conditions, ...fixed(), ...current(), ...span('i.created_at', 'i.id')];
    return `(select distinct created_at, id from (select i.created_at, i.id from ${from} i ${where.length > 0 ? `where ${where.join(' and ')}` : ''} offset 0) i)`;
  };
  const held = (): string =>
    few('durachart.instances', 'i.lease is not null', ...(tag === undefined ? [] : [`${value(tag)} = any (i.tags)`]));
  const byPlace = (only: string | undefined): string => {
    const ofPlace = newest('i.rest_status = p.rest_status', 'i.workflow = p.workflow', 'i.rest_state = p.rest_state');
    const places = [
      'true',
      ...(workflow === undefined ? [] : [`p.workflow = ${value(workflow)}`]),
      ...(only === undefined ? [] : [`p.rest_status = ${value(only)}`]),
      ...(state === undefined ? [] : [`p.rest_state = left(${value(state)}, 300)`]),
      // Where an instance waits for no step, none is looked at.
      ...(step === undefined ? [] : [`p.rest_status in ('running', 'failed', 'paused')`]),
    ];
    return `(with recursive ${PLACES} select f.* from places p cross join lateral ${ofPlace} f where ${places.join(' and ')})`;
  };

  const parts: string[] = [];
  const isNarrow = (tag ?? parentId ?? errorCode) !== undefined;
  if (is === 'waiting' && status !== is) parts.push(newest('false'));
  else if (is !== undefined && is !== 'waiting') {
    if (isNarrow) parts.push(newest(`i.id in (select v.id from durachart.${is} v)`, ...current()));
    else if (is !== 'stuck') parts.push(few(`durachart.${is}`));
    else {
      parts.push(few('durachart.stalled'), few('durachart.instances', 'i.lease is not null', `i.status = 'failed'`));
      if (tenant !== undefined) parts.push(newest(`i.rest_status = 'failed'`, ...rest()));
      else if (status === undefined || status === 'failed') parts.push(byPlace('failed'));
    }
  } else if (isNarrow || tenant !== undefined || (workflow ?? status ?? state ?? step) === undefined) {
    parts.push(newest(...rest()));
    if (moving.length > 0) parts.push(held());
  } else parts.push(byPlace(status), held());
  return {
    text: `select created_at, id from (${parts.join(' union all ')}) f order by created_at desc, id desc limit ${value(limit)}`,
    values,
  };
}

/** How many instances stand where; of each place no more than {@link MOST_COUNTED} and one are read. */
export function countInstances({ workflow, status, state }: CountOptions): Statement {
  const values: Statement['values'] = [];
  const filters = (columns: { workflow: string; status: string; state: string }): string =>
    [
      ...(workflow === undefined ? [] : [`and ${columns.workflow} = $${values.push(workflow)}`]),
      ...(status === undefined ? [] : [`and ${columns.status} = $${values.push(status)}`]),
      ...(state === undefined ? [] : [`and ${columns.state} = $${values.push(state)}`]),
    ].join(' ');
  const places = filters({ workflow: 'p.workflow', status: 'p.rest_status', state: 'p.rest_state' });
  const held = filters({ workflow: 'i.workflow', status: 'i.status', state: 'i.state' });
  return {
    text: `with recursive ${PLACES}
      select workflow, status, state, sum(count)::int as count from (
        select p.workflow, p.rest_status as status, p.rest_state as state, c.count from places p cross join lateral (
          select count(*) as count from (
            select from durachart.instances i where i.rest_status = p.rest_status and i.workflow = p.workflow and i.rest_state = p.rest_state limit ${MOST_COUNTED + 1}) i) c
        where true ${places}
        union all
        select i.workflow, i.status, left(i.state, 300), count(*) from durachart.instances i where i.lease is not null ${held} group by 1, 2, 3) c
      group by workflow, status, state order by workflow, status, state`,
    values,
  };
}
