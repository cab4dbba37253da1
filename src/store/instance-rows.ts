import type { InstanceRows } from '../engine/operations/instance-rows.ts';
import type { AuditOutcome, Millis } from '../engine/ports.ts';
import type { Database } from './database.ts';
import { currentSnapshot, DIFFS } from './current-snapshot.ts';
import { WILL_WRITE_HISTORY } from './history.ts';
import {
  correlation,
  CHILDREN_IN_ORDER,
  millis,
  orNull,
  stepRow,
  STEP_COLUMNS,
  STEPS_IN_ORDER,
  timer,
  TIMERS_IN_ORDER,
  type Row,
} from './rows.ts';
import { transact } from './transact.ts';

/** Everything that is stored of an instance, as of one moment. */
export async function readRows(database: Database, id: string): Promise<InstanceRows | undefined> {
  return transact(database.snapshots, 'isolation level repeatable read read only', async (tx) => {
    const [row] = await tx.unsafe<Row[]>(
      `select i.*, ${DIFFS} as diffs, i.input is null as no_input, i.output is null as no_output from durachart.instances i where i.id = $1`,
      [id],
    );
    if (row === undefined) return undefined;
    const of = async (query: string): Promise<Row[]> => tx.unsafe<Row[]>(query, [id]);
    const transitions = await of(
      `select sequence, event, payload, step_key, from_state, to_state, diff, emitted, timers, at from durachart.transitions where instance_id = $1 order by sequence`,
    );
    const steps = await of(
      `select ${STEP_COLUMNS} from durachart.steps s where s.instance_id = $1 order by ${STEPS_IN_ORDER}`,
    );
    const timers = await of(
      `select id, event, recipient, due_at, sequence from durachart.timers where instance_id = $1 order by ${TIMERS_IN_ORDER}`,
    );
    const events = await of(
      `select type, payload, source, fence, dedupe_key, status, sequence, created_at, correlation from durachart.events where instance_id = $1 order by id`,
    );
    const children = await of(
      `select id, workflow, status, state from durachart.instances c where parent_id = $1 order by ${CHILDREN_IN_ORDER}`,
    );
    return {
      instance: instance(row),
      transitions: transitions.map(transition),
      steps: steps.map(stepRow),
      timers: timers.map(timer),
      events: events.map(event),
      children: children as unknown as InstanceRows['children'],
    };
  });
}

function instance(row: Row): InstanceRows['instance'] {
  return {
    id: row['id'] as string,
    workflow: row['workflow'] as string,
    version: row['version'] as string,
    tenant: row['tenant'] as string | null,
    tags: row['tags'] as string[],
    priority: row['priority'] as number,
    key: row['key'] as string | null,
    parentId: row['parent_id'] as string | null,
    ...(row['no_input'] === true ? {} : { input: row['input'] }),
    status: row['status'] as InstanceRows['instance']['status'],
    state: row['state'] as string,
    sequence: row['sequence'] as number,
    snapshot: currentSnapshot(row),
    ...(row['no_output'] === true ? {} : { output: row['output'] }),
    error: row['error'] as InstanceRows['instance']['error'],
    live: row['live'] as string[],
    createdAt: millis(row['created_at']),
    startAt: orNull(row['start_at'], millis),
    updatedAt: millis(row['updated_at']),
    finishedAt: orNull(row['finished_at'], millis),
  };
}

function transition(row: Row): InstanceRows['transitions'][number] {
  return {
    sequence: row['sequence'] as number,
    event: row['event'] as string,
    payload: row['payload'],
    stepKey: row['step_key'] as string | null,
    from: row['from_state'] as string | null,
    to: row['to_state'] as string,
    diff: row['diff'] as InstanceRows['transitions'][number]['diff'],
    emitted: row['emitted'] as unknown[] | null,
    timers: row['timers'] as InstanceRows['transitions'][number]['timers'],
    at: millis(row['at']),
  };
}

function event(row: Row): InstanceRows['events'][number] {
  return {
    type: row['type'] as string,
    payload: row['payload'],
    source: row['source'] as InstanceRows['events'][number]['source'],
    fence: row['fence'] as string | null,
    dedupeKey: row['dedupe_key'] as string | null,
    status: row['status'] as InstanceRows['events'][number]['status'],
    sequence: row['sequence'] as number | null,
    createdAt: millis(row['created_at']),
    ...correlation(row['correlation'] as string | null),
  };
}

