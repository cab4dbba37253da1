import { Option, type Command } from 'commander';
import type { Sent, SentOutcome } from '../http/types.ts';
import { apiCommand, wholeNumber, type Cli, type CommonOptions } from './command.ts';
import { CliError, EXIT } from './exit.ts';
import { parseJson, readJson } from './input.ts';
import { printPreview } from './preview.ts';
import { plain } from './text.ts';

interface SendOptions extends CommonOptions {
  payload?: string;
  payloadFile?: string;
  key?: string;
  wait?: number;
  dryRun?: true;
}

export function addSend(program: Command, cli: Cli): void {
  apiCommand(program, 'send <id> <event>', 'send an event to an instance')
    .addOption(new Option('--payload <json>', 'what the event carries, as a JSON object').conflicts('payloadFile'))
    .option('--payload-file <file>', 'the same from a JSON file; - for standard input')
    .option('--key <key>', 'events with the same key are taken once')
    .option(
      '--wait <seconds>',
      'how long to wait until it is taken, 0 to 60 (default: not at all; exit code 4: it was ignored)',
      wholeNumber(0, 60),
    )
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
      const sent = await client.send(id, event, options);
      if (options.json) cli.json(sent);
      else cli.terminal.out(`${wordsFor(id, type, sent)}\n`);
      if ('outcome' in sent && sent.outcome === 'ignored') throw new CliError(EXIT.refused, '');
    });
}

function wordsFor(id: string, type: string, sent: Sent | SentOutcome): string {
  const said = sent.duplicate ? 'already sent with this key: nothing was sent' : `sent ${plain(type)} to ${plain(id)}`;
  if (!('outcome' in sent)) return said;
  const state = plain(sent.state);
  switch (sent.outcome) {
    case 'taken':
      return `${said}; taken by transition ${sent.sequence}, into ${state}`;
    case 'ignored':
      return `${said}; ignored: it changes nothing in ${state}`;
    case 'pending':
      return `${said}; still in the inbox, in ${state}`;
  }
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
