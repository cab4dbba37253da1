import type { Command } from 'commander';
import type { Cli } from './command.ts';
import { plainLines } from './text.ts';

export function addMigrate(program: Command, cli: Cli): void {
  program
    .command('migrate')
    .summary('bring the database up to date')
    .description('Brings the database up to date. Safe to repeat, and from several machines at once.')
    .option('--json', 'print JSON, for programs')
    .action(async (options: { json?: true }) => {
      const message = (await cli.host.migrate()) ?? 'The database is up to date.';
      if (options.json) cli.json({ message });
      else cli.terminal.out(`${plainLines(message)}\n`);
    });
}
