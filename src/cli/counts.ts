import { Option, type Command } from 'commander';
import { apiCommand, STATUSES, type Cli, type CommonOptions } from './command.ts';
import { statusColor } from './standing.ts';
import { printTable } from './table.ts';

interface CountsOptions extends CommonOptions {
  workflow?: string;
  status?: string;
  state?: string;
}

export function addCounts(program: Command, cli: Cli): void {
  apiCommand(program, 'counts', 'count the instances by workflow, status and state')
    .option('--workflow <name>', 'of this workflow')
    .addOption(new Option('--status <status>', 'with this status').choices(STATUSES))
    .option('--state <state>', 'in this state')
    .action(async ({ json, url, ...filters }: CountsOptions) => {
      const { items } = await cli.client(url === undefined ? {} : { url }).counts(filters);
      if (json) return cli.json({ items });
      if (items.length === 0) return cli.terminal.out('No instances.\n');
      printTable(
        cli.terminal,
        [
          { title: 'WORKFLOW', shrink: 8 },
          { title: 'STATUS' },
          { title: 'STATE', shrink: 10 },
          { title: 'COUNT', align: 'right' },
        ],
        items.map(({ workflow, status, state, count, more }) => [
          workflow,
          { text: status, color: statusColor(status) },
          state,
          `${count.toLocaleString('en')}${more ? '+' : ''}`,
        ]),
      );
    });
}
