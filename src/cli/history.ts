import type { Command } from 'commander';
import type { HistoryEntry } from '../http/types.ts';
import { apiCommand, type Cli, type CommonOptions } from './command.ts';
import { eventName } from './standing.ts';
import { printTable } from './table.ts';
import { duration } from './text.ts';

export function addHistory(program: Command, cli: Cli): void {
  apiCommand(program, 'history <id>', 'list the transitions of an instance, oldest first').action(
    async (id: string, options: CommonOptions) => {
      const client = cli.client(options);
      const items: HistoryEntry[] = [];
      let cursor: string | null = null;
      do {
        const page = await client.history(id, { limit: '500', ...(cursor === null ? {} : { cursor }) });
        items.push(...page.items);
        cursor = page.next;
      } while (cursor !== null);
      if (options.json) return cli.json({ items });
      printTable(
        cli.terminal,
        [
          { title: '#', align: 'right' },
          { title: 'AT' },
          { title: 'STATE', shrink: 10 },
          { title: 'EVENT', shrink: 10 },
          { title: 'STEP', shrink: 10 },
          { title: 'ATTEMPT', align: 'right' },
          { title: 'TOOK', align: 'right' },
          { title: 'ERROR', shrink: 8 },
        ],
        items.map(({ sequence, at, to, event, step }) => [
          String(sequence),
          at,
          to,
          eventName(event),
          step?.step ?? '',
          step === null ? '' : String(step.attempt),
          typeof step?.durationMs === 'number' ? duration(step.durationMs) : '',
          { text: step?.errorCode ?? '', color: 'red' },
        ]),
      );
    },
  );
}
