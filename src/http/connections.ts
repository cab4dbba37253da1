import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { clientKey, isNear } from './client-address.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import { isUpload } from './receive.ts';
import { Quota } from './quota.ts';

/** A body that its handler has not refused so long after it should have been complete, nobody reads. */
const GRACE_MS = 5_000;

/** From here on connections that wait for a next request are closed. */
const NEARLY_ALL = 0.9;

/**
 * Takes care that each connection ends: those that do not send a request, do not send all of it, or do not take its answer.
 * How long headers may take Node watches itself.
 */
export function guardConnections(server: Server, limits: ConnectionLimits): void {
  const pending = new Quota(limits.pendingPerClient, Infinity);
  const releases = new WeakMap<Socket, () => void>();
  /** Requests that are complete, and whose answer the server still owes. */
  const owed = new WeakMap<Socket, Set<ServerResponse>>();
  let connections = 0;
  server.maxConnections = limits.connections;
  server.timeout = limits.unreadMs;
  server.keepAliveTimeout = limits.idleMs;

  server.on('connection', (socket: Socket) => {
    connections++;
    socket.once('close', () => {
      connections--;
      releases.get(socket)?.();
    });
    if (connections > limits.connections * NEARLY_ALL) server.closeIdleConnections();
    if (isNear(socket.remoteAddress)) return;
    const release = pending.take(clientKey(socket.remoteAddress));
    if (release === undefined) socket.destroy();
    else releases.set(socket, release);
  });

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    releases.get(socket)?.();
    const responses = owed.get(socket) ?? new Set();
    owed.set(socket, responses.add(response));
    response.once('close', () => responses.delete(response));
    if (hasBody(request) && !isUpload(request.method, request.url)) {
      const timer = setTimeout(() => {
        if (!request.complete) socket.destroy();
      }, limits.bodyMs + GRACE_MS);
      request.once('close', () => clearTimeout(timer));
    }
  });

  // Nothing has come or gone for a while.
  server.on('timeout', (socket: Socket) => {
    const isOurTurn = socket.writableLength === 0 && (owed.get(socket)?.size ?? 0) > 0;
    if (!isOurTurn) socket.destroy();
  });
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
