import type { Command } from 'commander';
import { apiCommand, wholeNumber, type Cli } from './command.ts';
import { readJson } from './input.ts';
import { asked, printMove, recorded, type MoveOptions } from './move.ts';

interface ImportOptions extends MoveOptions {
  id?: string;
  from?: number;
}

export function addImport(program: Command, cli: Cli): void {
  recorded(
    apiCommand(
      program,
      'import <file>',
      'make a new instance of an exported one, with its history, paused; - for standard input',
    ),
  )
    .option('--id <id>', 'id of the new instance (default: a new ULID)')
    .option(
      '--from <sequence>',
      'the transition after which it stands (default: where it stood)',
      wholeNumber(1, 2_147_483_647),
    )
    .action(async (file: string, { id, from, ...options }: ImportOptions) => {
      const document = await readJson(file, cli.terminal);
      const where = { ...(id === undefined ? {} : { id }), ...(from === undefined ? {} : { from }) };
      const done = await cli.client(options).import({ ...asked(options), ...where, document }, options.key);
      if (options.json) return cli.json(done);
      printMove(cli, done);
      if (done.instance.status === 'paused')
        cli.terminal.err(`Nothing of it runs until: durachart unpause ${done.instance.id}\n`);
    });
}
