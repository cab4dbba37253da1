import type { Command } from 'commander';
import { wholeNumber, type Cli } from './command.ts';
import { jsonOption } from './input.ts';
import { move, moveCommand, type MoveOptions } from './move.ts';

interface ForkOptions extends MoveOptions {
  from?: number;
  id?: string;
  input?: string;
  patch?: string;
}

export function addFork(program: Command, cli: Cli): void {
  moveCommand(program, 'fork <id>', 'start a new instance where another one stood, by the code as it is now')
    .option(
      '--from <sequence>',
      'the transition; 0: anew, from the start (default: the last one)',
      wholeNumber(0, 2_147_483_647),
    )
    .option('--id <id>', 'id of the new instance (default: a new ULID)')
    .option('--input <json>', 'another input; @file or - for standard input')
    .option('--patch <json>', 'JSON Patch (RFC 6902) of the context; @file or - for standard input')
    .action(async (id: string, { from, id: newId, input, patch, ...options }: ForkOptions) => {
      const json = async (text: string, name: string) => jsonOption(text, name, cli.terminal);
      await move(
        cli,
        id,
        'fork',
        {
          ...(from === undefined ? {} : { from }),
          ...(newId === undefined ? {} : { id: newId }),
          ...(input === undefined ? {} : { input: await json(input, '--input') }),
          ...(patch === undefined ? {} : { patch: await json(patch, '--patch') }),
        },
        options,
      );
    });
}
