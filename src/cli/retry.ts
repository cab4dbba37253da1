import type { Command } from 'commander';
import { bulkCommand, moveAll, type BulkOptions } from './bulk.ts';
import type { Cli } from './command.ts';

export function addRetry(program: Command, cli: Cli): void {
  bulkCommand(program, 'retry', 'give the failed step of a failed instance fresh attempts').action(
    async (id: string | undefined, options: BulkOptions) => moveAll(cli, id, 'retry', {}, options),
  );
}
