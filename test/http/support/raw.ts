import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

/** What a raw connection has come to. */
export interface Exchange {
  /** All that the server sent. */
  answer: string;
  /** Of the first response; undefined: none came. */
  status: number | undefined;
}

export async function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/**
 * Writes bytes as they are, and resolves when the server has closed the connection, as its descriptor is free again only then:
 * this side never ends it by itself, and after the server's FIN it goes on writing until it is reset.
 */
export async function exchange(url: string, ...parts: (string | Buffer)[]): Promise<Exchange> {
  const socket = await open(url);
  for (const part of parts) socket.write(part);
  return closing(socket);
}

/** Reads until the server has closed the connection. */
export async function closing(socket: Socket): Promise<Exchange> {
  let answer = '';
  let probe: NodeJS.Timeout | undefined;
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
  socket.on('end', () => (probe = setInterval(() => socket.write('x'), 5)));
  if (!socket.closed) await new Promise<void>((resolve) => socket.on('close', () => resolve()));
  clearInterval(probe);
  return { answer, status: statusOf(answer) };
}

/** Reads the head of the next response, and leaves the connection open. */
export async function head(socket: Socket): Promise<string> {
  let answer = '';
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    answer += chunk.toString('latin1');
    if (answer.includes('\r\n\r\n')) return answer;
  }
}

export function statusOf(answer: string): number | undefined {
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1];
  return status === undefined ? undefined : Number(status);
}
