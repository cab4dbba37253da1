import type postgres from 'postgres';
import { DurachartError } from '../core/error.ts';

/**
 * History is read in the order of the transactions that wrote it. On another server their numbers begin anew: after a dump is
 * restored there, what is written would stand before what was written before the dump, and a consumer of the stream would wait for
 * years, and then have missed it all. So the first one that comes there has all numbers to come begin after those that there are.
 * @throws DurachartError `NOT_OWNER`
 */
export async function continueHistory(sql: postgres.Sql): Promise<void> {
  if (!(await hasMoved(sql))) return;
  try {
    await sql.begin(async (tx) => {
      // Of several that come at once, one after the other; and nothing is written while the numbers change.
      await tx`lock table durachart.server, durachart.transitions in share row exclusive mode`;
      if (!(await hasMoved(tx))) return;
      const [row] = await tx<[{ base: string }]>`
        with next as (select durachart.xid_base() + pg_snapshot_xmax(pg_current_snapshot())::text::bigint as number)
        select (durachart.xid_base() + coalesce(max(t.xid) - next.number + 1, 0))::text as base
        from next left join durachart.transitions t on t.xid >= next.number group by next.number`;
      await tx.unsafe(
        `create or replace function durachart.xid_base() returns bigint language sql stable as 'select ${BigInt(row.base)}::bigint'`,
      );
      await tx`
        insert into durachart.server (system_identifier) select system_identifier from pg_control_system()
        on conflict (one) do update set system_identifier = excluded.system_identifier`;
    });
  } catch (error) {
    if (!isForbidden(error)) throw error;
    const words = 'This database was restored on another server, and its history has to be told where to go on.';
    throw new DurachartError(
      'NOT_OWNER',
      `${words} Only the owner of its tables can do that: run "durachart migrate" once as that user.`,
      { cause: error },
    );
  }
}

/** Whether the database is on another server than when it was last looked. Whoever may not know leaves it to those who may. */
async function hasMoved(sql: postgres.Sql | postgres.TransactionSql): Promise<boolean> {
  try {
    const rows = await sql`
      select from pg_control_system() here
      where here.system_identifier not in (select system_identifier from durachart.server)`;
    return rows.length > 0;
  } catch (error) {
    if (isForbidden(error)) return false;
    throw error;
  }
}

function isForbidden(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === '42501';
}
