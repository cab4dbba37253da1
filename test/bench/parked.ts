import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import type { Cleanup } from './cleanup.ts';
import { EngineProcess } from './engine-process.ts';
import type { BenchDatabase } from './server.ts';

/** Rows in one statement. */
const CHUNK = 25_000;
const FINISHED_CHUNK = 5_000;

/** What a database was filled with. */
export interface Filled {
  rows: number;
  /** Finished ones, with their history and steps. */
  finished: number;
  seconds: number;
  /** Of the table of instances, its indexes included. */
  megabytes: number;
}

/**
 * Fills a database with parked instances. Two are parked by an engine; the rest are copies of their rows by SQL: one
 * half waits for an event only, the other for a timer too, that is due within a year. Their histories are not copied.
 * For each ten there is a finished one, with its history of 10 steps.
 * @param limitMs no more rows after so long
 */
export async function fillWithParked(
  database: BenchDatabase,
  wanted: number,
  limitMs: number,
  cleanup: Cleanup,
): Promise<Filled> {
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  try {
    const { event, timer, id } = await parkTwo(database, sql, cleanup);
    const columns = await columnsOf(sql, 'instances', ['id', 'wake_at', 'created_at']);
    const timerColumns = await columnsOf(sql, 'timers', ['instance_id', 'due_at']);
    const began = performance.now();
    let rows = 0;
    while (rows < wanted && performance.now() - began < limitMs && !cleanup.signal.aborted) {
      const next = Math.min(wanted, rows + CHUNK);
      await copy(sql, columns, timerColumns, { event, timer, from: rows + 1, to: next });
      rows = next;
    }
    const finished = await copyFinished(sql, id, Math.floor(rows / 10), () => performance.now() - began < 2 * limitMs);
    // Else the server would clean up and write out, in the middle of what is measured, what was filled in a minute and not in a year.
    await sql`vacuum analyze durachart.instances, durachart.timers, durachart.transitions, durachart.steps`;
    await sql`checkpoint`;
    const seconds = (performance.now() - began) / 1000;
    const [size] = await sql<{ bytes: string }[]>`select pg_total_relation_size('durachart.instances') as bytes`;
    return { rows, finished, seconds, megabytes: Number(size?.bytes) / 2 ** 20 };
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function parkTwo(
  database: BenchDatabase,
  sql: postgres.Sql,
  cleanup: Cleanup,
): Promise<{ event: string; timer: string; id: string }> {
  const engine = await EngineProcess.open(database.url, 10, cleanup);
  const ids = await engine.order('park', null);
  for (let tries = 0; ; tries++) {
    const parked = await sql`
      select from durachart.instances where id in (${ids.event}, ${ids.timer}) and status = 'waiting' and lease is null`;
    if (parked.length === 2) break;
    if (tries > 500) throw new Error('The two instances are not parked within 5 s.');
    await sleep(10);
  }
  await engine.order('latencies', { workflow: 'bench-sequence', warmUp: 0, samples: 1 });
  const [finished] = await sql<{ id: string }[]>`select id from durachart.instances where workflow = 'bench-sequence'`;
  await engine.close();
  return { ...ids, id: finished?.id ?? '' };
}

async function columnsOf(sql: postgres.Sql, table: string, without: string[]): Promise<string> {
  const [row] = await sql<{ columns: string }[]>`
    select string_agg(quote_ident(column_name), ', ') as columns from information_schema.columns
    where table_schema = 'durachart' and table_name = ${table} and is_generated = 'NEVER' and column_name <> all(${without})`;
  return row?.columns ?? '';
}

/** Every second one has a timer. */
async function copy(
  sql: postgres.Sql,
  columns: string,
  timerColumns: string,
  { event, timer, from, to }: { event: string; timer: string; from: number; to: number },
): Promise<void> {
  const due = `now() + interval '1 day' * (1 + g % 365) + interval '1 second' * (g % 86400)`;
  await sql.unsafe(
    `insert into durachart.instances (id, wake_at, created_at, ${columns})
     select 'parked-' || g, case when g % 2 = 0 then ${due} end, created_at - interval '1 second' * g, ${columns}
     from generate_series($1::int, $2::int) g join durachart.instances i on i.id = case when g % 2 = 0 then $3 else $4 end`,
    [from, to, timer, event],
  );
  await sql.unsafe(
    `insert into durachart.timers (instance_id, due_at, ${timerColumns})
     select 'parked-' || g, ${due}, ${timerColumns}
     from generate_series($1::int, $2::int) g, durachart.timers t where g % 2 = 0 and t.instance_id = $3`,
    [from, to, timer],
  );
}

/** Copies of an instance that is done, its transitions and its steps. Returns how many. */
async function copyFinished(sql: postgres.Sql, id: string, wanted: number, goOn: () => boolean): Promise<number> {
  const lists = [
    ['instances', 'id', await columnsOf(sql, 'instances', ['id'])],
    ['transitions', 'instance_id', await columnsOf(sql, 'transitions', ['instance_id'])],
    ['steps', 'instance_id', await columnsOf(sql, 'steps', ['instance_id'])],
  ] as const;
  let rows = 0;
  while (rows < wanted && goOn()) {
    const next = Math.min(wanted, rows + FINISHED_CHUNK);
    for (const [table, key, columns] of lists) {
      await sql.unsafe(
        `insert into durachart.${table} (${key}, ${columns})
         select 'finished-' || g, ${columns} from generate_series($1::int, $2::int) g, durachart.${table} t where t.${key} = $3`,
        [rows + 1, next, id],
      );
    }
    rows = next;
  }
  return rows;
}
