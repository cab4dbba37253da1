import { InvalidArgumentError, type Command } from 'commander';
import type { Sql } from 'postgres';
import { readConfig } from '../config.ts';
import { Client } from './client.ts';
import type { Terminal } from './terminal.ts';
import { safeJson } from './text.ts';

/** What the composition root gives the CLI: it knows the engine, the CLI knows the HTTP API only. */
export interface CliHost {
  /** Runs the server until it is told to stop. */
  serve(): Promise<void>;
  /** Brings the database up to date; what it returns is printed. */
  migrate(): Promise<string | void>;
  /** A session for one query of `sql`, of at most so many seconds, in the database of `DATABASE_URL`, else in the embedded one. */
  openQuery(seconds: number): Promise<QuerySession>;
}

/** What a query of `sql` runs in. */
export interface QuerySession {
  sql: Sql;
  /** What it runs as, where that may do more than read. */
  notice: string | undefined;
  /** Why the session was ended before its query was. */
  ended(): string | undefined;
  close(): Promise<void>;
}

/** Options that every command has. */
export interface CommonOptions {
  json?: true;
  url?: string;
}

/** What a command works with. */
export interface Cli {
  host: CliHost;
  terminal: Terminal;
  /** Where the API is: --url, else the environment. */
  client(options: CommonOptions): Client;
  /** Prints a value as `--json` does. */
  json(value: unknown): void;
}

export function newCli(host: CliHost, terminal: Terminal): Cli {
  return {
    host,
    terminal,
    client(options) {
      const config = readConfig(terminal.environment);
      return new Client(options.url ?? config.url, config.apiToken);
    },
    json: (value) => terminal.out(`${safeJson(value)}\n`),
  };
}

/** Begins a command that talks to the API. @param usage like `show <id>` */
export function apiCommand(program: Command, usage: string, summary: string): Command {
  return program
    .command(usage)
    .summary(summary)
    .description(`${summary}.`)
    .option('--json', 'print JSON, for programs')
    .option('--url <url>', 'where the API is (default: DURACHART_URL, else http://127.0.0.1:7370)');
}

/** For options that may be given several times. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** For options that take a whole number. */
export function wholeNumber(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return number;
  };
}

/** What an instance's status may be. */
export const STATUSES = ['scheduled', 'running', 'waiting', 'paused', 'done', 'failed', 'cancelled'] as const;
