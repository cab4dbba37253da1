import { isDeepStrictEqual } from 'node:util';
import type postgres from 'postgres';
import { applyDiff, type SnapshotDiff, type StoredSnapshot } from '../../../src/core/snapshot.ts';
import type { Workflow } from '../../../src/core/workflow.ts';

const OF_RUN = (column: string): string => `(${column} = $1 or ${column} like $1 || '.%')`;

/** What holds at every time, by one look at the rows of a run. */
export async function checkNow(sql: postgres.Sql, root: string): Promise<void> {
  const wrong = await sql.unsafe(
    `select i.id, i.status, i.sequence, i.live from durachart.instances i where ${OF_RUN('i.id')} and not (
       i.sequence = (select count(*) from durachart.transitions t where t.instance_id = i.id)
       and i.sequence = (select coalesce(max(sequence), 0) from durachart.transitions t where t.instance_id = i.id)
       and not exists (select from json_array_elements_text(i.live) k where strpos(k, '!') = 0 group by substr(k, strpos(k, ':') + 1) having count(*) > 1)
       and not exists (select from json_array_elements_text(i.live) k left join durachart.steps s on s.instance_id = i.id and s.key = k
         where s.key is null or s.status = 'stopped')
       and not exists (select from durachart.steps s where s.instance_id = i.id and s.status in ('queued', 'running', 'retrying')
         and s.key not in (select json_array_elements_text(i.live)))
       and (i.status not in ('done', 'cancelled') or not exists (select from durachart.timers t where t.instance_id = i.id)))`,
    [root],
  );
  if (wrong.length > 0) throw new Error(`Not as it must be: ${JSON.stringify(wrong)}`);
  await checkSnapshots(sql, root);
}

/** What an instance's row has is what its history comes to, or it says that it is behind; and who is waited for is known to the machine. */
async function checkSnapshots(sql: postgres.Sql, root: string): Promise<void> {
  const rows = await sql.unsafe<Standing[]>(
    `select i.id, i.status, i.snapshot, i.snapshot_at as at, i.live,
       (select json_agg(t.diff order by t.sequence) from durachart.transitions t where t.instance_id = i.id) as diffs
     from durachart.instances i where ${OF_RUN('i.id')}`,
    [root],
  );
  for (const { id, status, snapshot, at, live, diffs } of rows) {
    let folded: StoredSnapshot | null = null;
    for (const [index, diff] of (diffs ?? []).entries()) {
      if (index === at && !isDeepStrictEqual(folded, snapshot)) throw new Error(`${id} never was what its row says.`);
      folded = folded === null ? (diff as StoredSnapshot) : applyDiff(folded, diff);
    }
    if (at === null && !isDeepStrictEqual(folded, snapshot)) throw new Error(`The history of ${id} leads elsewhere.`);
    const unknown = live.filter(
      (key) => !key.includes('!') && folded?.children[key.slice(key.indexOf(':') + 1)] === undefined,
    );
    if (status !== 'done' && unknown.length > 0)
      throw new Error(`${id} waits for ${unknown.join()}, which its machine does not know.`);
  }
}

interface Standing {
  id: string;
  status: string;
  snapshot: StoredSnapshot | null;
  at: number | null;
  live: string[];
  diffs: SnapshotDiff[] | null;
}

/** What holds of a run that has come to its end. @param calls how often each attempt was begun, by key with ROOT for the root's id */
export async function checkEnd(
  sql: postgres.Sql,
  root: string,
  workflow: Workflow,
  calls: ReadonlyMap<string, number>,
): Promise<{ transitions: number; effects: number }> {
  const all = async (query: string) => sql.unsafe(query, [root]);
  const [instances, transitions, steps, audit, ledger] = await Promise.all([
    all(`select id, workflow, status, snapshot, live from durachart.instances where ${OF_RUN('id')}`),
    all(
      `select instance_id, sequence, diff from durachart.transitions where ${OF_RUN('instance_id')} order by instance_id, sequence`,
    ),
    all(
      `select instance_id || ':' || key as key, kind, status, attempts from durachart.steps where ${OF_RUN('instance_id')}`,
    ),
    all(`select target_id, key, status, before, after from durachart.audit where ${OF_RUN('target_id')}`),
    all(`select key, count(*)::int as count from ledger where key like $1 || '%' group by key`),
  ]);
  const machines = new Map([workflow, ...workflow.children.values()].map(({ name, machine }) => [name, machine]));
  const histories = Map.groupBy(transitions, (row) => row['instance_id'] as string);
  for (const { id, workflow: name, status, snapshot, live } of instances) {
    if (['running', 'waiting', 'paused', 'scheduled'].includes(status as string))
      throw new Error(`${id} is left ${status}.`);
    if (status !== 'failed' && (live as unknown[]).length > 0) throw new Error(`${id} still waits for ${live}.`);
    let folded: StoredSnapshot | undefined;
    for (const [index, { sequence, diff }] of (histories.get(id as string) ?? []).entries()) {
      if (sequence !== index + 1) throw new Error(`The history of ${id} has a gap at ${index + 1}.`);
      folded = folded === undefined ? (diff as StoredSnapshot) : applyDiff(folded, diff as SnapshotDiff);
      machines.get(name as string)?.restore(folded);
    }
    if (!isDeepStrictEqual(folded ?? null, snapshot ?? null)) throw new Error(`The history of ${id} leads elsewhere.`);
  }
  const rows = new Map(steps.map((row) => [row['key'] as string, row]));
  const counts = new Map(ledger.map(({ key, count }) => [key as string, count as number]));
  for (const [key, count] of counts) {
    const status = rows.get(key)?.['status'];
    if (count !== 1 || status !== 'done') throw new Error(`${key} is ${status}, and took effect ${count} times.`);
  }
  // All steps of a machine here are of one sort.
  const isExact = workflow.steps.get('step')?.transactional === true;
  for (const [key, { kind, status, attempts }] of rows) {
    const outcomes = ((attempts ?? []) as { outcome: string }[]).map(({ outcome }) => outcome);
    const begun = calls.get(key.replaceAll(root, 'ROOT'));
    if (begun !== undefined && begun > outcomes.filter((outcome) => outcome !== 'skipped').length + 1)
      throw new Error(`${key} was begun ${begun} times; its row tells of ${outcomes.join()}.`);
    const isOwed = isExact && kind === 'step' && status === 'done' && !outcomes.includes('skipped');
    if (isOwed && !counts.has(key)) throw new Error(`${key} is done without an effect.`);
  }
  for (const { target_id: id, key, status, before, after } of audit) {
    if (status === 'requested' || after === null || (before === null && key !== 'fork'))
      throw new Error(`Of operation ${key} of ${id} nobody knows what came of it.`);
  }
  return { transitions: transitions.length, effects: counts.size + calls.size };
}
