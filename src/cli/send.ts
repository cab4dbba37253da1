import { Option, type Command } from 'commander';
import { apiCommand, type Cli, type CommonOptions } from './command.ts';
import { CliError, EXIT } from './exit.ts';
import { parseJson, readJson } from './input.ts';
import { printPreview } from './preview.ts';
import { plain } from './text.ts';

interface SendOptions extends CommonOptions {
  payload?: string;
  payloadFile?: string;
  key?: string;
  dryRun?: true;
}

export function addSend(program: Command, cli: Cli): void {
  apiCommand(program, 'send <id> <event>', 'send an event to an instance')
    .addOption(new Option('--payload <json>', 'what the event carries, as a JSON object').conflicts('payloadFile'))
    .option('--payload-file <file>', 'the same from a JSON file; - for standard input')
    .option('--key <key>', 'events with the same key are taken once')
    .option('--dry-run', 'send nothing, and show what the event would do (exit code 4: it would not be taken)')
    .action(async (id: string, type: string, options: SendOptions) => {
      const client = cli.client(options);
      const event = { ...(await payloadOf(options, cli)), type };
      if (options.dryRun) {
        const preview = await client.preview(id, event);
        if (options.json) cli.json(preview);
        else printPreview(cli.terminal, type, preview);
        if (!preview.accepted) throw new CliError(EXIT.refused, '');
        return;
      }
      const sent = await client.send(id, event, options.key);
      if (options.json) return cli.json(sent);
      cli.terminal.out(
        sent.duplicate ? `already sent with this key: nothing was sent\n` : `sent ${plain(type)} to ${plain(id)}\n`,
      );
    });
}

async function payloadOf({ payload, payloadFile }: SendOptions, cli: Cli): Promise<Record<string, unknown>> {
  const file = payload === '-' ? '-' : payloadFile;
  const value =
    file !== undefined
      ? await readJson(file, cli.terminal)
      : payload === undefined
        ? {}
        : parseJson(payload, '--payload');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CliError(EXIT.usage, 'The payload of an event is a JSON object, like {"by":"ada"}.');
  }
  if ('type' in value)
    throw new CliError(EXIT.usage, 'The payload cannot have a field "type": that is the event itself.');
  return value as Record<string, unknown>;
}
