import { afterAll, beforeAll, expect, test } from 'vitest';
import { seeded } from '../proof/random.ts';
import { createApi } from '../../src/http/api.ts';
import { serveApi, type ApiServer } from '../../src/http/serve.ts';
import { exchange } from './support/raw.ts';
import { startServer, type TestServer } from './support/server.ts';

const SEED = Number(process.env['FC_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const CONNECTIONS = 600;
const AT_ONCE = 30;

let inner: TestServer;
let server: ApiServer;
beforeAll(async () => {
  inner = await startServer({ work: false });
  const limits = { headersMs: 200, bodyMs: 200, stallMs: 200, unreadMs: 400, idleMs: 200 };
  server = await serveApi(createApi(inner.engine, { artifacts: inner.artifacts }), { port: 0, limits });
});
afterAll(async () => {
  await server.close();
  await inner.close();
});

const LINES = ['GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'CONNECT', 'TRACE', 'PRI', 'DELETE', 'get', '', 'M-SEARCH'];
const PATHS = [
  '/',
  '/health/live',
  '/session',
  '/stately',
  '/instances/x/stately',
  '/uploads/x',
  '/instances/import',
  '*',
  'x:1',
  'http://localhost/session',
  '//',
  '/%00',
  '/\\',
  '/instances?limit=1',
  '',
];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', 'http/1.1', ''];
const HEADERS = [
  'Host: localhost',
  'Host: a b',
  'Host:',
  'Host: [::1',
  'Connection: Upgrade',
  'Connection: close',
  'Connection: keep-alive, upgrade',
  'Upgrade: h2c',
  'Upgrade: websocket',
  'Upgrade: WebSocket, h2c',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Version: x',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
  'Content-Length: 3',
  'Content-Length: 5000',
  'Content-Length: -1',
  'Content-Length: 3, 3',
  'Content-Length: 99999999999999999999',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity, chunked',
  'Transfer-Encoding: xchunked',
  'Expect: 100-continue',
  'Expect: x',
  'Content-Type: application/json',
  'Content-Type:',
  'Cookie: durachart_session=a.b.c',
  'X-Forwarded-For: , ,',
  'X-Forwarded-For: ::ffff:1.2.3.4',
  'X-Forwarded-For: fe80::1%eth0',
  'X: \u0001',
  ': x',
  'X',
  ' folded',
  'Trailer: X',
  'TE: trailers',
  'Range: bytes=0-',
  `Y: ${'y'.repeat(20_000)}`,
];
const BODIES = [
  '',
  '{}',
  '[[[',
  'x',
  '3\r\n{}x\r\n0\r\n\r\n',
  'ffffffffffffffffff\r\n',
  'zz\r\n',
  '0\r\nX: y\r\n\r\n',
  '5\r\n{',
  '\0\0\0',
  '\r\n\r\n',
];
const ENDS = ['\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r'];

test(
  `whatever is sent, each connection is answered or closed, and health answers (FC_SEED=${SEED})`,
  { timeout: 120_000 },
  async () => {
    const random = seeded(SEED);
    const any = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const usually = <T>(value: T, list: readonly T[]): T => (random() < 0.7 ? value : any(list));
    const made = (): string => {
      const end = any(ENDS);
      const lines = [
        `${any(LINES)} ${any(PATHS)} ${usually('HTTP/1.1', VERSIONS)}`,
        usually('Host: localhost', HEADERS),
      ];
      for (let count = Math.floor(random() * 6); count > 0; count--) lines.push(any(HEADERS));
      const text = `${lines.join(end)}${end}${end}${any(BODIES)}`;
      return random() < 0.15 ? text.slice(0, Math.floor(random() * text.length)) : text;
    };
    for (let done = 0; done < CONNECTIONS; done += AT_ONCE) {
      const sent = Array.from({ length: AT_ONCE }, () => (random() < 0.2 ? [made(), made()] : [made()]));
      const open = new Set(sent);
      const all = Promise.all(
        sent.map(async (parts) => {
          const { answer } = await exchange(server.url, ...parts.map((part) => Buffer.from(part, 'latin1')));
          open.delete(parts);
          return answer;
        }),
      );
      const stuck = Promise.withResolvers<never>();
      const timer = setTimeout(() => stuck.reject(new Error(`Never closed: ${JSON.stringify([...open])}`)), 15_000);
      const answers = await Promise.race([all, stuck.promise]);
      clearTimeout(timer);
      for (const [at, answer] of answers.entries()) {
        if (answer !== '' && !/^HTTP\/1\.1 [1-4]\d\d /.test(answer))
          expect.fail(`${JSON.stringify(sent[at])} got ${answer}`);
      }
      expect((await fetch(`${server.url}/health/live`, { headers: { connection: 'close' } })).status).toBe(200);
    }
  },
);
