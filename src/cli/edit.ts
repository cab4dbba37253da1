import type { Command } from 'commander';
import { bulkCommand, moveAll, type BulkOptions } from './bulk.ts';
import type { Cli } from './command.ts';
import { jsonOption } from './input.ts';

export function addEdit(program: Command, cli: Cli): void {
  bulkCommand(program, 'edit', 'change the context of an instance, while nothing is in flight')
    .requiredOption('--patch <json>', 'JSON Patch (RFC 6902); @file or - for standard input')
    .addHelpText(
      'after',
      '\nExample:\n  durachart edit job-1 --patch \'[{"op":"replace","path":"/job/title","value":"Long jobs"}]\' --why "a typo"',
    )
    .action(async (id: string | undefined, { patch, ...options }: BulkOptions & { patch: string }) =>
      moveAll(cli, id, 'edit', { patch: await jsonOption(patch, '--patch', cli.terminal) }, options),
    );
}
