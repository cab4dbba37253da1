import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { apiCommand, type Cli, type CommonOptions } from './command.ts';
import { CliError, EXIT } from './exit.ts';
import { bytes } from './text.ts';

export function addUpload(program: Command, cli: Cli): void {
  apiCommand(program, 'upload <file>', 'upload a file; its key goes into the input of a workflow')
    .option('--name <name>', 'name to keep it by (default: that of the file)')
    .action(async (file: string, options: CommonOptions & { name?: string }) => {
      const client = cli.client(options);
      const uploaded = await client.upload(options.name ?? basename(file), await open(file));
      if (options.json) return cli.json(uploaded);
      cli.terminal.out(`${uploaded.key}\n`);
      cli.terminal.err(`${bytes(uploaded.size)}, sha256 ${uploaded.sha256}\n`);
    });
}

async function open(file: string): Promise<Blob> {
  try {
    if (!(await stat(file)).isFile()) throw new Error('it is not a file');
    return await openAsBlob(file);
  } catch (error) {
    throw new CliError(EXIT.usage, `Cannot upload ${file}: ${(error as Error).message}.`, { code: 'NO_FILE' }, error);
  }
}
