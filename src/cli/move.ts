import { userInfo } from 'node:os';
import type { Command } from 'commander';
import type { Operated, Operation } from '../http/types.ts';
import { apiCommand, wholeNumber, type Cli, type CommonOptions } from './command.ts';
import { standing, stepName } from './standing.ts';
import { printTable } from './table.ts';
import { plain } from './text.ts';

/** Options of every command that moves instances by hand. */
export interface MoveOptions extends CommonOptions {
  by?: string;
  why?: string;
  key?: string;
  wait?: number;
}

/** Begins a command that moves an instance: who, why, and whether again. @param usage like `retry <id>` */
export function moveCommand(program: Command, usage: string, summary: string): Command {
  return recorded(apiCommand(program, usage, summary)).option(
    '--wait <seconds>',
    'how long to wait until it is done, 0 to 60 (default: 5)',
    wholeNumber(0, 60),
  );
}

/** Options of what is recorded. */
export function recorded(command: Command): Command {
  return command
    .option('--why <text>', 'why, for the record')
    .option('--by <name>', 'who, for the record (default: the user of this machine)')
    .option('--key <key>', 'idempotency key: with the same key it is done once');
}

/** Who asks, and why, as the API takes it. */
export function asked({ by, why }: MoveOptions): { by?: string; why?: string } {
  const who = by ?? osUser();
  return { ...(who === undefined ? {} : { by: who }), ...(why === undefined ? {} : { why }) };
}

function osUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // In a container the user may have no name.
    return undefined;
  }
}

/** Moves one instance, and says what was done, from where to where. @param args what the operation takes beside who and why */
export async function move(cli: Cli, id: string, operation: string, args: object, options: MoveOptions): Promise<void> {
  const done = await cli.client(options).operate(id, operation, { ...asked(options), ...args }, options);
  if (options.json) return cli.json(done);
  printMove(cli, done);
}

/** Says what an operation did to an instance. */
export function printMove({ terminal }: Cli, { operation, instance, blocked }: Operated): void {
  const id = plain(instance.id);
  if (operation === null)
    return terminal.out(`${id} is ${instance.status}: ${plain(standing(instance, terminal.now()))}\n`);
  if (operation.status === 'requested') {
    terminal.out(
      `${id}: ${plain(operation.operation)} is asked for, as operation ${operation.id}; nobody has come to it yet\n`,
    );
    if (blocked !== null) terminal.out(`${plain(blocked.words)}\n`);
    return;
  }
  terminal.out(`${done(operation)}: ${plain(way(operation))}\n`);
  const { renewed = [], kept = [] } = (operation.result ?? {}) as { renewed?: string[]; kept?: string[] };
  if (renewed.length > 0) terminal.out(`with a new input: ${plain(renewed.join(', '))}\n`);
  if (kept.length > 0) terminal.out(`with the input that it had: ${plain(kept.join(', '))}\n`);
  printRepeats({ terminal }, operation);
}

function printRepeats({ terminal }: Pick<Cli, 'terminal'>, { repeats }: Operation): void {
  if (repeats === null || repeats.length === 0) return;
  terminal.out('\nThese have had effects since, and may run again:\n');
  printTable(
    terminal,
    [
      { title: 'STEP', shrink: 10 },
      { title: 'STATUS' },
      { title: 'ATTEMPTS', align: 'right' },
      { title: 'KEY', shrink: 10 },
    ],
    repeats.map((step) => [
      stepName({ ...step, childId: null }),
      step.status,
      step.kind === 'workflow' ? '' : String(step.attempt),
      step.key,
    ]),
  );
}

/** `rewound job-1 to transition 3` */
function done({ operation, targetId, arguments: args }: Operation): string {
  const { to, step, from } = (args ?? {}) as { to?: number; step?: string; from?: { id: string; sequence: number } };
  const id = plain(targetId);
  if (operation === 'fork' && from !== undefined)
    return `forked ${plain(from.id)}${from.sequence === 0 ? '' : ` from transition ${from.sequence}`} as ${id}`;
  if (operation === 'import' && from !== undefined) return `imported ${plain(from.id)} as ${id}`;
  if (operation === 'rewind') return `rewound ${id} to transition ${to}`;
  if (operation === 'skip') return `skipped ${plain(step ?? '')} of ${id}`;
  return `${DONE[operation] ?? plain(operation)} ${id}`;
}

const DONE: Readonly<Record<string, string>> = {
  retry: 'retried',
  resume: 'resumed',
  edit: 'edited',
  pause: 'paused',
  unpause: 'unpaused',
  cancel: 'cancelled',
};

/** Where an operation found an instance, and where it left it: `READ waiting → READ paused`. */
export function way({ before, after }: Pick<Operation, 'before' | 'after'>): string {
  return [before, after].flatMap((stand) => (stand === null ? [] : [place(stand)])).join(' → ');
}

function place({ state, status, errorCode }: NonNullable<Operation['after']>): string {
  const why = status === 'failed' && errorCode !== null ? ` ${errorCode}` : '';
  return `${state === '' ? '' : `${state} `}${status}${why}`;
}
