import type postgres from 'postgres';
import { DurachartError } from '../core/error.ts';

/** How far numbers leap where a server goes on for another: more than the other can have given since, so that nobody's position is among those to come. */
const LEAP = 2 ** 40;

const FORBIDDEN = '42501';
const NOT_SUPPORTED = '0A000';
const NO_SUCH_FUNCTION = '42883';

/** The server and its line of time, which is another one after a recovery to a moment or on a standby that was promoted. */
const HERE = `select s.system_identifier, c.timeline_id as timeline from pg_control_system() s, pg_control_checkpoint() c`;

/**
 * History is read in the order of the transactions that wrote it. On another server their numbers begin anew, and on one that was put
 * back to an earlier time they are given once more: what is written then would stand before what consumers of the stream have
 * seen, and they would miss it. So the first one that comes there has all numbers to come begin far behind those that there are.
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
        with next as (select durachart.xid_base() + pg_snapshot_xmax(pg_current_snapshot())::text::bigint as number),
          over as (select coalesce(max(t.xid) - next.number + 1, 0) as count
            from next left join durachart.transitions t on t.xid >= next.number group by next.number)
        select (durachart.xid_base() + over.count
          + case when over.count > 0 or exists (select from durachart.server) then ${LEAP}::bigint else 0 end)::text as base
        from over`;
      await tx.unsafe(
        `create or replace function durachart.xid_base() returns bigint language sql stable as 'select ${BigInt(row.base)}::bigint'`,
      );
      await tx.unsafe(`
        insert into durachart.server (system_identifier, timeline) ${HERE}
        on conflict (one) do update set system_identifier = excluded.system_identifier, timeline = excluded.timeline`);
    });
  } catch (error) {
    if (codeOf(error) !== FORBIDDEN) throw error;
    const words = 'This database was restored, or is on another server, and its history has to be told where to go on.';
    throw new DurachartError(
      'NOT_OWNER',
      `${words} Only the owner of its tables can do that: run "durachart migrate" once as that user.`,
      { cause: error },
    );
  }
}

/** Whether the database is on another server than when it was last looked. Whoever may not know leaves it to those who may; some providers tell nobody. */
async function hasMoved(sql: postgres.Sql | postgres.TransactionSql): Promise<boolean> {
  try {
    const rows = await sql.unsafe(`
      select from (${HERE}) here
      where (here.system_identifier, here.timeline) not in (select system_identifier, timeline from durachart.server)`);
    return rows.length > 0;
  } catch (error) {
    if ([FORBIDDEN, NOT_SUPPORTED, NO_SUCH_FUNCTION].includes(codeOf(error))) return false;
    throw error;
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code);
}
