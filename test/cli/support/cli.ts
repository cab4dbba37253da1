import { buildCli, runCli, type CliHost } from '../../../src/cli/cli.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';

export interface Run {
  exitCode: number;
  out: string;
  err: string;
}

export interface RunOptions {
  environment?: Record<string, string>;
  stdin?: string;
  /** What whoever sits at the terminal answers; undefined: nobody does. */
  answer?: boolean;
  /** Characters on a line; undefined: no terminal. */
  columns?: number;
  colors?: boolean;
  host?: Partial<CliHost>;
  now?: Date;
  /** Called with all that has been written so far, after each piece. */
  onOutput?: (text: string) => void;
}

/** Runs a command line in this process. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  let out = '';
  let err = '';
  const heard = (): void => options.onOutput?.(out + err);
  const terminal: Terminal = {
    out: (text) => ((out += text), heard()),
    err: (text) => ((err += text), heard()),
    stdin: ReadableStream.from([Buffer.from(options.stdin ?? '')]) as unknown as AsyncIterable<Uint8Array>,
    confirm: async (question) => {
      if (options.answer !== undefined) terminal.err(`${question}\n`);
      return options.answer;
    },
    columns: () => options.columns,
    colors: options.colors ?? false,
    now: () => options.now ?? new Date(),
    environment: options.environment ?? {},
  };
  const host: CliHost = {
    serve: async () => {},
    migrate: async () => {},
    openQuery: async () => Promise.reject(new Error('There is no database.')),
    ...options.host,
  };
  const exitCode = await runCli(buildCli(host, terminal, '1.2.3'), args, terminal);
  return { exitCode, out, err };
}
