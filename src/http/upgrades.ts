import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import { closeWith } from './close-with.ts';
import { Problem } from './problem.ts';
import { isWebSocketPath } from './stately/routes.ts';

/** A WebSocket that is asked for is open by then, or its connection is closed. */
const OPEN_MS = 20_000;

type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * Whether a request asks for a WebSocket that there is. All others are plain requests whatever they would like to speak, as
 * RFC 9110 has it; an upgraded connection has none of Node's deadlines any more.
 */
export function isKnownUpgrade({ method, headers, url }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && isWebSocketPath(pathOf(url ?? ''));
}

/** A request may have the whole address in its first line. */
function pathOf(url: string): string {
  const target = url.startsWith('/') ? `http://localhost${url}` : url;
  return URL.canParse(target) ? new URL(target).pathname : '';
}

/**
 * Takes care that each connection that asks for an upgrade is answered, and closed where it does not become a WebSocket.
 * @param count counts an open WebSocket; undefined: there are as many as there may be
 */
export function guardUpgrades(server: Server, sockets: WebSocketServer, count: () => (() => void) | undefined): void {
  const [upgrade] = server.listeners('upgrade') as OnUpgrade[];
  // Hono's answers only where it is the one listener.
  server.removeAllListeners('upgrade');
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    // Node before 22.21 and 24.9 asks nobody whether an upgrade is known.
    if (!isKnownUpgrade(request)) {
      closeWith(
        socket,
        new Problem('UPGRADE_REQUIRED', 'The server speaks HTTP/1.1 only; send the request without Upgrade.', {
          headers: { upgrade: 'websocket' },
        }),
      );
      return;
    }
    const release = count();
    if (release === undefined) {
      closeWith(socket, new Problem('TOO_MANY_STREAMS', 'As many streams are open as there may be.'));
      return;
    }
    let isOpen = false;
    const opened = (_: unknown, of: IncomingMessage): void => {
      if (of === request) isOpen = true;
    };
    sockets.on('connection', opened);
    const late = setTimeout(() => {
      if (!isOpen) socket.destroy();
    }, OPEN_MS);
    // The client may keep its side open for ever.
    socket.once('finish', () => {
      if (!isOpen) socket.destroy();
    });
    socket.once('close', () => {
      release();
      clearTimeout(late);
      sockets.off('connection', opened);
    });
    upgrade?.(request, socket, head);
  });
}
