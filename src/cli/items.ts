import { Option, type Command } from 'commander';
import type { StepDetail } from '../http/types.ts';
import { apiCommand, type Cli, type CommonOptions } from './command.ts';
import { CliError, EXIT } from './exit.ts';
import { itemIndex, STEP_COLORS } from './standing.ts';
import { printTable } from './table.ts';
import { duration } from './text.ts';

interface ItemsOptions extends CommonOptions {
  step?: string;
  status?: string;
  limit?: string;
  cursor?: string;
}

export function addItems(program: Command, cli: Cli): void {
  apiCommand(program, 'items <id>', 'list the items of a fan-out, in order of their index')
    .option('--step <step>', 'its step, or its key; by default the newest fan-out of the instance')
    .addOption(new Option('--status <status>', 'items with this status').choices(Object.keys(STEP_COLORS)))
    .option('--limit <count>', 'at most so many, up to 500', '50')
    .option('--cursor <index>', 'from this index on')
    .action(async (id: string, { step, status, limit, cursor, ...options }: ItemsOptions) => {
      const client = cli.client(options);
      const fanOut = step ?? (await client.steps(id)).items.findLast(({ kind }) => kind === 'fan-out')?.key;
      if (fanOut === undefined)
        throw new CliError(EXIT.notFound, `Instance ${id} has no fan-out.`, { code: 'FAN_OUT_NOT_FOUND' });
      const page = await client.items(id, fanOut, { status, limit, cursor });
      if (options.json) return cli.json(page);
      printItems(cli, page.items);
      if (page.next !== null) cli.terminal.err(`more: --cursor ${page.next}\n`);
    });
}

function printItems({ terminal }: Cli, items: readonly StepDetail[]): void {
  const now = terminal.now().getTime();
  const took = ({ startedAt, finishedAt }: StepDetail): string =>
    startedAt === null ? '' : duration((finishedAt === null ? now : Date.parse(finishedAt)) - Date.parse(startedAt));
  printTable(
    terminal,
    [
      { title: 'ITEM', align: 'right' },
      { title: 'STATUS' },
      { title: 'ATTEMPT' },
      { title: 'TOOK', align: 'right' },
      { title: 'ERROR', shrink: 12 },
      { title: 'MESSAGE', shrink: 10 },
    ],
    items.map((item) => [
      String(itemIndex(item.key)),
      { text: item.status, color: STEP_COLORS[item.status] },
      `${item.attempt} of ${item.maxAttempts}`,
      took(item),
      { text: item.errorCode ?? '', color: 'red' },
      item.error?.reason ?? item.error?.message ?? item.message ?? '',
    ]),
  );
}
