import type { Command } from 'commander';
import { apiCommand, type Cli, type CommonOptions } from './command.ts';
import { plain } from './text.ts';

export function addRetry(program: Command, cli: Cli): void {
  apiCommand(program, 'retry <id>', 'give the failed step of a failed instance fresh attempts').action(
    async (id: string, options: CommonOptions) => {
      const instance = await cli.client(options).retry(id);
      if (options.json) return cli.json(instance);
      cli.terminal.out(`${plain(instance.id)} is tried again\n`);
    },
  );
}
