import type postgres from 'postgres';

/** What a run has left in the database, without what is particular to it: ids, times, worker numbers. */
export interface Outcome {
  instances: Record<string, unknown>;
  history: Record<string, string[]>;
  steps: Record<string, string>;
  /** Events that were taken or ignored, by instance. */
  events: string[];
  leftovers: string[];
  ledger: string[];
  /** What was asked for, and what came of it. */
  audit: string[];
}

const OF_RUN = `(x.instance_id = $1 or x.instance_id like $1 || '.%')`;

/** Reads everything of a run. */
export async function readOutcome(sql: postgres.Sql, root: string): Promise<Outcome> {
  // Of ids that make no good name for a folder, payloads' keys have a hash.
  const rel = (text: string): string =>
    text.replaceAll(root, 'ROOT').replaceAll(/(?<="key":"payloads\/)[^/]+/g, 'INSTANCE');
  const [instances, transitions, steps, events, timers, ledger, audit] = await Promise.all([
    sql.unsafe(
      `select id, workflow, status, state, sequence, snapshot, live, output, error_code, lease is not null as leased, wake_at is not null as due
      from durachart.instances where id = $1 or id like $1 || '.%' order by id`,
      [root],
    ),
    sql.unsafe(
      `select instance_id, sequence, event, from_state, to_state, step_key, payload from durachart.transitions x where ${OF_RUN} order by instance_id, sequence`,
      [root],
    ),
    sql.unsafe(
      `select instance_id, key, kind, step, status, attempt, output, error_code from durachart.steps x where ${OF_RUN} order by instance_id, key`,
      [root],
    ),
    sql.unsafe(
      `select instance_id, type, status from durachart.events x where ${OF_RUN} order by instance_id, type, status`,
      [root],
    ),
    sql.unsafe(`select instance_id, id from durachart.timers x where ${OF_RUN}`, [root]),
    sql.unsafe(`select key from ledger where key = $1 or key like $1 || '%' order by key`, [root]),
    sql.unsafe(
      `select target_id, operation, arguments, by, key, status, code, before, after, result from durachart.audit x
      where target = 'instance' and (target_id = $1 or target_id like $1 || '.%') order by target_id, id`,
      [root],
    ),
  ]);
  return {
    instances: Object.fromEntries(
      instances.map(({ id, leased: _l, due: _d, ...rest }) => [
        rel(id as string),
        JSON.parse(rel(JSON.stringify(rest))) as unknown,
      ]),
    ),
    history: Object.fromEntries(
      [...Map.groupBy(transitions, (row) => rel(row['instance_id'] as string))].map(([id, rows]) => [
        id,
        rows.map((row) =>
          rel(
            `${row['sequence']} ${row['event']} ${JSON.stringify(row['payload'])} ${row['from_state']} -> ${row['to_state']} ${row['step_key'] ?? ''}`,
          ),
        ),
      ]),
    ),
    steps: Object.fromEntries(
      steps.map((row) => [
        rel(`${row['instance_id']}:${row['key']}`),
        rel(
          `${row['kind']} ${row['step']} ${row['status']} attempt ${row['attempt']} ${JSON.stringify(row['output'])} ${row['error_code']}`,
        ),
      ]),
    ),
    events: events
      .filter((row) => row['status'] === 'taken')
      .map((row) => rel(`${row['instance_id']} ${row['type']} ${row['status']}`)),
    leftovers: [
      ...instances
        .filter((row) => row['leased'] === true || row['due'] === true)
        .map((row) => rel(`${row['id']} is leased or due`)),
      ...instances
        .filter((row) => row['status'] !== 'failed' && (row['live'] as unknown[]).length > 0)
        .map((row) => rel(`${row['id']} has live steps`)),
      ...steps
        .filter((row) => ['queued', 'running', 'retrying'].includes(row['status'] as string))
        .map((row) => rel(`${row['instance_id']}:${row['key']} is ${row['status']}`)),
      ...timers.map((row) => rel(`timer ${row['instance_id']} ${row['id']}`)),
      ...events
        .filter((row) => row['status'] === 'pending')
        .map((row) => rel(`event ${row['instance_id']} ${row['type']}`)),
    ],
    ledger: ledger.map((row) => rel(row['key'] as string)),
    audit: audit.map((row) => rel(JSON.stringify(row))),
  };
}
