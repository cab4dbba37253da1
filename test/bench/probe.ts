import postgres from 'postgres';
import type { Cleanup } from './cleanup.ts';
import { serverCpu, type ServerCpu } from './processes.ts';
import type { BenchServer } from './server.ts';

/** One kind of statement, as pg_stat_statements counted it. */
export interface StatementCount {
  query: string;
  calls: number;
  milliseconds: number;
}

/** A mark in time to measure from. */
export interface Mark {
  walBytes: number;
  serverMs: number | null;
}

/** Measures the server from a database beside those that are measured. */
export class Probe {
  private readonly sql: postgres.Sql;
  private readonly cpu: ServerCpu | undefined;
  private readonly countsStatements: boolean;
  readonly version: string;
  readonly settings: string;
  /** What cannot be measured here, and why. */
  readonly missing: readonly string[];

  static async open(server: BenchServer, cleanup: Cleanup): Promise<Probe> {
    const { url } = await server.createDatabase('probe');
    const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
    cleanup.add(async () => sql.end({ timeout: 1 }));
    const [row] = await sql<{ version: string; pid: number; settings: string }[]>`
      select current_setting('server_version') as version, pg_backend_pid() as pid, concat_ws(', ',
        'synchronous_commit ' || current_setting('synchronous_commit'), 'fsync ' || current_setting('fsync'),
        'shared_buffers ' || current_setting('shared_buffers')) as settings`;
    const refusal = await sql`create extension pg_stat_statements`.then(
      async () => sql`select from pg_stat_statements limit 1`.then(() => undefined, String),
      String,
    );
    return new Probe(sql, row as { version: string; pid: number; settings: string }, refusal);
  }

  private constructor(
    sql: postgres.Sql,
    { version, pid, settings }: { version: string; pid: number; settings: string },
    refusal: string | undefined,
  ) {
    this.sql = sql;
    this.version = version;
    this.settings = settings;
    this.countsStatements = refusal === undefined;
    const cpu = serverCpu(pid);
    this.cpu = typeof cpu === 'string' ? undefined : cpu;
    this.missing = [
      ...(typeof cpu === 'string' ? [`CPU of Postgres: ${cpu}`] : []),
      ...(refusal === undefined ? [] : [`statements: not counted: ${refusal}`]),
    ];
  }

  /** Begins to count. */
  async mark(database: string): Promise<Mark> {
    if (this.countsStatements) {
      await this.sql`select pg_stat_statements_reset(0, (select oid from pg_database where datname = ${database}), 0)`;
    }
    return { walBytes: await this.wal(), serverMs: this.cpu?.milliseconds() ?? null };
  }

  /** What has been written and spent since. */
  async since(mark: Mark): Promise<{ walBytes: number; serverMs: number | null }> {
    const serverMs = this.cpu === undefined || mark.serverMs === null ? null : this.cpu.milliseconds() - mark.serverMs;
    return { walBytes: (await this.wal()) - mark.walBytes, serverMs };
  }

  /** What clients have asked a database since the mark, without the bench's own questions; the most time first. */
  async statements(database: string): Promise<StatementCount[] | null> {
    if (!this.countsStatements) return null;
    const rows = await this.sql<{ query: string; calls: string; milliseconds: number }[]>`
      select query, calls, total_exec_time + total_plan_time as milliseconds from pg_stat_statements s
      join pg_database d on d.oid = s.dbid where d.datname = ${database} and query not like '%bench_probe%' order by 3 desc`;
    return rows.map(({ query, calls, milliseconds }) => ({ query, calls: Number(calls), milliseconds }));
  }

  /** Writes out what is in memory, so that it does not happen in the middle of a measurement. */
  async checkpoint(): Promise<void> {
    await this.sql`checkpoint`.catch(() => {
      // Takes a right that the user of a given database need not have.
    });
  }

  private async wal(): Promise<number> {
    const [row] = await this.sql<{ bytes: string }[]>`select pg_current_wal_lsn() - '0/0'::pg_lsn as bytes`;
    return Number(row?.bytes);
  }
}
