import type { Command } from 'commander';
import { bulkCommand, moveAll, type BulkOptions } from './bulk.ts';
import type { Cli } from './command.ts';

export function addPause(program: Command, cli: Cli): void {
  bulkCommand(program, 'pause', 'let nothing more begin in an instance; what runs may end').action(
    async (id: string | undefined, options: BulkOptions) => moveAll(cli, id, 'pause', {}, options),
  );
}
