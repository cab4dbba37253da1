import { Option, type Command } from 'commander';
import { age } from './age.ts';
import type { RetentionRequest } from './client.ts';
import { apiCommand, type Cli } from './command.ts';
import { CliError, EXIT } from './exit.ts';
import { asked, type MoveOptions } from './move.ts';

interface RetentionOptions extends Pick<MoveOptions, 'json' | 'url' | 'by' | 'why'> {
  olderThan: number;
  workflow?: string;
  state?: string;
  status?: string[];
  archive?: string;
  delete?: true;
  dryRun?: true;
}

export function addRetention(program: Command, cli: Cli): void {
  apiCommand(program, 'retention', 'remove instances that have been finished long enough')
    .requiredOption('--older-than <age>', 'that came to their end so long ago: 12h, 30d', age)
    .option('--workflow <name>', 'of this workflow')
    .option('--state <state>', 'that ended in this state')
    .addOption(
      new Option('--status <status...>', 'with one of these statuses (default: done and cancelled)').choices([
        'done',
        'cancelled',
        'failed',
      ]),
    )
    .option('--archive <folder>', 'write them to artifacts below this key first')
    .option('--delete', 'delete them without an archive')
    .option('--why <text>', 'why, for the record')
    .option('--by <name>', 'who, for the record (default: the user of this machine)')
    .option('--dry-run', 'remove nothing, and count what would go')
    .action(async ({ json, url, olderThan, dryRun, by, why, ...options }: RetentionOptions) => {
      if (!dryRun && (options.archive === undefined) === (options.delete === undefined))
        throw new CliError(EXIT.usage, 'Say either --archive <folder> or --delete; --dry-run only counts.');
      const client = cli.client(url === undefined ? {} : { url });
      const endedBefore = new Date(cli.terminal.now().getTime() - olderThan).toISOString();
      const who = asked({ ...(by === undefined ? {} : { by }), ...(why === undefined ? {} : { why }) });
      const request = { ...options, ...who, endedBefore, ...(dryRun ? { dryRun } : {}) } as RetentionRequest;
      const total = { instances: 0, archives: [] as string[], more: false };
      do {
        const { instances, archives, more } = await client.retention(request);
        total.instances += instances;
        total.archives.push(...archives);
        total.more = more;
        if (more && !dryRun) cli.terminal.err(`${words(total.instances)} removed, there are more …\n`);
      } while (total.more && !dryRun);
      if (json) return cli.json(total);
      if (dryRun) return cli.terminal.out(`${words(total.instances, total.more)} would be removed.\n`);
      cli.terminal.out(`${words(total.instances)} removed.\n`);
      for (const key of total.archives) cli.terminal.out(`archived in ${key}\n`);
    });
}

function words(instances: number, more = false): string {
  return `${instances.toLocaleString('en')}${more ? '+' : ''} instance${instances === 1 ? '' : 's'}`;
}
