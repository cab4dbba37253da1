import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApi } from '../../src/http/api.ts';
import { createLog } from '../../src/http/log.ts';
import type { ConnectionLimits } from '../../src/http/connection-limits.ts';
import { serveApi, type ApiServer } from '../../src/http/serve.ts';
import { closing, exchange, head, open, statusOf } from './support/raw.ts';
import { startServer, type TestServer } from './support/server.ts';

const TOKEN = 'a-token-of-16-or-more';
let lines: string[] = [];
let inner: TestServer;
const opened: ApiServer[] = [];
beforeAll(async () => {
  inner = await startServer({ work: false });
});
afterAll(async () => {
  await Promise.all(opened.map((each) => each.close()));
  await inner.close();
});

/** A server with limits that a test reaches soon. */
async function serve(limits: Partial<ConnectionLimits>, token?: string): Promise<string> {
  // Requests of an earlier server may end late.
  const own: string[] = [];
  lines = own;
  const write = (chunk: unknown, _: unknown, done: () => void): void => {
    own.push(String(chunk));
    done();
  };
  const log = createLog('info', new Writable({ write }));
  const api = createApi(inner.engine, {
    artifacts: inner.artifacts,
    log,
    token,
    routes: [
      {
        method: 'post',
        path: '/hook',
        summary: 'A hook',
        handle: async ({ body }) => ({ status: 200, body: body.length }),
      },
    ],
  });
  const server = await serveApi(api, { port: 0, limits });
  opened.push(server);
  return server.url;
}

const post = (path: string, length: number, ...more: string[]) =>
  `${['POST', 'PUT'][Number(path.startsWith('/uploads'))]} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${more.map((each) => `${each}\r\n`).join('')}\r\n`;

describe('a body that does not come', () => {
  test('is a 408 on every route that takes one, and the connection is closed', async () => {
    const url = await serve({ bodyMs: 100, stallMs: 100 });
    const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { requestBody?: object }>>;
    };
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { requestBody }]) =>
        requestBody === undefined ? [] : [{ method, path }],
      ),
    );
    expect(routes.length).toBeGreaterThan(20);
    await Promise.all(
      routes.map(async ({ path }) => {
        const at = path.replaceAll(/\{\w+\}/g, 'approval');
        const { status, answer } = await exchange(url, post(at, 1_000, 'Connection: keep-alive'), '{');
        expect([at, status]).toEqual([at, 408]);
        expect(answer).toContain('REQUEST_TIMEOUT');
      }),
    );
    expect(lines.join('')).not.toMatch(/"status":5|request failed/);
  });

  test('and no content type is answered and closed, too, and so is one that nobody reads', async () => {
    const url = await serve({ bodyMs: 100 });
    const plain = (path: string) =>
      exchange(url, `POST ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`, '1\r\n{\r\n');
    for (const path of ['/pauses', '/instances/x/pause', '/nowhere', '/instances', '/session'])
      expect((await plain(path)).status).toBeGreaterThanOrEqual(400);
  });

  test('beyond the slow ones that a client may have is refused', async () => {
    const url = await serve({ slowBodiesPerClient: 2, slowBodies: 3 });
    const from = async (client: string) => {
      const socket = await open(url);
      socket.write(post('/session', 1_000, `X-Forwarded-For: 1.2.3.4, ${client}`));
      socket.write('{');
      return { socket, answer: closing(socket) };
    };
    const held = await Promise.all(['9.9.9.1', '9.9.9.1', '9.9.9.1'].map(from));
    const refused = await Promise.race(held.map(({ answer }) => answer));
    expect(refused).toMatchObject({ status: 429 });
    expect(refused.answer).toContain('TOO_MANY_REQUESTS');
    const more = await Promise.all(['9.9.9.2', '9.9.9.3'].map(from));
    expect(await Promise.race(more.map(({ answer }) => answer))).toMatchObject({ status: 429 });
    for (const { socket } of [...held, ...more]) socket.destroy();
  });

  test('to its end, as its client goes away, is a 400 in the log and no error of the server', async () => {
    const url = await serve({});
    for (const path of ['/session', '/workflows/approval/instances', '/hook', '/instances/import', '/uploads/x']) {
      const socket = await open(url);
      socket.write(post(path, 1_000));
      socket.write('{"to');
      // Its handler has been reached by the time that the next one is answered.
      await fetch(`${url}/health/live`);
      socket.resetAndDestroy();
      await expect.poll(() => lines.filter((line) => line.includes(`"path":"${path}"`))).toHaveLength(1);
      expect(lines.find((line) => line.includes(`"path":"${path}"`))).toContain('"status":400');
    }
    expect(lines.join('')).not.toContain('request failed');
  });
});

