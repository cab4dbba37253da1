import type { Command } from 'commander';
import type { Operation } from '../http/types.ts';
import { apiCommand, wholeNumber, type Cli, type CommonOptions } from './command.ts';
import { way } from './move.ts';
import { printTable, type Cell } from './table.ts';
import { relative } from './text.ts';

export function addOperations(program: Command, cli: Cli): void {
  apiCommand(program, 'operations <id>', 'show what was done to an instance by hand: who, why, and what came of it')
    .option('--limit <number>', 'at most so many, 1 to 500', wholeNumber(1, 500), 50)
    .option('--cursor <cursor>', 'the page that a page before ended with')
    .action(async (id: string, options: CommonOptions & { limit: number; cursor?: string }) => {
      const { limit, cursor } = options;
      const query = { limit: String(limit), ...(cursor === undefined ? {} : { cursor }) };
      const page = await cli.client(options).operations(id, query);
      if (options.json) return cli.json(page);
      if (page.items.length === 0) return cli.terminal.out('Nothing was done by hand.\n');
      print(cli, page.items);
      if (page.next !== null) cli.terminal.err(`There are more: --cursor ${page.next}\n`);
    });
}

function print({ terminal }: Cli, operations: readonly Operation[]): void {
  const now = terminal.now();
  printTable(
    terminal,
    [
      { title: '#', align: 'right' },
      { title: 'WHEN' },
      { title: 'WHAT', shrink: 10 },
      { title: 'WHO', shrink: 8 },
      { title: 'WHY', shrink: 10 },
      { title: 'FROM → TO', shrink: 16 },
      { title: 'OUTCOME', shrink: 12 },
    ],
    operations.map((operation) => [
      String(operation.id),
      relative(operation.requestedAt, now),
      operation.operation,
      operation.by,
      operation.why ?? '',
      operation.status === 'applied' ? way(operation) : '',
      outcome(operation),
    ]),
  );
}

function outcome({ status, code, reason }: Operation): Cell {
  if (status === 'refused') return { text: `refused: ${code} ${reason}`, color: 'red' };
  return { text: status, color: status === 'applied' ? 'green' : 'yellow' };
}
