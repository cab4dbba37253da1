import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { BulkBatch, BulkCount } from '../http/types.ts';
import { wholeNumber, type Cli } from './command.ts';
import { CliError, EXIT } from './exit.ts';
import { filtered, filterOf, type FilterOptions } from './filters.ts';
import { asked, move, moveCommand, type MoveOptions } from './move.ts';
import { statusColor } from './standing.ts';
import { printTable } from './table.ts';
import type { Terminal } from './terminal.ts';
import { plain } from './text.ts';

/** Options of a command that moves one instance, or all that filters find. */
export interface BulkOptions extends MoveOptions, FilterOptions {
  all?: true;
  dryRun?: true;
  yes?: true;
  batch?: number;
}

/** Begins a command that moves one instance, or all that filters find. @param name like `retry` */
export function bulkCommand(program: Command, name: string, summary: string): Command {
  const command = moveCommand(program, `${name} [id]`, `${summary}; without an id, of all that the filters find`);
  return filtered(command)
    .option('--all', 'all instances: in place of a filter')
    .option('--dry-run', 'of filters: only count what they find')
    .option('--yes', 'of filters: do it without asking')
    .option('--batch <number>', 'of filters: instances at a time, 1 to 500 (default: 100)', wholeNumber(1, 500));
}

/** Moves the instance, or asks and moves all that the filters find. @param args what the operation takes beside who and why */
export async function moveAll(
  cli: Cli,
  id: string | undefined,
  operation: string,
  args: object,
  options: BulkOptions,
): Promise<void> {
  const filter = filterOf(options);
  const { all, dryRun, batch, json, yes, key = randomUUID(), wait } = options;
  const wantsMany = Object.keys(filter).length > 0 || all === true;
  if (id !== undefined) {
    if (wantsMany || dryRun) throw new CliError(EXIT.usage, 'Give the id of one instance, or filters, not both.');
    return move(cli, id, operation, args, options);
  }
  if (!wantsMany)
    throw new CliError(EXIT.usage, `Which instances? ${operation} takes an id, filters like --workflow, or --all.`);

  const { terminal } = cli;
  const client = cli.client(options);
  const body = { ...asked(options), request: { operation, ...args }, filter, ...(all ? { all } : {}) };
  const count = await client.countBulk(body);
  if (dryRun && json) return cli.json(count);
  if (!json) printCount(terminal, count);
  if (dryRun || count.matched === 0) return json ? cli.json({ ...NOTHING, key }) : undefined;
  if (!yes && !(await confirmed(terminal, operation, count))) return terminal.err('Nothing was done.\n');

  terminal.err(`If this is interrupted, the same command with --key ${plain(key)} goes on; nothing is done twice.\n`);
  const total = { ...NOTHING, key, refused: [] as BulkBatch['refused'] };
  for (let cursor: string | null = null; ;) {
    const page = { ...(batch === undefined ? {} : { limit: batch }), ...(cursor === null ? {} : { cursor }) };
    const done: BulkBatch = await client.bulk({ ...body, ...page }, { key, wait });
    total.matched += done.matched;
    total.applied += done.applied;
    total.requested += done.requested;
    total.refused.push(...done.refused);
    if (!json) terminal.err(`${words(operation, total)}\n`);
    cursor = done.next;
    if (cursor === null) break;
  }
  if (json) cli.json(total);
  else printRefused(terminal, total.refused);
  const none = total.applied + total.requested === 0;
  if (none && total.refused.length > 0) throw new CliError(EXIT.refused, '');
}

const NOTHING = { matched: 0, applied: 0, requested: 0, refused: [] as BulkBatch['refused'] };

/** `retry: 198 of 250 instances, 2 asked for, 50 refused` */
function words(operation: string, { matched, applied, requested, refused }: Omit<BulkBatch, 'key' | 'next'>): string {
  const more = [
    ...(requested === 0 ? [] : [`${requested} asked for`]),
    ...(refused.length === 0 ? [] : [`${refused.length} refused`]),
  ];
  return [`${operation}: ${applied} of ${instances(matched)}`, ...more].join(', ');
}

async function confirmed(terminal: Terminal, operation: string, { matched, more }: BulkCount): Promise<boolean> {
  const question = `${operation} ${more ? 'more than ' : ''}${instances(matched)}?`;
  const answer = await terminal.confirm(question);
  if (answer === undefined)
    throw new CliError(EXIT.usage, `There is no terminal to ask on: say --yes to ${question.slice(0, -1)}.`);
  return answer;
}

function printCount(terminal: Terminal, { matched, more, sampled, states }: BulkCount): void {
  if (matched === 0) return terminal.out('No instances.\n');
  const looked = sampled < matched ? `; of the newest ${sampled}:` : ':';
  terminal.out(`${more ? 'more than ' : ''}${instances(matched)}${looked}\n`);
  printTable(
    terminal,
    [
      { title: 'WORKFLOW', shrink: 8 },
      { title: 'STATUS' },
      { title: 'STATE', shrink: 10 },
      { title: 'INSTANCES', align: 'right' },
      { title: 'LEGAL', align: 'right' },
      { title: 'REFUSED', shrink: 12 },
    ],
    states.map((place) => [
      place.workflow,
      { text: place.status, color: statusColor(place.status) },
      place.state,
      String(place.sampled),
      String(place.legal),
      Object.entries(place.refused)
        .map(([code, number]) => `${number} ${code}`)
        .join(', '),
    ]),
  );
}

function printRefused(terminal: Terminal, refused: BulkBatch['refused']): void {
  if (refused.length === 0) return;
  const byCode = [...Map.groupBy(refused, ({ code }) => code)].toSorted(([, a], [, b]) => b.length - a.length);
  terminal.out('\n');
  printTable(
    terminal,
    [{ title: 'REFUSED', align: 'right' }, { title: 'CODE' }, { title: 'FOR EXAMPLE', shrink: 20 }],
    byCode.map(([code, [first, ...others]]) => [
      String(1 + others.length),
      { text: code, color: 'red' },
      `${first?.id}: ${first?.reason}`,
    ]),
  );
}

function instances(number: number): string {
  return `${number} instance${number === 1 ? '' : 's'}`;
}