test('headers that do not come are a 408, and an answer that nobody reads ends with its connection', async () => {
  const late = await serve({ headersMs: 100 });
  expect(await exchange(late, 'GET / HTTP/1.1\r\nHost: loc')).toMatchObject({ status: 408 });
  expect(await exchange(late)).toMatchObject({ status: 408 });
  const url = await serve({ unreadMs: 200 });
  await inner.artifacts.put('large/file.bin', Buffer.alloc(32 * 1024 * 1024));
  const socket = await open(url);
  socket.write('GET /artifacts/large/file.bin HTTP/1.1\r\nHost: localhost\r\n\r\n');
  socket.pause();
  await expect.poll(() => lines.filter((line) => line.includes('large/file'))).toHaveLength(1);
  await expect
    .poll(
      () => {
        socket.write('x');
        return socket.closed;
      },
      { timeout: 10_000 },
    )
    .toBe(true);
});

test('streams are as many as there may be, and one that ends makes room', async () => {
  const url = await serve({ streams: 2 });
  const stream = async () => {
    const socket = await open(url);
    socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    return { socket, status: statusOf(await head(socket)) };
  };
  const [first, second, third] = [await stream(), await stream(), await stream()];
  expect([first.status, second.status, third.status]).toEqual([200, 200, 503]);
  first.socket.destroy();
  await expect
    .poll(async () => {
      const { socket, status } = await stream();
      if (status !== 200) socket.destroy();
      return status;
    })
    .toBe(200);
  for (const { socket } of [second, third]) socket.destroy();
});

describe('wrong tokens', () => {
  const login = (url: string, token: string, client: string) =>
    fetch(`${url}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': client },
      body: JSON.stringify({ token }),
    });
  const asks = (url: string, token: string, client: string) =>
    fetch(`${url}/instances`, { headers: { authorization: `Bearer ${token}`, 'x-forwarded-for': client } });

  test('are looked at no more after a few, in whichever way they come; those of others are', async () => {
    const url = await serve({ wrongTokens: 4, wrongTokenMs: 600_000 }, TOKEN);
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) {
      statuses.push((await login(url, `wrong-${i}`, '8.8.8.8')).status);
      statuses.push((await asks(url, `wrong_${i}`, '8.8.8.8')).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 429, 429]);
    const refused = await login(url, TOKEN, 'made-up, 8.8.8.8');
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, 600]);
    expect((await asks(url, TOKEN, '8.8.8.8')).status).toBe(429);
    expect((await login(url, TOKEN, '8.8.8.9')).status).toBe(200);
    expect((await asks(url, TOKEN, '8.8.8.8, 8.8.8.9')).status).toBe(200);
    for (const path of ['/health/live', '/health/ready']) {
      const headers = { authorization: 'Bearer wrong', 'x-forwarded-for': '8.8.8.8' };
      expect((await fetch(url + path, { headers })).status).toBe(200);
    }
  });

  test('that are sent again count once', async () => {
    const url = await serve({ wrongTokens: 2, wrongTokenMs: 600_000 }, TOKEN);
    for (let i = 0; i < 5; i++) expect((await asks(url, 'old-one', '8.8.8.8')).status).toBe(401);
    expect((await asks(url, TOKEN, '8.8.8.8')).status).toBe(200);
  });

  test('do not end the sessions that a browser has', async () => {
    const url = await serve({ wrongTokens: 1, wrongTokenMs: 600_000 }, TOKEN);
    const cookie = (await login(url, TOKEN, '8.8.8.8')).headers.getSetCookie()[0]?.split(';')[0] ?? '';
    await login(url, 'wrong', '8.8.8.8');
    const headers = { cookie, 'x-forwarded-for': '8.8.8.8' };
    expect((await fetch(`${url}/instances`, { headers })).status).toBe(200);
    expect((await login(url, TOKEN, '8.8.8.8')).status).toBe(429);
  });
});
