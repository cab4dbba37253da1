import type { Command } from 'commander';
import { apiCommand, type Cli, type CommonOptions } from './command.ts';
import { standing } from './standing.ts';
import { plain } from './text.ts';

export function addCancel(program: Command, cli: Cli): void {
  apiCommand(program, 'cancel <id>', 'end an instance and what it started').action(async (id: string, options: CommonOptions) => {
    const instance = await cli.client(options).cancel(id);
    if (options.json) return cli.json(instance);
    const stands = plain(standing(instance, cli.terminal.now()));
    const ended = ['done', 'failed', 'cancelled'].includes(instance.status);
    cli.terminal.out(`${plain(instance.id)} ${ended ? `is ${instance.status}` : 'is being cancelled'}: ${stands}\n`);
  });
}
