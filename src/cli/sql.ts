import type { Command } from 'commander';
import type { Sql } from 'postgres';
import { wholeNumber, type Cli, type QuerySession } from './command.ts';
import { CliError, EXIT } from './exit.ts';
import { printTable, type Cell } from './table.ts';
import { plain } from './text.ts';

interface SqlOptions {
  json?: true;
  timeout: number;
  limit: number;
}

export function addSql(program: Command, cli: Cli): void {
  program
    .command('sql <query>')
    .summary('ask the database: one query that reads')
    .description(
      'Runs one query as a role that reads the views of the schema durachart and nothing else, and prints the rows. docs/sql.md describes them.',
    )
    .option('--json', 'print JSON, for programs')
    .option('--timeout <seconds>', 'give up after so long', wholeNumber(1, 3600), 30)
    .option('--limit <rows>', 'print at most so many rows', wholeNumber(1, 1_000_000), 1000)
    .addHelpText(
      'after',
      "\nExample:\n  durachart sql 'select workflow, state, count(*) from durachart.status group by 1, 2'",
    )
    .action(async (query: string, options: SqlOptions) => {
      const { columns, rows, more } = await ask(cli, query, options);
      if (options.json) cli.json(rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]]))));
      else if (columns.length > 0) {
        printTable(
          cli.terminal,
          columns.map((title, i) => ({
            title,
            shrink: 8,
            align: rows.every((row) => isNumber(row[i])) && rows.length > 0 ? 'right' : 'left',
          })),
          rows.map((row) => row.map(cellOf)),
        );
      }
      if (rows.length === 0 && !options.json) cli.terminal.err('No rows.\n');
      if (more) cli.terminal.err(`There are more rows than ${options.limit}: --limit\n`);
    });
}

interface Answer {
  columns: string[];
  rows: unknown[][];
  more: boolean;
}

/** The styles in which the driver reads values; what else the role has as its defaults applies to the query. */
const READABLE = 'set local datestyle = iso; set local bytea_output = hex; set local extra_float_digits = 1';

async function ask(cli: Cli, query: string, { timeout, limit }: SqlOptions): Promise<Answer> {
  let session: QuerySession | undefined;
  try {
    session = await cli.host.openQuery(timeout);
    if (session.notice !== undefined) cli.terminal.err(`${session.notice}\n`);
    await session.sql.unsafe(`begin read only; set local statement_timeout = ${timeout * 1000}; ${READABLE}`);
    const answer = await read(session.sql, query, limit);
    // What a read-only transaction lets through (a notification, a large object before version 16) is not to last either.
    await session.sql`rollback`;
    return answer;
  } catch (error) {
    throw await refused(error, session);
  } finally {
    await session?.close();
  }
}

async function read(sql: Sql, query: string, limit: number): Promise<Answer> {
  // As a prepared statement, Postgres refuses more than one command in it.
  const pending = sql.unsafe(query, [], { simple: false } as never).values();
  const rows: unknown[][] = [];
  let columns: string[] = [];
  let more = false;
  try {
    const result: object = await pending.forEach((row, result) => {
      columns = namesOf(result.columns);
      if (rows.length < limit) rows.push(row as unknown as unknown[]);
      else if (!more) {
        more = true;
        pending.cancel();
      }
    });
    // The driver gives the data of a COPY as a stream.
    if ('pipe' in result)
      throw new CliError(EXIT.refused, 'COPY is not for this command: ask with select, and --json.');
    return { columns: namesOf((result as RowList).columns), rows, more };
  } catch (error) {
    if (!more) throw error;
    return { columns, rows, more };
  }
}

interface RowList {
  columns?: readonly { name: string }[];
}

/** A command that gives no rows has no columns. */
function namesOf(columns: RowList['columns']): string[] {
  return (columns ?? []).map(({ name }) => name);
}

/** The words of Postgres, with its code. The URL, which has the password, is in none of them. */
async function refused(error: unknown, session: QuerySession | undefined): Promise<CliError> {
  if (error instanceof CliError) return error;
  const { code, message, position } = error as { code?: string; message?: string; position?: string };
  const ended = session?.ended();
  if (ended !== undefined)
    return new CliError(EXIT.error, `The query was stopped: ${ended}.`, { code: 'QUERY_ENDED' }, error);
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code)) {
    return new CliError(
      EXIT.unreachable,
      `The database does not answer: ${message || code || String(error)}.`,
      { code: 'DATABASE_UNAVAILABLE' },
      error,
    );
  }
  const help = await hintFor(error as Refusal, session);
  const where = position === undefined ? '' : ` (at character ${position})`;
  const facts = { code, ...(position === undefined ? {} : { position: Number(position) }) };
  return new CliError(
    code === '25006' || code === '42501' ? EXIT.refused : EXIT.error,
    `Postgres: ${message}${where}${help ? `\nHint: ${help}` : ''}`,
    facts,
    error,
  );
}

interface Refusal {
  code: string;
  message: string;
  hint?: string;
}

async function hintFor(
  { code, message, hint }: Refusal,
  session: QuerySession | undefined,
): Promise<string | undefined> {
  if (code === '42P01' && message.includes('durachart.'))
    return 'The engine has no tables here yet, or none of this name: run `durachart migrate`.';
  if (code !== '42501') return hint;
  const views = await viewsOf(session).catch(() => []);
  if (views.length === 0)
    return 'The role durachart_reader, as which queries run, sees no views here yet: run `durachart migrate`.';
  if (!/\b(table|view|sequence|relation)\b/.test(message)) return hint;
  return `Queries read the views and not the tables. There are, in the schema durachart: ${views.join(', ')} (docs/sql.md).`;
}

/** The views that a query may read. */
async function viewsOf(session: QuerySession | undefined): Promise<string[]> {
  if (session === undefined) return [];
  await session.sql`rollback`;
  const rows = await session.sql<{ name: string }[]>`
    select c.relname as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'durachart' and c.relkind = 'v' and has_table_privilege(c.oid, 'select') order by 1`;
  return rows.map(({ name }) => name);
}

function cellOf(value: unknown): Cell {
  if (value === null) return { text: 'null', color: 'dim' };
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  return plain(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

/** Postgres' bigint and numeric come as text. */
function isNumber(value: unknown): boolean {
  return value === null || typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value));
}
