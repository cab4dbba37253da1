import { Option, type Command } from 'commander';
import { apiCommand, collect, wholeNumber, type Cli, type CommonOptions } from './command.ts';
import { CliError, EXIT } from './exit.ts';
import { parseJson, readJson } from './input.ts';
import { plain } from './text.ts';
import { watchInstance } from './watch.ts';

interface StartOptions extends CommonOptions {
  input?: string;
  inputFile?: string;
  id?: string;
  key?: string;
  tag?: string[];
  tenant?: string;
  priority?: number;
  at?: string;
  wait?: true;
}

export function addStart(program: Command, cli: Cli): void {
  apiCommand(program, 'start <workflow>', 'start an instance')
    .addOption(new Option('--input <json>', 'input as JSON').conflicts('inputFile'))
    .option('--input-file <file>', 'input from a JSON file; - for standard input')
    .option('--id <id>', 'id of the instance (default: a new ULID)')
    .addOption(
      new Option('--key <key>', 'idempotency key: the same key and input give the same instance').conflicts('id'),
    )
    .option('--tag <tag>', 'tag to find it by; may be repeated', collect)
    .option('--tenant <tenant>', 'whose it is')
    .option('--priority <0-9>', 'higher ones are taken first (default: 5)', wholeNumber(0, 9))
    .option('--at <time>', 'not before this time, like 2026-01-31T12:00:00Z')
    .option('--wait', 'show what it does until it ends, then print its output')
    .addHelpText(
      'after',
      '\nExample:\n  durachart start video-processing --input \'{"source":{"path":"talk.mp4"}}\' --wait',
    )
    .action(async (workflow: string, options: StartOptions) => {
      const client = cli.client(options);
      const input = await inputOf(options, cli);
      const { id, tenant, tag: tags, priority, at } = options;
      const started = await client.start(
        workflow,
        {
          ...(input === undefined ? {} : { input }),
          ...(id === undefined ? {} : { id }),
          ...(tenant === undefined ? {} : { tenant }),
          ...(tags === undefined ? {} : { tags }),
          ...(priority === undefined ? {} : { priority }),
          ...(at === undefined ? {} : { startAt: isoTime(at) }),
        },
        options.key,
      );
      if (options.wait) return watchInstance(cli, client, started.id, { json: options.json, output: true });
      if (options.json) return cli.json(started);
      cli.terminal.out(
        `${started.created ? 'started' : 'already there:'} ${plain(started.workflow)} ${plain(started.id)}\n`,
      );
    });
}

function inputOf({ input, inputFile }: StartOptions, cli: Cli): unknown {
  if (inputFile !== undefined) return readJson(inputFile, cli.terminal);
  if (input === '-') return readJson('-', cli.terminal);
  return input === undefined ? undefined : parseJson(input, '--input');
}

function isoTime(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime()))
    throw new CliError(EXIT.usage, `--at ${JSON.stringify(text)} is no time. Write it like 2026-01-31T12:00:00Z.`);
  return time.toISOString();
}
