import type postgres from 'postgres';
import { expect } from 'vitest';
import { EXACT, HISTORY, PLAIN } from './orders.ts';

/** Shows that all orders are done, with nothing lost and nothing twice. @param interruptions how often a plain step may have been repeated */
export async function proveOrders(
  sql: postgres.Sql,
  ids: readonly string[],
  interruptions: number,
): Promise<{ repeated: number }> {
  const [statuses, histories, left] = await Promise.all([
    sql`select status, count(*)::int as count from durachart.instances group by status`,
    sql<{ history: string[]; sequences: number[]; count: number }[]>`
      select history, sequences, count(*)::int as count from (
        select instance_id, array_agg(event || '>' || to_state order by sequence) as history, array_agg(sequence order by sequence) as sequences
        from durachart.transitions group by instance_id) t group by history, sequences`,
    sql`select (select count(*)::int from durachart.timers) as timers, (select count(*)::int from durachart.events where status = 'pending') as events,
      (select count(*)::int from durachart.steps where status <> 'done') as steps`,
  ]);
  expect(statuses).toEqual([{ status: 'done', count: ids.length }]);
  expect(histories).toEqual([{ history: HISTORY, sequences: HISTORY.map((_, index) => index + 1), count: ids.length }]);
  expect(left).toEqual([{ timers: 0, events: 0, steps: 0 }]);

  const exact = await sql<
    { key: string; count: number }[]
  >`select key, count(*)::int as count from exact_ledger group by key`;
  expect(exact.filter(({ count }) => count !== 1)).toEqual([]);
  expect(exact.map(({ key }) => key).toSorted()).toEqual(keysOf(ids, EXACT));

  const plain = await sql<
    { key: string; count: number }[]
  >`select key, count(*)::int as count from plain_ledger group by key`;
  expect(plain.filter(({ count }) => count > 1 + interruptions)).toEqual([]);
  expect(plain.map(({ key }) => key).toSorted()).toEqual(keysOf(ids, PLAIN));
  return { repeated: plain.reduce((sum, { count }) => sum + count - 1, 0) };
}

function keysOf(ids: readonly string[], keys: readonly string[]): string[] {
  return ids.flatMap((id) => keys.map((key) => `${id}:${key}`)).toSorted();
}
