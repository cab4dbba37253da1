import { once } from 'node:events';
import type { Command } from 'commander';
import { WebSocket } from 'ws';
import { apiCommand, type Cli, type CommonOptions } from './command.ts';
import { CliError, EXIT } from './exit.ts';

interface StatelyOptions extends CommonOptions {
  to: string;
}

/** More than that on its way to the relay, and no more is read. */
const FULL_BYTES = 1_000_000;

export function addStately(program: Command, cli: Cli): void {
  apiCommand(program, 'stately [id]', 'Show an instance, or all from now on, in Stately’s inspector')
    .option('--to <address>', 'WebSocket of its relay', 'ws://localhost:8080')
    .addHelpText(
      'after',
      `
The relay and the page are those of @statelyai/inspect; the page is loaded from stately.ai:
  npm install @statelyai/inspect
  node -e "import('@statelyai/inspect/server').then((s) => s.createInspectorServer())"`,
    )
    .action(async (id: string | undefined, options: StatelyOptions) => {
      const to = await opened(new WebSocket(options.to), `The relay of Stately’s inspector at ${options.to}`);
      const client = cli.client(options);
      const from = client.socket(id === undefined ? '/stately' : `/instances/${encodeURIComponent(id)}/stately`);
      let count = 0;
      from.on('message', (data) => {
        count++;
        to.send(String(data), () => {
          if (to.bufferedAmount < FULL_BYTES) from.resume();
        });
        if (to.bufferedAmount >= FULL_BYTES) from.pause();
      });
      to.on('close', () => from.close());
      await opened(from, `The API at ${client.url}`);
      cli.terminal.err(`Stately’s inspector watches ${id ?? 'all instances'} …\n`);
      const [code, reason] = (await once(from, 'close')) as [number, Buffer];
      to.close();
      if (to.readyState !== WebSocket.CLOSED) await once(to, 'close');
      if (code === 1000) cli.terminal.err(`${count} messages; it has ended.\n`);
      else if (code !== 1005) throw new CliError(EXIT.unreachable, `The connection ended: ${String(reason) || code}`);
    });
}

async function opened(socket: WebSocket, what: string): Promise<WebSocket> {
  try {
    await once(socket, 'open');
    return socket;
  } catch (error) {
    const { message } = error as Error;
    const status = Number(/Unexpected server response: (\d+)/.exec(message)?.[1]);
    if (status === 404) throw new CliError(EXIT.notFound, 'There is no such instance.');
    throw new CliError(
      status === 401 ? EXIT.refused : EXIT.unreachable,
      status === 401
        ? `${what} asks for a token: DURACHART_API_TOKEN.`
        : `${what} does not answer: ${message || 'refused'}.`,
    );
  }
}
