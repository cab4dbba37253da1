import { Option, type Command } from 'commander';
import { apiCommand, wholeNumber, type Cli, type CommonOptions } from './command.ts';
import { CliError, EXIT } from './exit.ts';
import { parseJson, readJson } from './input.ts';
import { printTable } from './table.ts';
import { plain, relative, safeJson } from './text.ts';

interface PublishOptions extends CommonOptions {
  payload?: string;
  payloadFile?: string;
  key?: string;
}

export function addPublish(program: Command, cli: Cli): void {
  apiCommand(program, 'publish <event>', 'publish an event: start and reach all who subscribe to it')
    .addOption(new Option('--payload <json>', 'what the event carries, as JSON').conflicts('payloadFile'))
    .option('--payload-file <file>', 'the same from a JSON file; - for standard input')
    .option('--key <key>', 'published again with the same key, it is the same event')
    .addHelpText('after', `\nExample:\n  durachart publish user.created --payload '{"userId":"42"}' --key signup-42`)
    .action(async (name: string, options: PublishOptions) => {
      const payload = await payloadOf(options, cli);
      const event = await cli.client(options).publish(name, payload, options.key);
      if (options.json) cli.json(event);
      else {
        const { id, duplicate, started, reached } = event;
        cli.terminal.out(
          duplicate
            ? `already published with this key, as event ${id}: nothing happened again\n`
            : `published ${plain(name)} as event ${id}: ${count(started.length, 'instance')} started, ${reached} reached\n`,
        );
        for (const instance of started) cli.terminal.out(`  started ${plain(instance)}\n`);
      }
      const [problem] = event.problems;
      if (problem !== undefined && !event.duplicate)
        throw new CliError(EXIT.error, `${problem.workflow} could not take it: ${problem.message}`, {
          code: problem.code,
        });
    });
}

interface PublishedOptions extends CommonOptions {
  name?: string;
  limit?: number;
  cursor?: string;
}

export function addPublished(program: Command, cli: Cli): void {
  apiCommand(program, 'published', 'published events, newest first, and what came of them')
    .option('--name <event>', 'of this name only')
    .option('--limit <number>', 'how many (default: 50)', wholeNumber(1, 500))
    .option('--cursor <cursor>', 'go on after a page')
    .action(async ({ name, limit, cursor, ...options }: PublishedOptions) => {
      const page = await cli.client(options).published({
        ...(name === undefined ? {} : { name }),
        ...(limit === undefined ? {} : { limit: String(limit) }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      if (options.json) return cli.json(page);
      if (page.items.length === 0) return cli.terminal.out('No events.\n');
      const now = cli.terminal.now();
      printTable(
        cli.terminal,
        [
          { title: 'ID', align: 'right' },
          { title: 'EVENT', shrink: 12 },
          { title: 'PUBLISHED' },
          { title: 'STARTED', align: 'right' },
          { title: 'REACHED', align: 'right' },
          { title: '' },
          { title: 'KEY', shrink: 8 },
          { title: 'PAYLOAD', shrink: 10 },
        ],
        page.items.map(({ id, name: event, publishedAt, deliveredAt, started, reached, problems, key, payload }) => [
          String(id),
          event,
          relative(publishedAt, now),
          String(started.length),
          String(reached),
          problems.length > 0
            ? { text: count(problems.length, 'problem'), color: 'red' }
            : deliveredAt === null
              ? { text: 'under way', color: 'yellow' }
              : '',
          key ?? '',
          safeJson(payload),
        ]),
      );
      if (page.next !== null) cli.terminal.out(`\nmore: --cursor ${page.next}\n`);
    });
}

function payloadOf({ payload, payloadFile }: PublishOptions, cli: Cli): unknown {
  const file = payload === '-' ? '-' : payloadFile;
  if (file !== undefined) return readJson(file, cli.terminal);
  return payload === undefined ? {} : parseJson(payload, '--payload');
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
