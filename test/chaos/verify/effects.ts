import { readFileSync } from 'node:fs';
import type postgres from 'postgres';
import type { Check } from './check.ts';

interface Begun {
  at: number;
  process: string;
  attempt: number;
}

/** When each attempt of each invocation was begun, by the file in which the workers have noted it. */
export function readLedger(file: string): Map<string, Begun[]> {
  const begun = new Map<string, Begun[]>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [at, process, attempt, key] = line.split('\t');
    if (process === undefined || key === undefined) continue;
    const list = begun.get(key);
    const entry = { at: Number(at), process, attempt: Number(attempt) };
    if (list === undefined) begun.set(key, [entry]);
    else list.push(entry);
  }
  return begun;
}

interface StepFacts {
  key: string;
  kind: string;
  status: string;
  attempt: number;
  /** How each attempt before the present one ended, as `1:failed`. */
  outcomes: string[];
}

/** What steps did outside, held against what is stored of them. */
export async function checkEffects(
  sql: postgres.Sql,
  begun: ReadonlyMap<string, Begun[]>,
  transactional: ReadonlySet<string>,
  blows: readonly number[],
): Promise<{ checks: Check[]; repeated: number }> {
  const rows = new Map<string, StepFacts & { step: string }>();
  const all = sql<(StepFacts & { step: string })[]>`
    select s.instance_id || ':' || s.key as key, s.kind, s.status, s.attempt, i.workflow || ':' || s.step as step,
      array(select (a ->> 'attempt') || ':' || (a ->> 'outcome') from json_array_elements(coalesce(s.attempts, '[]'::json)) a) as outcomes
    from durachart.steps s join durachart.instances i on i.id = s.instance_id where s.kind <> 'workflow'`.cursor(2_000);
  for await (const page of all) for (const row of page) rows.set(row.key, { ...row, outcomes: arrayOf(row.outcomes) });
  const effects = await sql<
    { key: string; count: number }[]
  >`select key, count(*)::int as count from chaos_effects group by key`;

  const unknown = [...begun.keys()]
    .filter((key) => !rows.has(key))
    .map((key) => `${key} was begun before it was stored`);
  const repeats: string[] = [];
  const unexplained: string[] = [];
  let repeated = 0;
  for (const [key, list] of begun) {
    const row = rows.get(key);
    if (row === undefined) continue;
    const attempts = new Set(list.map(({ attempt }) => attempt)).size;
    repeated += list.length - attempts;
    const known = row.outcomes.filter((outcome) => !outcome.endsWith(':skipped')).length + 1;
    // A fan-out that is retried goes through its items anew.
    if (row.kind === 'step' && list.length > known)
      repeats.push(
        `${key} was begun ${list.length} times; its row (${row.status}) tells of ${row.outcomes.join()} before`,
      );
    for (const [attempt, same] of Map.groupBy(list, (entry) => entry.attempt)) {
      // Somebody who retries by hand has attempts counted anew, so that each number may come to its end several times.
      const ended = row.outcomes.filter((outcome) => outcome.startsWith(`${attempt}:`) && !outcome.endsWith(':lost'));
      const isRecorded = row.status === 'failed' || row.outcomes.at(-1)?.endsWith(':skipped') === true;
      const present = row.attempt === attempt && !isRecorded ? 1 : 0;
      const again = same.length - Math.max(1, ended.length + present);
      const [first, last] = [same[0]?.at ?? 0, same.at(-1)?.at ?? 0];
      const between = blows.filter((at) => at >= first - SLACK && at <= last + SLACK).length;
      if (again > between)
        unexplained.push(
          `${key} was begun ${same.length} times under ${between} blows (the last one at ${timeOf(blows.at(-1) ?? 0)}): ` +
            `${same.map(({ at, process }) => `${timeOf(at)} in ${process}`).join(', ')}; its row: ${row.outcomes.join()}`,
        );
    }
  }
  const twice = effects.filter(({ count }) => count > 1).map(({ key, count }) => `${key} took effect ${count} times`);
  const counts = new Map(effects.map(({ key, count }) => [key, count]));
  const phantom = effects.flatMap(({ key }) => {
    const status = rows.get(key)?.status;
    return status === 'done' ? [] : [`${key} took effect, and its row is ${status ?? 'not there'}`];
  });
  const owed = [...rows.values()].flatMap(({ key, status, step, outcomes }) =>
    transactional.has(step) &&
    status === 'done' &&
    !outcomes.some((outcome) => outcome.endsWith(':skipped')) &&
    !counts.has(key)
      ? [`${key} is done, without its effect`]
      : [],
  );
  const exact = [...twice, ...phantom, ...owed];
  return {
    repeated,
    checks: [
      { name: 'no step begins before it is stored', looked: begun.size, breaches: unknown },
      { name: 'transactional steps: exactly once', looked: effects.length, breaches: exact },
      { name: 'other steps: begun again only where the row says why', looked: begun.size, breaches: repeats },
      { name: 'other steps: begun again at most once a blow', looked: begun.size, breaches: unexplained },
    ],
  };
}

/** A blow is noted when it is dealt, and stops what was on its way; a worker that was taken for dead hears of it later. */
const SLACK = 10_000;

function timeOf(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}

/** Without a look at the server's types an array comes as text. */
function arrayOf(value: unknown): string[] {
  if (Array.isArray(value)) return value as string[];
  return String(value)
    .replaceAll(/[{}]/g, '')
    .split(',')
    .filter((word) => word !== '');
}
