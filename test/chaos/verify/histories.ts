import { isDeepStrictEqual } from 'node:util';
import type postgres from 'postgres';
import type { Workflow } from '../../../src/index.ts';
import { applyDiff, type SnapshotDiff, type StoredSnapshot } from '../../../src/core/snapshot.ts';
import type { Check } from './check.ts';

/** Puts the differences of each history together: they lead to the snapshot that the instance has, through ones that the machine takes. */
export async function checkHistories(sql: postgres.Sql, workflows: ReadonlyMap<string, Workflow>): Promise<Check> {
  const breaches: string[] = [];
  let looked = 0;
  let id = '';
  let folded: StoredSnapshot | null = null;
  const finish = async (): Promise<void> => {
    if (id === '') return;
    const [row] = await sql`select snapshot, workflow from durachart.instances where id = ${id}`;
    if (!isDeepStrictEqual(folded, row?.['snapshot'])) breaches.push(`the history of ${id} leads elsewhere`);
    try {
      workflows.get(row?.['workflow'] as string)?.machine.restore(folded as StoredSnapshot);
    } catch (error) {
      breaches.push(`${id} cannot be restored: ${String(error)}`);
    }
    looked++;
  };
  const rows = sql<{ id: string; diff: unknown }[]>`
    select instance_id as id, diff from durachart.transitions order by instance_id collate "C", sequence`.cursor(1_000);
  for await (const page of rows) {
    for (const row of page) {
      if (row.id !== id) {
        await finish();
        id = row.id;
        folded = null;
      }
      folded = folded === null ? (row.diff as StoredSnapshot) : applyDiff(folded, row.diff as SnapshotDiff);
    }
  }
  await finish();
  return { name: 'each history leads to its snapshot', looked, breaches };
}
