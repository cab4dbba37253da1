import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/create-engine.ts';
import { createApi } from '../../src/http/api.ts';
import { createLog } from '../../src/http/log.ts';
import { serveApi } from '../../src/http/serve.ts';
import type { Problem } from '../../src/http/types.ts';
import { startServer, type TestServer } from './support/server.ts';
import { approval, Gate } from './support/workflows.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ work: false });
});
// Whatever came in: the server is there and right afterwards.
afterAll(async () => {
  expect(await server.json(200, 'GET', '/health/ready')).toMatchObject({ database: true });
  await server.close();
});

const START = '/workflows/approval/instances';
const JSON_TYPE = { 'content-type': 'application/json' };
const post = (
  status: number,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = JSON_TYPE,
): Promise<Problem> => server.problem(status, 'POST', START, { body, headers });

describe('a body', () => {
  test.each(['', '{', '{"input":}', "{'input':1}", 'nothing', '{"input":1}}', '\u{feff}'])(
    'that is not JSON is a 400: %j',
    async (body) => {
      expect(await post(400, body)).toMatchObject({ code: 'MALFORMED_JSON' });
    },
  );

  test.each([
    ['{"input":{"document":"x"},"priority":9007199254740993}', 'the number 9007199254740993 (priority)'],
    ['{"input":{"document":1e400}}', 'the number 1e400 (document) is Infinity'],
    ['{"input":{"document":"x"},"input":{"document":"y"}}', 'an object has one key twice'],
  ])('that JavaScript would change is a 422: %s', async (body, words) => {
    const problem = await post(422, body);
    expect(problem).toMatchObject({ code: 'INEXACT_JSON' });
    expect(problem.detail).toContain(words);
  });

  test('that is not UTF-8 is a 400', async () => {
    expect(await post(400, new Uint8Array([0x22, 0xff, 0xfe, 0x22]))).toMatchObject({ code: 'MALFORMED_JSON' });
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    '',
  ])('of type %j is a 415', async (type) => {
    expect(await post(415, '{"input":{"document":"x"}}', { 'content-type': type })).toMatchObject({
      code: 'UNSUPPORTED_MEDIA_TYPE',
    });
  });

  test.each(['application/json; charset=utf-8', 'Application/JSON', 'application/vnd.api+json'])(
    'of type %j is taken',
    async (type) => {
      const response = await server.call('POST', START, {
        body: '{"input":{"document":"x"}}',
        headers: { 'content-type': type },
      });
      expect(response.status).toBe(201);
    },
  );

  test.each(['null', '1', '"text"', '[]', 'true'])('that is no object is a 422: %s', async (body) => {
    expect(await post(422, body)).toMatchObject({ code: 'INVALID_REQUEST', errors: [{ path: '' }] });
  });

  test('of 10 MB is a 413, whether its length is said or not', async () => {
    const body = JSON.stringify({ input: { document: 'x'.repeat(10_000_000) } });
    expect(await post(413, body)).toMatchObject({ code: 'BODY_TOO_LARGE', limit: 1_048_576 });
    const stream = ReadableStream.from([Buffer.from(body)]);
    expect(await server.problem(413, 'POST', START, { body: stream, headers: JSON_TYPE })).toMatchObject({
      code: 'BODY_TOO_LARGE',
    });
  });

  test('of 1 MB is taken', async () => {
    const response = await server.call('POST', START, { json: { input: { document: 'x'.repeat(1_000_000) } } });
    expect(response.status).toBe(201);
  });

  test.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('of %s, nested deeply, is a 422', async (_, open, close) => {
    const deep = (levels: number): string => `{"input":${open.repeat(levels)}1${close.repeat(levels)}}`;
    expect(await post(422, deep(1_000))).toMatchObject({ code: 'INVALID_REQUEST' });
    expect(await post(422, deep(100_000))).toMatchObject({ code: 'INVALID_REQUEST' });
    expect(await post(422, deep(100))).toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('with text that cannot be stored is a 422 that names the places', async () => {
    const problem = await post(422, String.raw`{"input":{"document":"a\u0000b","x":["ok","\ud800"],"k\u0000":1}}`);
    expect(problem.errors?.map(({ path }) => path).toSorted()).toEqual([
      'input.document',
      'input.k\u{fffd}',
      'input.x[1]',
    ]);
    expect(await post(422, '{"input":{"__proto__":{"document":"x"}}}')).toMatchObject({
      errors: [{ path: 'input.__proto__' }],
    });
  });
});

describe('an address', () => {
  test('that nobody knows is a 404', async () => {
    for (const path of ['/nope', '/instances/', '/instances/x/y', '/workflows/a/b/c']) {
      expect(await server.problem(404, 'GET', path)).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
    }
  });

  test.each([
    ['DELETE', '/instances', 'GET, HEAD'],
    ['PUT', START, 'POST'],
    ['POST', '/uploads/x', 'PUT'],
    ['PATCH', '/artifacts/a/b.txt', 'GET, HEAD'],
    ['OPTIONS', '/instances/x/events', 'POST'],
    ['POST', '/health/live', 'GET, HEAD'],
  ])('does not take %s %s, but tells what it does', async (method, path, allow) => {
    const response = await server.call(method, path);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
    expect(await response.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
  });

  test('takes HEAD where it takes GET', async () => {
    for (const path of ['/instances', '/workflows', '/events']) {
      const response = await server.call('HEAD', path);
      expect([response.status, await response.text()]).toEqual([200, '']);
    }
  });
});

/** Sends bytes as they are, and gives back the bytes of the answer. */
async function raw(text: string): Promise<string> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.write(text);
  let answer = '';
  try {
    for await (const chunk of socket) answer += String(chunk);
  } catch {
    // The other side may reset a connection that it does not understand.
  }
  return answer;
}

test.each([
  ['no HTTP', 'hello\r\n\r\n', 400],
  ['headers without end', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
])('what is no request is refused as a problem: %s', async (_, text, status) => {
  const answer = await raw(text);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} .*\r\nContent-Type: application/problem\\+json\r\n`));
  expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({
    status,
    code: expect.any(String) as string,
  });
});

describe('when the database is away', () => {
  test('every route is a 503 that tells nothing of it, and only /health/live is well', async () => {
    const lines: string[] = [];
    const log = createLog(
      'info',
      new Writable({
        write: (chunk, _encoding, done) => {
          lines.push(String(chunk));
          done();
        },
      }),
    );
    const engine = createEngine({
      database: 'postgres://someone:s3cret-word@127.0.0.1:1/nowhere',
      workflows: [approval(new Gate())],
      artifacts: server.artifacts,
      onFault: () => {},
    });
    const away = await serveApi(createApi(engine as never, { artifacts: server.artifacts, log }), { port: 0 });
    try {
      for (const path of ['/instances', '/instances/x', '/instances/x/history']) {
        const response = await fetch(away.url + path, { headers: { authorization: 'Bearer 0123456789abcdef' } });
        const text = await response.text();
        expect([response.status, JSON.parse(text)]).toMatchObject([503, { code: 'DATABASE_UNAVAILABLE' }]);
        expect(text).not.toMatch(/s3cret|127\.0\.0\.1/);
        expect(response.headers.get('retry-after')).toBe('2');
      }
      expect((await fetch(`${away.url}/health/live`)).status).toBe(200);
      const ready = await fetch(`${away.url}/health/ready`);
      expect([ready.status, await ready.json()]).toEqual([
        503,
        {
          status: 'unavailable',
          database: false,
          latencyMs: null,
          trouble: {
            code: 'NOT_ANSWERING',
            detail: 'The database does not answer. Try again in a moment; what was stored is not lost.',
          },
          workers: [],
        },
      ]);
      expect(lines.join('')).toContain('request failed');
      expect(lines.join('')).not.toMatch(/s3cret-word|0123456789abcdef/);
    } finally {
      await away.close();
      await engine.stop();
    }
  });
});

test('an error of the server itself is a 500 that names the line of the log, and no more', async () => {
  const lines: string[] = [];
  const log = createLog(
    'info',
    new Writable({
      write: (chunk, _encoding, done) => {
        lines.push(String(chunk));
        done();
      },
    }),
  );
  const broken = {
    ...server.artifacts,
    stat: async () => {
      throw new Error('broken: postgres://u:passw0rd@host/db Bearer abc.def');
    },
  };
  const own = await serveApi(createApi(server.engine, { artifacts: broken, log }), { port: 0 });
  try {
    const response = await fetch(`${own.url}/artifacts/x`);
    const problem = (await response.json()) as Problem;
    expect([response.status, problem.code]).toEqual([500, 'INTERNAL_ERROR']);
    expect(JSON.stringify(problem)).not.toContain('broken');
    const id = response.headers.get('x-request-id') ?? '-';
    expect(problem.detail).toContain(id);
    const line = lines.find((each) => each.includes('request failed'));
    expect(line).toContain(id);
    expect(line).toContain('postgres://u:***@host/db Bearer ***');
    expect(line).not.toMatch(/passw0rd|abc\.def/);
  } finally {
    await own.close();
  }
});

test('a log shows no secrets that are handed to it', () => {
  let text = '';
  const log = createLog('info', { write: (line) => void (text += line) });
  log.info({ headers: { authorization: 'Bearer 1' }, config: { token: '2', password: '3' }, token: '4' }, 'x');
  expect(JSON.parse(text)).toMatchObject({
    headers: { authorization: '***' },
    config: { token: '***', password: '***' },
    token: '***',
  });
});
