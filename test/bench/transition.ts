import postgres from 'postgres';
import { ITEMS } from './machines.ts';

/** Rows that the baseline updates. */
export const ROWS = 10_000;
/** What every transition writes: the snapshot of an instance with a context of about 1 KB, and an event. */
export const SNAPSHOT = JSON.stringify({ status: 'active', value: 's0', context: { items: ITEMS, n: 0 } });
export const EVENT = '{"type":"NEXT","data":{"ok":true,"i":1}}';

/** One run of the baseline. */
export interface BaselineRun {
  /** Transactions a second: one is one transition. */
  tps: number;
  latencyMs: number;
}

/**
 * What everything is compared with: one transition as one transaction of two statements (update the instance's row
 * with its snapshot, insert a row of history), from so many clients, as fast as they can.
 */
export interface Baseline {
  label: string;
  run(url: string, clients: number, seconds: number, signal: AbortSignal): Promise<BaselineRun>;
}

/** The transaction, for pgbench. */
export const SCRIPT = `\\set id random(1, ${ROWS})
begin;
update baseline.inst set seq = seq + 1, state = 's1', snapshot = :snap::jsonb, updated_at = now() where id = :id returning seq \\gset
insert into baseline.hist (inst_id, seq, event) values (:id, :seq, :ev::jsonb);
end;
`;

/** The same, by postgres.js. */
export async function transition(sql: postgres.Sql): Promise<void> {
  const id = 1 + Math.floor(Math.random() * ROWS);
  await sql`begin`;
  const [row] = await sql<{ seq: number }[]>`
    update baseline.inst set seq = seq + 1, state = 's1', snapshot = ${SNAPSHOT}::text::jsonb, updated_at = now() where id = ${id} returning seq`;
  await sql`insert into baseline.hist (inst_id, seq, event) values (${id}, ${row?.seq ?? 0}, ${EVENT}::text::jsonb)`;
  await sql`commit`;
}

/** Makes the baseline's tables. */
export async function prepareBaseline(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    for (const statement of TABLES) await sql.unsafe(statement);
    await sql.unsafe(
      `insert into baseline.inst (id, state, snapshot) select g, 's0', $1::text::jsonb from generate_series(1, ${ROWS}) g`,
      [SNAPSHOT],
    );
    await sql`vacuum analyze baseline.inst`;
  } finally {
    await sql.end();
  }
}

const TABLES = [
  'create schema baseline',
  `create table baseline.inst (id bigint primary key, seq int not null default 0, state text not null, snapshot jsonb not null,
     updated_at timestamptz not null default now())`,
  `create table baseline.hist (inst_id bigint not null, seq int not null, event jsonb not null, at timestamptz not null default now(),
     primary key (inst_id, seq))`,
];
