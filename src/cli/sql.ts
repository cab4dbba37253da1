import type { Command } from 'commander';
import type { TransactionSql } from 'postgres';
import { wholeNumber, type Cli } from './command.ts';
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
    .description('Runs one query in a read-only transaction and prints the rows. Tables are in the schema durachart.')
    .option('--json', 'print JSON, for programs')
    .option('--timeout <seconds>', 'give up after so long', wholeNumber(1, 3600), 30)
    .option('--limit <rows>', 'print at most so many rows', wholeNumber(1, 1_000_000), 1000)
    .addHelpText(
      'after',
      "\nExample:\n  durachart sql 'select workflow, state, count(*) from durachart.instances group by 1, 2'",
    )
    .action(async (query: string, options: SqlOptions) => {
      const { columns, rows, more } = await ask(await cli.host.databaseUrl(), query, options);
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

async function ask(url: string, query: string, { timeout, limit }: SqlOptions): Promise<Answer> {
  const { default: postgres } = await import('postgres');
  const sql = postgres(url, {
    max: 1,
    connect_timeout: 10,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: 'durachart sql' },
  });
  let answer: Answer | undefined;
  try {
    await sql.begin('read only', async (transaction) => {
      await transaction.unsafe(`set local statement_timeout = ${timeout * 1000}; ${READABLE}`);
      answer = await read(transaction, query, limit);
    });
  } catch (error) {
    // A query that was stopped at the limit fails, after it has given what was asked for.
    if (answer === undefined) throw refused(error);
  } finally {
    await sql.end({ timeout: 0 });
  }
  return answer ?? { columns: [], rows: [], more: false };
}

async function read(transaction: TransactionSql, query: string, limit: number): Promise<Answer> {
  // As a prepared statement, Postgres refuses more than one command in it.
  const pending = transaction.unsafe(query, [], { simple: false } as never).values();
  const rows: unknown[][] = [];
  let columns: string[] = [];
  let more = false;
  try {
    const { columns: described } = await pending.forEach((row, result) => {
      columns = namesOf(result.columns);
      if (rows.length < limit) rows.push(row as unknown as unknown[]);
      else if (!more) {
        more = true;
        pending.cancel();
      }
    });
    return { columns: namesOf(described), rows, more };
  } catch (error) {
    if (!more) throw error;
    return { columns, rows, more };
  }
}

/** A command that gives no rows has no columns. */
function namesOf(columns: readonly { name: string }[] | undefined): string[] {
  return (columns ?? []).map(({ name }) => name);
}

/** The words of Postgres, with its code. The URL, which has the password, is in none of them. */
function refused(error: unknown): CliError {
  const { code, message, hint, position } = error as {
    code?: string;
    message?: string;
    hint?: string;
    position?: string;
  };
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code)) {
    return new CliError(
      EXIT.unreachable,
      `The database does not answer: ${message || code || String(error)}.`,
      { code: 'DATABASE_UNAVAILABLE' },
      error,
    );
  }
  const isMissing = code === '42P01' && message?.includes('durachart.') === true;
  const help = isMissing ? 'The engine has no tables here yet: run `durachart migrate`.' : hint;
  const where = position === undefined ? '' : ` (at character ${position})`;
  const facts = { code, ...(position === undefined ? {} : { position: Number(position) }) };
  return new CliError(
    code === '25006' ? EXIT.refused : EXIT.error,
    `Postgres: ${message}${where}${help ? `\nHint: ${help}` : ''}`,
    facts,
    error,
  );
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
