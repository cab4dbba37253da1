import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { closing, exchange, open } from './support/raw.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ work: false });
});
afterAll(() => server.close());

function request(line: string, ...headers: string[]): string {
  return `${[`${line} HTTP/1.1`, 'Host: localhost', ...headers].join('\r\n')}\r\n\r\n`;
}

const H2C = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'];
const SOCKET = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';

describe('an upgrade that the server does not know', () => {
  test.each(['/health/live', '/instances', '/nowhere', '/', '/stately', '/instances/x/stately'])(
    'to h2c, as curl --http2 asks for it, is a plain request: %s',
    async (path) => {
      const plain = await exchange(server.url, request(`GET ${path}`, 'Connection: close'));
      const asked = await exchange(server.url, request(`GET ${path}`, ...H2C, 'Connection: close'));
      expect(plain.status).toBeDefined();
      expect(asked.status).toBe(plain.status);
    },
  );

  test.each(['h2c', 'TLS/1.0', 'foo, websocket', 'websocket/13', ''])('to %j is a plain request', async (protocol) => {
    const headers = ['Connection: upgrade, close', `Upgrade: ${protocol}`];
    expect(await exchange(server.url, request('GET /health/live', ...headers))).toMatchObject({ status: 200 });
    const body = '{"token":"x"}';
    const post = request(
      'POST /session',
      ...headers,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    );
    expect(await exchange(server.url, post + body)).toMatchObject({ status: 200 });
  });

  test('to a WebSocket, where there is none, is a plain request, and a stream that it opens ends with its connection', async () => {
    const asked = request('GET /health/live', ...SOCKET, KEY, 'Connection: close');
    expect(await exchange(server.url, asked)).toMatchObject({ status: 200 });
    const socket = await open(server.url);
    socket.write(request('GET /events', ...SOCKET, KEY));
    await expect.poll(() => socket.bytesRead).toBeGreaterThan(0);
    socket.destroy();
  });
});

describe('an upgrade to a WebSocket', () => {
  test('that is refused is answered, and the connection is closed although the client keeps it open', async () => {
    const get = (path: string, ...headers: string[]) =>
      exchange(server.url, request(`GET ${path}`, ...SOCKET, ...headers));
    expect(await get('/instances/nobody/stately', KEY)).toMatchObject({ status: 404 });
    expect(await get('/stately', KEY, 'Origin: https://evil.example')).toMatchObject({ status: 403 });
    expect(await get('/stately')).toMatchObject({ status: 400 });
    expect(await get('/stately', 'Sec-WebSocket-Key: short')).toMatchObject({ status: 400 });
    expect(await exchange(server.url, request('CONNECT localhost:1'))).toMatchObject({ status: undefined });
  });

  test('is answered where the other end goes away meanwhile', async () => {
    const socket = await open(server.url);
    socket.write(request('GET /stately', ...SOCKET, KEY));
    socket.destroy();
    await closing(socket);
    expect(await exchange(server.url, request('GET /health/live', 'Connection: close'))).toMatchObject({ status: 200 });
  });

  test('still works', async () => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/stately`);
    await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject));
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.close();
    });
  });
});
