import type { Command } from 'commander';
import { bulkCommand, moveAll, type BulkOptions } from './bulk.ts';
import type { Cli } from './command.ts';

export function addResume(program: Command, cli: Cli): void {
  bulkCommand(program, 'resume', 'take up an instance that failed, is paused, or left its way by an error').action(
    async (id: string | undefined, options: BulkOptions) => moveAll(cli, id, 'resume', {}, options),
  );
}
