import { Option, type Command } from 'commander';
import type { InstanceSummary } from '../http/types.ts';
import type { ListQuery } from './client.ts';
import { apiCommand, wholeNumber, type Cli, type CommonOptions } from './command.ts';
import { standing, statusColor } from './standing.ts';
import { printTable } from './table.ts';
import { relative } from './text.ts';

/** A line of fewer characters leaves out what is least asked for. */
const ROOMY = 110;

interface ListOptions extends CommonOptions {
  workflow?: string;
  status?: string;
  state?: string;
  tag?: string;
  tenant?: string;
  parent?: string;
  limit: number;
  cursor?: string;
}

export function addList(program: Command, cli: Cli): void {
  apiCommand(program, 'list', 'list instances, newest first')
    .option('--workflow <name>', 'of this workflow')
    .addOption(
      new Option('--status <status>', 'with this status').choices([
        'scheduled',
        'running',
        'waiting',
        'done',
        'failed',
        'cancelled',
      ]),
    )
    .option('--state <state>', 'in this state, like VALIDATED')
    .option('--tag <tag>', 'with this tag')
    .option('--tenant <tenant>', 'of this tenant')
    .option('--parent <id>', 'started by this instance')
    .option('--limit <number>', 'at most so many, 1 to 500', wholeNumber(1, 500), 50)
    .option('--cursor <cursor>', 'the page that a page before ended with')
    .action(async ({ json, url, parent, limit, ...filters }: ListOptions) => {
      const query: ListQuery = {
        ...filters,
        limit: String(limit),
        ...(parent === undefined ? {} : { parentId: parent }),
      };
      const page = await cli.client(url === undefined ? {} : { url }).list(query);
      if (json) return cli.json(page);
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