/** Brings an instance into being with all its rows, and with the record of it: nobody's, and not to be looked at until an event comes. False where the id is taken. */
export async function insertRows(
  database: Database,
  { instance: row, ...rows }: InstanceRows,
  audit: AuditOutcome & { create: NonNullable<AuditOutcome['create']> },
  at: Millis,
): Promise<boolean> {
  return transact(database.imports, 'read write', async (tx) => {
    await tx.unsafe(WILL_WRITE_HISTORY);
    const inserted = await tx.unsafe(
      `insert into durachart.instances (id, workflow, version, tenant, tags, priority, key, parent_id, input, status, state, sequence, snapshot, output, error, error_code, live, created_at, start_at, updated_at, finished_at)
       select c.id, c.workflow, c.version, c.tenant, array(select json_array_elements_text(c.tags)), c.priority, c.key, c."parentId", c.input::json, c.status, c.state, c.sequence, c.snapshot, c.output::json, c.error, c.error ->> 'code', c.live,
         ${time('createdAt')}, ${time('startAt')}, ${time('updatedAt')}, ${time('finishedAt')}
       from json_to_record($1::text::json) as c(id text, workflow text, version text, tenant text, tags json, priority smallint, key text, "parentId" text, input text, status text, state text, sequence int, snapshot json, output text, error json, live json,
         "createdAt" float8, "startAt" float8, "updatedAt" float8, "finishedAt" float8)
       on conflict (id) do nothing returning id`,
      [JSON.stringify({ ...row, input: asText(row.input), output: asText(row.output) })],
    );
    if (inserted.length === 0) return false;
    const insert = async (statement: string, list: unknown): Promise<void> => {
      await tx.unsafe(statement, [row.id, JSON.stringify(list)]);
    };
    await insert(
      `insert into durachart.transitions (instance_id, sequence, event, payload, step_key, from_state, to_state, diff, emitted, timers, at)
       select $1, c.sequence, c.event, c.payload, c."stepKey", c."from", c."to", c.diff, c.emitted, c.timers, ${time('at')}
       from json_to_recordset($2::text::json) as c(sequence int, event text, payload json, "stepKey" text, "from" text, "to" text, diff json, emitted json, timers json, at float8)`,
      rows.transitions,
    );
    await insert(
      `insert into durachart.steps (instance_id, key, kind, step, status, attempt, max_attempts, lost, next_attempt_at, input, output, error, error_code, attempts, logs, progress, message, queue, worker, child_id, queued_at, started_at, heartbeat_at, finished_at, fan_out, position)
       select $1, c.key, c.kind, c.step, c.status, c.attempt, c."maxAttempts", c.lost, ${time('nextAttemptAt')}, c.input::json, c.output::json, c.error, c.error ->> 'code', c.attempts, c.logs, c.progress, c.message, c.queue, c.worker, c."childId",
         ${time('queuedAt')}, ${time('startedAt')}, ${time('heartbeatAt')}, ${time('finishedAt')}, c."fanOut", c.n
       from rows from (json_to_recordset($2::text::json) as (key text, kind text, step text, status text, attempt int, "maxAttempts" int, lost int, "nextAttemptAt" float8, input text, output text, error json, attempts json, logs json, progress real, message text, queue text, worker int, "childId" text,
         "queuedAt" float8, "startedAt" float8, "heartbeatAt" float8, "finishedAt" float8, "fanOut" json)) with ordinality
         as c(key, kind, step, status, attempt, "maxAttempts", lost, "nextAttemptAt", input, output, error, attempts, logs, progress, message, queue, worker, "childId", "queuedAt", "startedAt", "heartbeatAt", "finishedAt", "fanOut", n)`,
      rows.steps.map((step) => ({ ...step, input: asText(step.input), output: asText(step.output) })),
    );
    await insert(
      `insert into durachart.timers (instance_id, id, event, recipient, due_at, sequence, position)
       select $1, c.id, c.event, c."to", ${time('dueAt')}, c.sequence, c.n
       from rows from (json_to_recordset($2::text::json) as (id text, event json, "to" text, "dueAt" float8, sequence int)) with ordinality as c(id, event, "to", "dueAt", sequence, n)`,
      rows.timers,
    );
    await insert(
      `insert into durachart.events (instance_id, type, payload, source, fence, dedupe_key, status, sequence, created_at, correlation)
       select $1, c.type, c.payload, c.source, c.fence, c."dedupeKey", c.status, c.sequence, ${time('createdAt')},
         case when c.correlation is not null then json_build_array(c.correlation ->> 'event', c.correlation ->> 'key')::text end
       from rows from (json_to_recordset($2::text::json) as (type text, payload json, source text, fence text, "dedupeKey" text, status text, sequence int, "createdAt" float8, correlation json))
         with ordinality as c(type, payload, source, fence, "dedupeKey", status, sequence, "createdAt", correlation, n) order by c.n`,
      rows.events,
    );
    const { operation, arguments: args, by, why, key } = audit.create;
    await tx.unsafe(
      `insert into durachart.audit (target, target_id, operation, arguments, by, why, key, status, after, result, requested_at, finished_at)
       values ('instance', $1, $2, $3::text::json, $4, $5, $6, $7, $8::text::json, $9::text::json, to_timestamp($10::float8 / 1000), to_timestamp($10::float8 / 1000))`,
      [
        row.id,
        operation,
        JSON.stringify(args),
        by,
        why,
        key,
        audit.status,
        JSON.stringify(audit.after),
        JSON.stringify(audit.result),
        at,
      ],
    );
    await tx.unsafe(`select pg_notify('durachart_change', $1)`, [row.id]);
    return true;
  });
}

/** A column of times that come as milliseconds. */
function time(name: string): string {
  return `to_timestamp(c."${name}" / 1000)`;
}

/** JSON's null is a value like others; SQL's is none: a record makes no difference between them, text does. */
function asText(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}
