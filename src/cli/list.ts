import type { Command } from 'commander';
import type { InstanceSummary } from '../http/types.ts';
import { apiCommand, wholeNumber, type Cli, type CommonOptions } from './command.ts';
import { filtered, filterOf, type FilterOptions } from './filters.ts';
import { standing, statusColor } from './standing.ts';
import { printTable } from './table.ts';
import { relative } from './text.ts';

/** A line of fewer characters leaves out what is least asked for. */
const ROOMY = 110;

interface ListOptions extends CommonOptions, FilterOptions {
  limit: number;
  cursor?: string;
}

export function addList(program: Command, cli: Cli): void {
  filtered(apiCommand(program, 'list', 'list instances, newest first'))
    .option('--limit <number>', 'at most so many, 1 to 500', wholeNumber(1, 500), 50)
    .option('--cursor <cursor>', 'the page that a page before ended with')
    .action(async ({ limit, cursor, ...options }: ListOptions) => {
      const query = { ...filterOf(options), limit: String(limit), ...(cursor === undefined ? {} : { cursor }) };
      const page = await cli.client(options).list(query);
      if (options.json) return cli.json(page);
      if (page.items.length === 0) return cli.terminal.out('No instances.\n');
      printInstances(cli, page.items);
      if (page.next !== null) cli.terminal.err(`There are more: --cursor ${page.next}\n`);
    });
}

function printInstances({ terminal }: Cli, instances: readonly InstanceSummary[]): void {
  const now = terminal.now();
  const wide = (terminal.columns() ?? Infinity) >= ROOMY;
  printTable(
    terminal,
    [
      { title: 'ID' },
      { title: 'WORKFLOW', shrink: 8 },
      { title: 'STATUS' },
      { title: 'STATE', shrink: 10 },
      { title: 'SINCE' },
      ...(wide ? [{ title: 'STARTED' }] : []),
    ],
    instances.map((each) => [
      each.id,
      each.workflow,
      { text: each.status, color: statusColor(each.status) },
      standing(each, now),
      relative(each.updatedAt, now),
      ...(wide ? [relative(each.createdAt, now)] : []),
    ]),
  );
}
