import type { Command } from 'commander';
import { apiCommand, type Cli, type CommonOptions } from './command.ts';
import { standing } from './standing.ts';
import { plain } from './text.ts';

export function addCancel(program: Command, cli: Cli): void {
  apiCommand(program, 'cancel <id>', 'end an instance and what it started').action(
    async (id: string, options: CommonOptions) => {
      const instance = await cli.client(options).cancel(id);
      if (options.json) return cli.json(instance);
      // An ended one stays as it is; another one ends as soon as a worker has taken the word.
      const ended = instance.finishedAt !== null;
      cli.terminal.out(
        `${plain(instance.id)} ${ended ? `is ${instance.status}: ${plain(standing(instance, cli.terminal.now()))}` : 'is being cancelled'}\n`,
      );
    },
  );
}
