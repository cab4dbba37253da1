import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createAdaptorServer, getRequestListener, RequestError, type WebSocketServerLike } from '@hono/node-server';
import { WebSocketServer } from 'ws';
import { DurachartError } from '../core/error.ts';
import { isSecured } from './api.ts';
import { closeWith } from './close-with.ts';
import { UPLOAD_MS, type ConnectionLimits } from './connection-limits.ts';
import { guardConnections } from './connections.ts';
import { guardsOf, type Api } from './env.ts';
import { isLoopback } from './guard.ts';
import { Problem, problemBody } from './problem.ts';
import { guardUpgrades, isKnownUpgrade } from './upgrades.ts';

/** How long requests under way may take when the server stops. */
const CLOSE_GRACE_MS = 5_000;
/** So often Node looks for headers that take too long. */
const LOOK_MS = 1_000;

export interface ServeOptions {
  /** Address to listen on. Anything but this machine's own asks for an API with a token. Default: 127.0.0.1. */
  host?: string;
  /** 0: a free one. */
  port: number;
  /** How long connections may take, and how many there may be. Default: what docs/security.md says. */
  limits?: Partial<ConnectionLimits>;
}

export interface ApiServer {
  /** Like `http://127.0.0.1:7370`. */
  url: string;
  /** Takes no more requests, ends the streams, and lets the other requests finish (5 s). */
  close(): Promise<void>;
}

/**
 * Makes an API listen.
 * @throws DurachartError `TOKEN_REQUIRED`, `PORT_TAKEN`, `LISTEN_FAILED`
 */
export async function serveApi(
  api: Api,
  { host = '127.0.0.1', port, limits: given }: ServeOptions,
): Promise<ApiServer> {
  if (!isLoopback(host) && !isSecured(api)) {
    throw new DurachartError(
      'TOKEN_REQUIRED',
      `Without an API token the server listens on 127.0.0.1 only, not on ${host}. Set DURACHART_API_TOKEN, or DURACHART_HOST=127.0.0.1.`,
      { details: { host } },
    );
  }
  const stopping = new AbortController();
  const guards = guardsOf(given);
  const { limits } = guards;
  const fetch = (request: Request, env: object) =>
    api.fetch(request, Object.assign(env, { stopping: stopping.signal, guards }));
  const listener = getRequestListener(fetch, {
    hostname: host,
    // Steps run in this process too: their Request and Response stay Node's.
    overrideGlobalObjects: false,
    errorHandler: notServed,
  });
  // Clients only listen.
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1_024 });
  const server = createAdaptorServer({
    fetch,
    serverOptions: {
      requestTimeout: UPLOAD_MS,
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: Math.min(LOOK_MS, limits.headersMs),
      shouldUpgradeCallback: isKnownUpgrade,
    } satisfies ServerOptions,
    createServer: ((options: ServerOptions) =>
      createServer(options, (request, response) => void listener(request, response))) as typeof createServer,
    websocket: { server: sockets as unknown as WebSocketServerLike },
  }) as Server;
  guardUpgrades(server, sockets, () => guards.streams.take());
  guardConnections(server, limits);
  server.on('clientError', refuse);
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw listenFailed(error, host, port);
  }
  const address = server.address() as AddressInfo;
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      stopping.abort();
      // A connection that was kept alive becomes idle when its last request is done, and Node would wait for its time-out.
      const idle = setInterval(() => server.closeIdleConnections(), 20);
      const grace = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
      await closed;
      clearInterval(idle);
      clearTimeout(grace);
    },
  };
}

/** Answers what no route sees: a Host header that makes no URL, for one. */
function notServed(error: unknown): Response {
  const problem =
    error instanceof RequestError
      ? new Problem('MALFORMED_REQUEST', 'The address and the Host header are no URL.')
      : new Problem('INTERNAL_ERROR', 'Something went wrong in the server.');
  const body = problemBody(problem, `urn:uuid:${randomUUID()}`);
  return new Response(JSON.stringify(body), {
    status: body.status,
    headers: { 'content-type': 'application/problem+json' },
  });
}

/** Answers what is not HTTP, or takes too long to become it. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  // After the head of an answer nothing else can be said.
  const answering = (socket as { _httpMessage?: { headersSent: boolean } | null })._httpMessage;
  if (error.code === 'ECONNRESET' || answering?.headersSent === true) socket.destroy();
  else
    closeWith(
      socket,
      REFUSALS[error.code ?? '']?.() ?? new Problem('MALFORMED_REQUEST', 'The request is not valid HTTP/1.1.'),
    );
}

const REFUSALS: Readonly<Record<string, () => Problem>> = {
  HPE_HEADER_OVERFLOW: () => new Problem('HEADERS_TOO_LARGE', 'The address and headers are larger than 16 KiB.'),
  ERR_HTTP_REQUEST_TIMEOUT: () => new Problem('REQUEST_TIMEOUT', 'The request was not complete in time.'),
};

function listenFailed(error: unknown, host: string, port: number): DurachartError {
  const code = (error as NodeJS.ErrnoException).code;
  const details = { host, port };
  return code === 'EADDRINUSE'
    ? new DurachartError(
        'PORT_TAKEN',
        `Port ${port} on ${host} is in use by another program. Choose another one: DURACHART_PORT.`,
        { details, cause: error },
      )
    : new DurachartError(
        'LISTEN_FAILED',
        `The server cannot listen on ${host}, port ${port}: ${(error as Error).message}.`,
        { details, cause: error },
      );
}
