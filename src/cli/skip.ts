import type { Command } from 'commander';
import { bulkCommand, moveAll, type BulkOptions } from './bulk.ts';
import type { Cli } from './command.ts';
import { jsonOption } from './input.ts';

interface SkipOptions extends BulkOptions {
  step: string;
  output?: string;
}

export function addSkip(program: Command, cli: Cli): void {
  bulkCommand(program, 'skip', 'go on as if a step had given an output')
    .requiredOption('--step <key>', 'key of the step, or its name where that is clear')
    .option('--output <json>', "the output, as the step's schema wants it; @file or - for standard input")
    .action(async (id: string | undefined, { step, output, ...options }: SkipOptions) => {
      const args = {
        step,
        ...(output === undefined ? {} : { output: await jsonOption(output, '--output', cli.terminal) }),
      };
      await moveAll(cli, id, 'skip', args, options);
    });
}
