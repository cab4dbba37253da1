import { Command, CommanderError } from 'commander';
import { addCancel } from './cancel.ts';
import { newCli, type CliHost } from './command.ts';
import { addCounts } from './counts.ts';
import { addEdit } from './edit.ts';
import { CliError, EXIT, EXIT_HELP, type ExitCode } from './exit.ts';
import { addExplain } from './explain.ts';
import { addExport } from './export.ts';
import { addFork } from './fork.ts';
import { addHistory } from './history.ts';
import { addImport } from './import.ts';
import { addItems } from './items.ts';
import { addList } from './list.ts';
import { addMigrate } from './migrate.ts';
import { addOperations } from './operations.ts';
import { addPause } from './pause.ts';
import { addPauses } from './pauses.ts';
import { addPublish, addPublished } from './publish.ts';
import { addReconcile } from './reconcile.ts';
import { addRetention } from './retention.ts';
import { addRetry } from './retry.ts';
import { addResume } from './resume.ts';
import { addRewind } from './rewind.ts';
import { addSchedules } from './schedules.ts';
import { addSend } from './send.ts';
import { addServer } from './server.ts';
import { addShow } from './show.ts';
import { addSkip } from './skip.ts';
import { addSql } from './sql.ts';
import { addStart } from './start.ts';
import { addStately } from './stately.ts';
import { paint, processTerminal, type Terminal } from './terminal.ts';
import { plain, plainLines, safeJson } from './text.ts';
import { addUnpause } from './unpause.ts';
import { addUpload } from './upload.ts';
import { addWatch } from './watch.ts';
import { addWorkflows } from './workflows.ts';

export type { CliHost } from './command.ts';

const ENVIRONMENT_HELP = `Environment:
  DURACHART_URL        where the API is (default: http://127.0.0.1:7370)
  DURACHART_API_TOKEN  token of the API, where it asks for one
  DATABASE_URL         the Postgres that server, migrate and sql use (default: the embedded one)
  NO_COLOR             no colours`;

/** The command `durachart`. Run it with {@link runCli}. */
export function buildCli(host: CliHost, terminal: Terminal = processTerminal(), version = '0'): Command {
  const cli = newCli(host, terminal);
  const program = new Command('durachart')
    .description('Durable statecharts: start instances of workflows, send them events, see where they stand.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      getOutHelpWidth: () => terminal.columns() ?? 100,
      getErrHelpWidth: () => terminal.columns() ?? 100,
      getOutHasColors: () => terminal.colors,
      getErrHasColors: () => terminal.colors,
    })
    .showHelpAfterError('Try --help.')
    .addHelpText('after', `\n${ENVIRONMENT_HELP}\n\n${EXIT_HELP}`);
  for (const add of [
    addServer,
    addMigrate,
    addWorkflows,
    addStart,
    addList,
    addCounts,
    addShow,
    addExplain,
    addHistory,
    addItems,
    addSend,
    addPublish,
    addPublished,
    addSchedules,
    addRetry,
    addResume,
    addSkip,
    addRewind,
    addFork,
    addEdit,
    addPause,
    addUnpause,
    addCancel,
    addOperations,
    addExport,
    addImport,
    addPauses,
    addReconcile,
    addRetention,
    addWatch,
    addStately,
    addUpload,
    addSql,
  ]) {
    add(program, cli);
  }
  return program;
}

/**
 * Runs a command line, and says what went wrong.
 * @param args without the program: `['list', '--json']`
 * @returns the exit code
 */
export async function runCli(
  program: Command,
  args: readonly string[],
  terminal: Terminal = processTerminal(),
): Promise<ExitCode> {
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const failure = failureOf(error);
    if (failure.message !== '') report(failure, args.includes('--json'), terminal);
    return failure.exitCode;
  }
}

function failureOf(error: unknown): CliError {
  if (error instanceof CliError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return new CliError(
    code === 'INVALID_CONFIG' ? EXIT.usage : EXIT.error,
    message,
    code === undefined ? {} : { code },
    error,
  );
}

function report({ message, facts, exitCode }: CliError, json: boolean, terminal: Terminal): void {
  if (json) {
    terminal.err(`${safeJson({ error: { message, exitCode, ...facts } })}\n`);
    return;
  }
  const errors = Array.isArray(facts['errors']) ? (facts['errors'] as { path: string; message: string }[]) : [];
  const listed = errors
    .map(({ path, message: wrong }) => `\n  ${plain(path === '' ? wrong : `${path}: ${wrong}`)}`)
    .join('');
  // The message lists them too, on one line.
  const text = errors.length > 0 && typeof facts['title'] === 'string' ? facts['title'] : message;
  terminal.err(`${paint(terminal, 'red', 'durachart:')} ${plainLines(text)}${listed}\n`);
}
