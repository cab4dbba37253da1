import type { Command } from 'commander';
import { bulkCommand, moveAll, type BulkOptions } from './bulk.ts';
import { wholeNumber, type Cli } from './command.ts';

export function addRewind(program: Command, cli: Cli): void {
  bulkCommand(program, 'rewind', 'put an instance back to where it stood after a transition')
    .requiredOption('--to <sequence>', 'number of the transition, as history shows it', wholeNumber(1, 2_147_483_647))
    .action(async (id: string | undefined, { to, ...options }: BulkOptions & { to: number }) =>
      moveAll(cli, id, 'rewind', { to }, options),
    );
}
