import { upgradeWebSocket } from '@hono/node-server';
import type { Context } from 'hono';
import type { WebSocket } from 'ws';
import { z } from '@hono/zod-openapi';
import type { Engine } from '../../engine/api.ts';
import { newApi, type Api, type HttpEnv } from '../env.ts';
import { Problem } from '../problem.ts';
import { InstanceId, problems } from '../routes.ts';
import { assertOwnPage } from '../session.ts';
import type { StatelyEvent } from './events.ts';
import { watchAll, watchInstance } from './watch.ts';

/** So often a connection is looked at: proxies cut those that are silent, and a client that is gone says nothing. */
const PING_MS = 15_000;

/** A client that does not close its side by then is cut off. */
const CLOSE_GRACE_MS = 1_000;

const DESCRIPTION =
  'A WebSocket that speaks the wire format of `@statelyai/inspect` 0.7: `createWebSocketReceiver({ server })` reads it. Where the API has a token, a client that can send no header gives it as the password in the address: `ws://:token@host/…`. Nothing is read from the client.';

/** Whether a path is that of a WebSocket. */
export function isWebSocketPath(path: string): boolean {
  return path === '/stately' || /^\/instances\/[^/]+\/stately$/.test(path);
}

/** Stately's inspector may watch too. */
export function stately(): Api {
  const api = newApi();
  const paths = [
    [
      '/instances/{id}/stately',
      'Watch an instance with Stately’s inspector: its history, then what happens',
      InstanceId,
    ],
    ['/stately', 'Watch all instances with Stately’s inspector, from now on', z.object({})],
  ] as const;
  for (const [path, summary, params] of paths) {
    api.openAPIRegistry.registerPath({
      method: 'get',
      path,
      summary,
      description: DESCRIPTION,
      request: { params },
      responses: { 101: { description: 'The WebSocket is open' }, ...problems(404, 426) },
    });
  }
  api.get('/instances/:id/stately', async (c) => {
    const id = c.req.param('id');
    assertUpgrade(c);
    // While there still is a status to answer with.
    await c.var.engine.get(id);
    return open(c, async (watch) => watchInstance(watch, id));
  });
  api.get('/stately', async (c) => {
    assertUpgrade(c);
    return open(c, watchAll);
  });
  return api;
}

/** A page of another site may open a WebSocket here, with this browser's cookie, and read it: the Origin tells. */
function assertUpgrade(c: Context<HttpEnv>): void {
  if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
    throw new Problem('UPGRADE_REQUIRED', 'This address speaks WebSocket only.', { headers: { upgrade: 'websocket' } });
  }
  assertOwnPage(c);
}

async function open(
  c: Context<HttpEnv>,
  run: (watch: { engine: Engine; send: (event: StatelyEvent) => Promise<void>; signal: AbortSignal }) => Promise<void>,
): Promise<Response> {
  const { engine, log, requestId } = c.var;
  const stopping = c.env?.stopping;
  const gone = new AbortController();
  const signal = AbortSignal.any([gone.signal, ...(stopping === undefined ? [] : [stopping])]);
  return upgradeWebSocket(c, {
    onOpen: (_, { raw }) => {
      // The server of the WebSockets is one of `ws`.
      const socket = raw as WebSocket;
      let isAlive = true;
      socket.on('pong', () => (isAlive = true));
      const ping = setInterval(() => {
        if (!isAlive) return socket.terminate();
        isAlive = false;
        socket.ping();
      }, PING_MS);
      const end = (): void => {
        clearInterval(ping);
        socket.close(1001, 'The server is stopping.');
        setTimeout(() => socket.terminate(), CLOSE_GRACE_MS).unref();
      };
      if (signal.aborted) end();
      else signal.addEventListener('abort', end);
      const send = async (event: StatelyEvent): Promise<void> =>
        new Promise((resolve) => {
          socket.send(JSON.stringify(event), () => resolve());
        });
      run({ engine, send, signal }).then(
        () => {
          socket.close(1000, 'It has ended.');
          gone.abort();
        },
        (error: unknown) => {
          if (!signal.aborted) log.error({ err: error, requestId }, 'a WebSocket failed');
          socket.close(1011, 'Something went wrong in the server.');
          gone.abort();
        },
      );
    },
    onClose: () => gone.abort(),
    onError: () => gone.abort(),
  });
}
