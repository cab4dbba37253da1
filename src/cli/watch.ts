import type { Command } from 'commander';
import type { HistoryEntry, Instance } from '../http/types.ts';
import type { Client } from './client.ts';
import { apiCommand, type Cli, type CommonOptions } from './command.ts';
import { CliError, EXIT } from './exit.ts';
import { follow } from './follow.ts';
import { Progress } from './progress.ts';
import { plain, plainLines, safeJson } from './text.ts';

export function addWatch(program: Command, cli: Cli): void {
  apiCommand(program, 'watch [id]', 'show what happens, as it happens')
    .description(
      'Shows what an instance has done and does, until it ends; without an id, what all of them do, until Ctrl-C. With --json: a line for each change.',
    )
    .action(async (id: string | undefined, options: CommonOptions) => {
      const client = cli.client(options);
      await (id === undefined
        ? watchAll(cli, client, options)
        : watchInstance(cli, client, id, { json: options.json, output: false }));
    });
}

/**
 * Shows one instance from its beginning to its end.
 * @param options.output prints its output, or with `json` the whole instance, to standard output, and all else to standard error
 * @throws CliError `instanceFailed`
 */
export async function watchInstance(
  cli: Cli,
  client: Client,
  id: string,
  { json, output }: { json?: true | undefined; output: boolean },
): Promise<void> {
  const { terminal } = cli;
  const progress = new Progress(terminal, true, output ? terminal.err : terminal.out);
  const quiet = json === true && output;
  let seen = 0;
  const show = (entry: HistoryEntry): void => {
    if (entry.sequence <= seen) return;
    seen = entry.sequence;
    if (!json) progress.transition(entry);
    else if (!quiet) cli.json({ type: 'transition', entry });
  };
  const listening = new AbortController();
  try {
    // A failed instance has not ended for good: it can be retried, and its stream goes on.
    let failed = false;
    let told = 0;
    /** That it goes on only when somebody sends an event; whoever watches may be the one. */
    const tellWait = ({ status, accepts, sequence }: Instance): void => {
      if (status !== 'waiting' || accepts.length === 0 || sequence === told) return;
      told = sequence;
      progress.note(`waits for ${accepts.map(plain).join(', ')}; durachart explain ${plain(id)} says why`);
    };
    const catchUp = async (): Promise<void> => {
      await showHistory(client, id, seen, show);
      const instance = await client.get(id);
      failed = instance.status === 'failed';
      if (!json) tellWait(instance);
    };
    for await (const change of follow(client, id, listening.signal, catchUp)) {
      if (change.type === 'transition') {
        show(change.entry);
        failed = change.status === 'failed';
        // Without an answer the line is left out: what follows is more important.
        const waiting = change.status === 'waiting' && !json ? await client.get(id).catch(() => undefined) : undefined;
        if (waiting !== undefined) tellWait(waiting);
      } else if (change.type === 'step') {
        if (!json) progress.step(change);
        else if (!quiet) cli.json(change);
      } else if (change.type === 'status') {
        failed = change.status === 'failed';
        if (!json) progress.status(change);
        else if (!quiet) cli.json(change);
      } else if (change.type === 'disconnected' && !json) progress.note('connection lost, trying again');
      if (failed) break;
    }
  } finally {
    listening.abort();
    progress.stop();
  }
  const instance = await client.get(id);
  if (json) cli.json(output ? instance : { type: 'end', instance });
  else printEnd(cli, progress, instance, output);
  if (instance.status !== 'done') throw new CliError(EXIT.instanceFailed, '');
}

async function showHistory(
  client: Client,
  id: string,
  after: number,
  show: (entry: HistoryEntry) => void,
): Promise<void> {
  let cursor: string | null = after === 0 ? null : String(after);
  do {
    const page = await client.history(id, { limit: '500', ...(cursor === null ? {} : { cursor }) });
    page.items.forEach(show);
    cursor = page.next;
  } while (cursor !== null);
}

async function watchAll(cli: Cli, client: Client, { json }: CommonOptions): Promise<void> {
  const progress = new Progress(cli.terminal, false);
  for await (const change of follow(client, undefined, new AbortController().signal)) {
    if (json) {
      if (change.type !== 'connected' && change.type !== 'disconnected') cli.json(change);
    } else if (change.type === 'transition') progress.transition(change.entry);
    else if (change.type === 'status') progress.status(change);
    else if (change.type === 'step') progress.step(change);
    else progress.note(change.type === 'connected' ? `watching ${plain(client.url)}` : 'connection lost, trying again');
  }
}

function printEnd({ terminal }: Cli, progress: Progress, instance: Instance, output: boolean): void {
  progress.end(instance);
  if (instance.error !== null)
    terminal.err(`${plain(instance.error.code)}: ${plainLines(instance.error.reason ?? instance.error.message)}\n`);
  if (output && instance.status === 'done') terminal.out(`${safeJson(instance.output, 2)}\n`);
}
