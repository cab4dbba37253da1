import { setTimeout as sleep } from 'node:timers/promises';
import type { Change } from '../http/types.ts';
import type { Client } from './client.ts';
import { CliError, EXIT } from './exit.ts';

/** A server that was there and is gone gets this long to come back. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 500;

/** What `follow` gives: changes, and how the connection is. */
export type Followed =
  | Change
  /** The stream stands; what happened before is not in it. */
  | { type: 'connected' }
  | { type: 'disconnected' };

/**
 * Follows one instance to its end, or all of them for ever. Comes back after a lost connection, to where it was.
 * @param onConnected reads what the stream does not tell; when it finds the server away, that is a lost connection too
 * @throws CliError when the first connection fails, or the server stays away for a minute
 */
export async function* follow(
  client: Client,
  id: string | undefined,
  signal: AbortSignal,
  onConnected: () => Promise<void> = async () => {},
): AsyncGenerator<Followed> {
  let after: string | undefined;
  let connected = false;
  let lost: number | undefined;
  while (!signal.aborted) {
    try {
      const response = await client.stream(id, after, signal);
      connected = true;
      await onConnected();
      lost = undefined;
      yield { type: 'connected' };
      // It has ended meanwhile, and what came last has been read.
      if (response.status === 204) return;
      for await (const event of readEvents(response)) {
        if (event.event === 'end') return;
        if (event.event === 'problem')
          throw new CliError(EXIT.error, String((event.data as { detail?: unknown }).detail));
        if (event.id !== undefined) after = event.id;
        yield event.data as Change;
      }
    } catch (error) {
      if (signal.aborted) return;
      const away = error instanceof CliError && error.exitCode === EXIT.unreachable;
      if (!away || !connected || (lost !== undefined && performance.now() - lost > PATIENCE_MS)) throw error;
    }
    if (lost === undefined) yield { type: 'disconnected' };
    lost ??= performance.now();
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
  }
}

/** The connection broke while the stream was read. */
class Cut extends CliError {
  constructor(cause: unknown) {
    super(EXIT.unreachable, 'The connection broke.', {}, cause);
  }
}

async function* readEvents(
  response: Response,
): AsyncGenerator<{ event: string; id: string | undefined; data: unknown }> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  let buffer = '';
  try {
    for (;;) {
      const { value, done } = await reader.read().catch((error: unknown) => {
        throw new Cut(error);
      });
      if (done) return;
      buffer += decoder.decode(value, { stream: true });
      const blocks = buffer.split('\n\n');
      buffer = blocks.pop() ?? '';
      for (const block of blocks) {
        const field = (name: string): string | undefined =>
          block
            .split('\n')
            .find((line) => line.startsWith(`${name}: `))
            ?.slice(name.length + 2);
        const data = field('data');
        if (data !== undefined)
          yield { event: field('event') ?? 'message', id: field('id'), data: JSON.parse(data) as unknown };
      }
    }
  } finally {
    // Whoever stops listening closes the connection.
    await reader.cancel().catch(() => {});
  }
}
