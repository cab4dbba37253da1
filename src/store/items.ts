import type postgres from 'postgres';
import type { ForEachOutput } from '../core/for-each.ts';
import { MOST_FAILURES, MOST_MESSAGE } from '../engine/fan-out.ts';
import { itemIndex, itemKey } from '../engine/keys.ts';
import type { StepRow, StepStatus } from '../engine/ports.ts';
import { stepRow, STEP_COLUMNS, type Row } from './rows.ts';

/** Items of a fan-out by their index, from `from` and below `to`, found by their whole keys. */
const items = (columns: string, from: string, to: string, where: string): string => `
  select ${columns} from generate_series(${from}::int, ${to}::int - 1) as n
  join durachart.steps s on s.instance_id = $1 and s.key = $2 || '#' || n
  where s.kind = 'item' and ${where} order by n`;

const TOTAL = `(select (f.fan_out ->> 'total')::int from durachart.steps f where f.instance_id = $1 and f.key = $2)`;

/** Items that are not done, in order of their index. */
export async function readItems(
  pool: postgres.Sql,
  instanceId: string,
  fanOut: string,
  from: number,
  to: number,
): Promise<StepRow[]> {
  const keys = Array.from({ length: to - from }, (_, n) => itemKey(fanOut, from + n));
  const rows = await pool.unsafe<Row[]>(
    `select ${STEP_COLUMNS} from durachart.steps s
     where s.instance_id = $1 and s.key = any($2) and s.kind = 'item' and s.status <> 'done'`,
    [instanceId, keys],
  );
  return rows.map(stepRow).toSorted((a, b) => itemIndex(a.key) - itemIndex(b.key));
}

/** What the items of a fan-out have come to, in order of their index. */
export async function readItemResults(
  pool: postgres.Sql,
  instanceId: string,
  fanOut: string,
): Promise<Pick<ForEachOutput<unknown>, 'results' | 'failures'>> {
  const [results, failures] = await Promise.all([
    pool.unsafe<{ index: number; output: unknown }[]>(
      items('n as index, s.output', '0', TOTAL, `s.status = 'done' and s.output is not null`),
      [instanceId, fanOut],
    ),
    pool.unsafe<ForEachOutput<unknown>['failures']>(
      `${items(
        `n as index, s.error_code as code, left(coalesce(s.error ->> 'reason', s.error ->> 'message'), ${MOST_MESSAGE}) as message`,
        '0',
        TOTAL,
        `s.status = 'failed'`,
      )} limit ${MOST_FAILURES}`,
      [instanceId, fanOut],
    ),
  ]);
  return { results: [...results], failures: [...failures] };
}

/** The inputs of all items, in order: what a fan-out that is begun anew is begun with. */
export async function readItemInputs(pool: postgres.Sql, instanceId: string, fanOut: string): Promise<unknown[]> {
  const rows = await pool.unsafe<{ input: unknown }[]>(items('s.input', '0', TOTAL, 'true'), [instanceId, fanOut]);
  return rows.map(({ input }) => input);
}

/** Items for people, from an index on; by status they are looked for through all of them. */
export async function readItemsOf(
  pool: postgres.Sql,
  instanceId: string,
  fanOut: string,
  from: number,
  limit: number,
  status: StepStatus | undefined,
): Promise<Row[]> {
  return pool.unsafe<Row[]>(`${items(STEP_COLUMNS, '$3', TOTAL, '($5::text is null or s.status = $5)')} limit $4`, [
    instanceId,
    fanOut,
    from,
    limit,
    status ?? null,
  ]);
}
