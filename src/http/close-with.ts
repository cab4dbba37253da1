import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { problemBody, type Problem } from './problem.ts';

/** So long what the client still sends is read: a connection that is closed before would be reset, and the answer lost with it. */
const LINGER_MS = 500;

/** Answers with a problem where no route and no response can, and closes the connection, whatever the client does. */
export function closeWith(socket: Duplex, problem: Problem): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = problemBody(problem, `urn:uuid:${randomUUID()}`);
  const json = JSON.stringify(body);
  const headers = [
    `HTTP/1.1 ${body.status} ${body.title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(json)}`,
    ...Object.entries(problem.headers).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  socket.once('finish', () => {
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('end', () => socket.destroy());
    socket.once('close', () => clearTimeout(timer));
    socket.resume();
  });
  socket.end(`${headers.join('\r\n')}\r\n\r\n${json}`);
}
