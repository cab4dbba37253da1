import type { Command } from 'commander';
import type { Cli } from './command.ts';

export function addServer(program: Command, { host }: Cli): void {
  program
    .command('server')
    .summary('run the server: engine, worker and API')
    .description('Runs the server: engine, worker and API, until Ctrl-C.')
    .action(() => host.serve());
}
