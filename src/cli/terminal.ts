import { createInterface } from 'node:readline/promises';

/** Where the CLI reads from and writes to. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  stdin: AsyncIterable<Uint8Array>;
  /** Asks whoever sits there, yes or no; undefined: nobody does. */
  confirm(question: string): Promise<boolean | undefined>;
  /** Characters on a line; undefined: not a terminal, lines may be as long as they are. */
  columns(): number | undefined;
  /** Whether to send colours. */
  colors: boolean;
  now(): Date;
  environment: Readonly<Record<string, string | undefined>>;
}

/** That of this process. */
export function processTerminal(): Terminal {
  const { stdout, stderr, stdin, env } = process;
  // Whoever reads us may stop reading: `durachart list | head`.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
    });
  }
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    stdin,
    confirm: async (question) => {
      if (!stdin.isTTY || !stderr.isTTY) return undefined;
      const line = createInterface({ input: stdin, output: stderr });
      try {
        return /^y(es)?$/i.test((await line.question(`${question} [y/N] `)).trim());
      } catch {
        // Ctrl-C and Ctrl-D are a no.
        return false;
      } finally {
        line.close();
      }
    },
    columns: () => (stdout.isTTY ? stdout.columns || 80 : undefined),
    colors: stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    now: () => new Date(),
    environment: env,
  };
}

export type Color = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan';

const CODES: Readonly<Record<Color, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  cyan: [36, 39],
};

/** The text in a colour, where the terminal has any. */
export function paint(terminal: Pick<Terminal, 'colors'>, color: Color | undefined, text: string): string {
  if (!terminal.colors || color === undefined) return text;
  const [on, off] = CODES[color];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}
