import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { apiCommand, type Cli, type CommonOptions } from './command.ts';
import { CliError, EXIT } from './exit.ts';
import { safeJson } from './text.ts';

export function addExport(program: Command, cli: Cli): void {
  apiCommand(program, 'export <id>', 'everything that is stored of an instance, as a file that import takes')
    .option('-o, --output <file>', 'where to write it (default: standard output)')
    .addHelpText('after', '\nIt holds the context, the inputs and the outputs with all that is in them.')
    .action(async (id: string, { output, ...options }: CommonOptions & { output?: string }) => {
      const document = await cli.client(options).export(id);
      const text = `${safeJson(document, 2)}\n`;
      if (output === undefined) return cli.terminal.out(text);
      try {
        // Whoever may read the database may read it.
        await writeFile(output, text, { mode: 0o600 });
      } catch (error) {
        throw new CliError(
          EXIT.usage,
          `Cannot write ${output}: ${(error as Error).message}.`,
          { code: 'NO_FILE' },
          error,
        );
      }
      const { transitions, steps } = document;
      cli.terminal.err(`${output}: ${transitions.length} transitions, ${steps.length} steps\n`);
    });
}
