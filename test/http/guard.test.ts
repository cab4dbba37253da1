import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApi } from '../../src/http/api.ts';
import { serveApi } from '../../src/http/serve.ts';
import { startServer, type TestServer } from './support/server.ts';

const TOKEN = 'a-token-of-16-or-more';
let open: TestServer;
let secured: TestServer;
beforeAll(async () => {
  [open, secured] = await Promise.all([startServer({ work: false }), startServer({ work: false, token: TOKEN })]);
});
afterAll(async () => {
  await Promise.all([open.close(), secured.close()]);
});

/** fetch does not let a Host or Origin header be set. */
function status(url: string, headers: Record<string, string>, method = 'GET'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('without a token', () => {
  test.each(['localhost', 'localhost:1234', 'LOCALHOST', '127.0.0.1', '127.0.0.1:80', '[::1]', '[::1]:80'])(
    'the host %s is served',
    async (host) => {
      expect(await status(`${open.url}/workflows`, { host })).toBe(200);
    },
  );

  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1', '[::2]'])(
    'the host %s is refused',
    async (host) => {
      expect(await status(`${open.url}/workflows`, { host })).toBe(403);
    },
  );

  test.each(['127.0.0.1@evil.example', 'localhost:80@evil', 'a b', 'localhost/x'])(
    'the host %s is none',
    async (host) => {
      expect(await status(`${open.url}/workflows`, { host })).toBe(400);
    },
  );

  test('pages of other sites are refused, our own are not', async () => {
    const host = new URL(open.url).host;
    const as = (headers: Record<string, string>, method?: string) => status(`${open.url}/instances`, headers, method);
    expect(await as({ origin: open.url })).toBe(200);
    expect(await as({ origin: 'https://evil.example' })).toBe(403);
    expect(await as({ origin: 'null' })).toBe(403);
    expect(await as({ origin: `https://${host}` })).toBe(403);
    expect(await as({ origin: 'http://localhost:1' })).toBe(403);
    expect(await as({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).toBe(403);
    expect(await as({ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }, 'POST')).toBe(403);
    expect(await as({ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' })).toBe(200);
    // A link that somebody follows to us.
    expect(await as({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).toBe(200);
    expect(await as({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, 'POST')).toBe(403);
  });

  test.each(['0.0.0.0', '::', '10.1.2.3', 'example.org', '', '127.0.0.1.example.org'])(
    'listening on %j is refused',
    async (host) => {
      const api = createApi(open.engine, { artifacts: open.artifacts });
      await expect(serveApi(api, { host, port: 0 })).rejects.toMatchObject({ code: 'TOKEN_REQUIRED' });
    },
  );
});

describe('with a token', () => {
  test('it is asked for everywhere', async () => {
    const wrong = [
      undefined,
      '',
      TOKEN,
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(0, -1)}`,
      'Bearer',
      'Bearer ',
      `Basic ${TOKEN}`,
      'Bearer undefined',
    ];
    for (const authorization of wrong) {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      for (const [method, path] of [
        ['GET', '/instances'],
        ['POST', '/workflows/approval/instances'],
        ['PUT', '/uploads/x'],
        ['GET', '/nope'],
        ['DELETE', '/instances'],
      ] as const) {
        const response = await secured.call(method, path, { headers });
        expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="durachart"']);
        expect(await response.json()).toMatchObject({ code: 'UNAUTHORIZED' });
      }
    }
  });

  test('who has it is let in, from any host', async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    await secured.json(200, 'GET', '/instances', { headers });
    expect(
      await status(`${secured.url}/instances`, {
        ...headers,
        host: 'durachart.example',
        origin: 'https://elsewhere.example',
      }),
    ).toBe(200);
    expect(await status(`${secured.url}/instances`, { authorization: `bearer ${TOKEN}` })).toBe(200);
  });

  test('health and the OpenAPI document are open, but say nothing of the workers', async () => {
    await secured.engine.work();
    await secured.json(200, 'GET', '/health/live');
    await secured.json(200, 'GET', '/openapi.json');
    expect(await secured.json(200, 'GET', '/health/ready')).toMatchObject({ status: 'ready', workers: [] });
    expect(
      await secured.json(200, 'GET', '/health/ready', { headers: { authorization: `Bearer ${TOKEN}` } }),
    ).toMatchObject({ workers: [{}] });
  });

  test('the server listens on any address', async () => {
    const api = createApi(open.engine, { artifacts: open.artifacts, token: TOKEN });
    const server = await serveApi(api, { host: '0.0.0.0', port: 0 });
    expect(server.url).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/);
    await server.close();
  });
});

test('a port in use is said so', async () => {
  const api = createApi(open.engine, { artifacts: open.artifacts });
  await expect(serveApi(api, { port: Number(new URL(open.url).port) })).rejects.toMatchObject({ code: 'PORT_TAKEN' });
});
