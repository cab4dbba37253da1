import type { Command } from 'commander';
import { bulkCommand, moveAll, type BulkOptions } from './bulk.ts';
import type { Cli } from './command.ts';

export function addUnpause(program: Command, cli: Cli): void {
  bulkCommand(program, 'unpause', 'let a paused instance go on').action(
    async (id: string | undefined, options: BulkOptions) => moveAll(cli, id, 'unpause', {}, options),
  );
}
