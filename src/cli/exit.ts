/** What the CLI ends with; scripts may rely on it. */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  notFound: 3,
  refused: 4,
  unreachable: 5,
  instanceFailed: 6,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** For --help. */
export const EXIT_HELP = `Exit codes:
  0  it worked
  1  an error
  2  wrong usage
  3  no such workflow, instance or artifact
  4  refused: wrong input, an event that the state does not take, a key used for something else, no token
  5  the API does not answer
  6  the instance failed or was cancelled (start --wait, watch)`;

/** Ends a command with an exit code; an empty message means that everything has been said. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  /** For `--json`. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(exitCode: ExitCode, message: string, facts: Record<string, unknown> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CliError';
    this.exitCode = exitCode;
    this.facts = facts;
  }
}

/** The exit code for an HTTP status. */
export function exitCodeOf(status: number): ExitCode {
  if (status === 404) return EXIT.notFound;
  if (status === 502 || status === 503 || status === 504) return EXIT.unreachable;
  if (status >= 400 && status < 500) return EXIT.refused;
  return EXIT.error;
}
