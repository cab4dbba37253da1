import type { Transaction } from '../../src/index.ts';
import type { Job } from './input.ts';
import { sourceOf, type Field } from './sources.ts';

/** Rows that are in memory at a time. */
const BATCH = 250;

/** The columns of an export, in its order. */
export function columnsOf({ exportType, fields }: Job): { name: string; field: Field }[] {
  const known = sourceOf(exportType).fields;
  // The names were held against these when the job was accepted; once more here, since SQL is made of them.
  return (fields ?? Object.keys(known)).flatMap((name) => {
    const field = Object.hasOwn(known, name) ? known[name] : undefined;
    return field === undefined ? [] : [{ name, field }];
  });
}

/** How many rows there are to export. */
export async function countRows(tx: Transaction, job: Job): Promise<number> {
  const { from } = sourceOf(job.exportType);
  const { where, values } = conditions(job);
  const [row] = await tx.unsafe<{ n: number }>(`select count(*)::float8 as n from ${from} where ${where}`, values);
  return row?.n ?? 0;
}

/** Rows as text. */
interface Batch {
  rows: (string | null)[][];
  /** Key of the last of them, where there are any. */
  last: string[] | undefined;
  /** There are others beyond the limit. */
  more: boolean;
}

/**
 * Reads the rows after a key, at most `limit`, in the order of the key, through a cursor of the server: here are never
 * more than a few hundred. They fit together, since a cursor sees one moment.
 */
export async function* readRows(
  tx: Transaction,
  job: Job,
  after: readonly string[] | null,
  limit: number,
): AsyncGenerator<Batch> {
  const width = sourceOf(job.exportType).key.length;
  const { text, values } = selection(job, after, limit + 1);
  await tx.unsafe(`declare export_rows no scroll cursor for ${text}`, values);
  for (let left = limit; ; left -= BATCH) {
    const found = await tx.unsafe<Record<string, string | null>>(`fetch forward ${BATCH} from export_rows`);
    const fetched = found.length;
    // Taken out: the driver's results hold on to each other until the next full collection, and to what is in them.
    const rows = found
      .splice(0)
      .slice(0, left)
      .map((row) => Object.values(row));
    const more = fetched > left;
    const last = rows.at(-1)?.slice(0, width).map(String);
    yield { rows: rows.map((row) => row.slice(width)), last, more };
    if (more || fetched < BATCH) break;
  }
  await tx.unsafe('close export_rows');
}

function selection(job: Job, after: readonly string[] | null, limit: number): { text: string; values: string[] } {
  const { from, key } = sourceOf(job.exportType);
  const { where, values } = conditions(job);
  const order = key.map(({ sql }) => sql).join(', ');
  const columns = [...key, ...columnsOf(job).map(({ field }) => field)].map(({ sql }, i) => `(${sql})::text as c${i}`);
  const resume =
    after === null
      ? ''
      : ` and (${order}) > (${key.map(({ cast }, i) => `$${values.push(after[i] ?? '')}::text::${cast}`).join(', ')})`;
  return {
    text: `select ${columns.join(', ')} from ${from} where ${where}${resume} order by ${order} limit ${Math.trunc(limit)}`,
    values,
  };
}

/** Whose rows, and of which days. */
function conditions({ exportType, userId, dateRange }: Job): { where: string; values: string[] } {
  const { user, day } = sourceOf(exportType);
  const values = [userId];
  const all = [`${user} = $1`];
  if (dateRange?.from !== undefined) all.push(`${day} >= $${values.push(dateRange.from)}::text::date`);
  if (dateRange?.to !== undefined) all.push(`${day} <= $${values.push(dateRange.to)}::text::date`);
  return { where: all.join(' and '), values };
}
