import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer, type TestServer } from './support/server.ts';

let folder: string;
let server: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'durachart-page-'));
  const built = join(folder, 'built');
  await mkdir(join(built, 'assets'), { recursive: true });
  await writeFile(join(built, 'index.html'), '<meta nonce="%NONCE%"><p>the page');
  await writeFile(join(built, 'assets', 'index-1a2B.js'), 'run()');
  await writeFile(join(built, 'assets', '.hidden'), 'CLASSIFIED');
  await writeFile(join(folder, 'secret.js'), 'CLASSIFIED');
  server = await startServer({ work: false, inspector: built });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** As it stands there: fetch would take the dots out of a path. */
function raw(path: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(server.url, { path }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('the page', () => {
  test('is where / leads to, and at every place in it', async () => {
    const response = await server.call('GET', '/');
    expect(response.url).toBe(`${server.url}/ui/overview`);
    for (const path of ['/ui/', '/ui/instances', '/ui/instances/some-id', '/ui/workflows/a?tab=steps', '/ui/a/b/c']) {
      const page = await server.call('GET', path);
      expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(await page.text()).toContain('the page');
    }
  });

  test('may run its own files only, be in no frame, and send to its own server only', async () => {
    const [one, two] = await Promise.all([server.call('GET', '/ui/'), server.call('GET', '/ui/')]);
    const policy = one.headers.get('content-security-policy') ?? '';
    const nonce = /nonce="([^"]+)"/.exec(await one.text())?.[1];
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      `style-src 'self' 'nonce-${nonce}'`,
      "img-src 'self' data: blob:",
      "media-src 'self'",
      "font-src 'self'",
      "connect-src 'self'",
      "worker-src 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'self'",
    ]);
    expect(two.headers.get('content-security-policy')).not.toBe(policy);
    expect(one.headers.get('referrer-policy')).toBe('no-referrer');
    expect(one.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('its files are kept for good, as their names tell their content', async () => {
    const file = await server.call('GET', '/ui/assets/index-1a2B.js');
    expect(file.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(await file.text()).toBe('run()');
  });

  test.each([
    '/ui/assets/../../secret.js',
    '/ui/assets/..%2f..%2fsecret.js',
    '/ui/assets/%2e%2e/%2e%2e/secret.js',
    '/ui/assets/..%5c..%5csecret.js',
    '/ui/assets/.hidden',
    '/ui/assets/none.js',
    '/ui/assets/%00',
  ])('%s is no file of it', async (path) => {
    const { status, body } = await raw(path);
    expect(body).not.toContain('CLASSIFIED');
    expect(status).toBe(404);
  });
});

test('where it is not built, it says what to do', async () => {
  const bare = await startServer({ work: false, inspector: join(folder, 'nowhere') });
  try {
    const response = await bare.call('GET', '/');
    expect(response.status).toBe(404);
    expect(await response.text()).toMatch(/not built[^]*npm run build:inspector[^]*npm run demo/);
  } finally {
    await bare.close();
  }
});
