import type { Command } from 'commander';
import { bulkCommand, moveAll, type BulkOptions } from './bulk.ts';
import type { Cli } from './command.ts';

export function addCancel(program: Command, cli: Cli): void {
  bulkCommand(program, 'cancel', 'end an instance and what it started')
    .option('--force', "not by the machine's own cancel event")
    .action(async (id: string | undefined, options: BulkOptions & { force?: true }) =>
      moveAll(cli, id, 'cancel', options.force === undefined ? {} : { force: true }, options),
    );
}
