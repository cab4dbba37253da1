import type { Command } from 'commander';
import type { Operation } from '../http/types.ts';
import { apiCommand, type Cli, type CommonOptions } from './command.ts';
import { asked, recorded, type MoveOptions } from './move.ts';
import { printTable } from './table.ts';
import { plain, relative } from './text.ts';

const WORDS = {
  'pause-workflow': ['pause', 'workflow', 'move no instance of a workflow, on any worker; what runs may end'],
  'unpause-workflow': ['unpause', 'workflow', 'let a paused workflow go on'],
  'pause-queue': ['pause', 'queue', 'begin no step of a queue, on any worker; what runs may end'],
  'unpause-queue': ['unpause', 'queue', 'let a paused queue go on'],
  'pause-schedule': ['pause', 'schedule', 'start nothing by a schedule'],
  'unpause-schedule': ['unpause', 'schedule', 'let a paused schedule go on'],
} as const;

/** Commands that pause whole workflows, queues and schedules, and the list of what is paused. */
export function addPauses(program: Command, cli: Cli): void {
  for (const [name, [operation, target, words]] of Object.entries(WORDS)) {
    recorded(apiCommand(program, `${name} <name>`, words)).action(async (what: string, options: MoveOptions) => {
      const done = await cli.client(options).pause(operation, target, what, asked(options), options.key);
      if (options.json) cli.json(done);
      else cli.terminal.out(`${said(done)}\n`);
    });
  }
  apiCommand(program, 'pauses', 'the workflows, queues and schedules that are paused').action(
    async (options: CommonOptions) => {
      const { items } = await cli.client(options).pauses();
      if (options.json) return cli.json(items);
      if (items.length === 0) return cli.terminal.out('Nothing is paused.\n');
      printTable(
        cli.terminal,
        [{ title: 'PAUSED' }, { title: 'NAME' }, { title: 'BY' }, { title: 'SINCE' }, { title: 'WHY', shrink: 10 }],
        items.map(({ target, name, by, since, why }) => [
          target,
          name,
          by,
          relative(since, cli.terminal.now()),
          why ?? '',
        ]),
      );
    },
  );
}

function said({ operation, target, targetId }: Operation): string {
  return operation === 'pause'
    ? `The ${target} ${plain(targetId)} is paused.`
    : `The ${target} ${plain(targetId)} goes on.`;
}
