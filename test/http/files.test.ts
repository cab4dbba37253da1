import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Upload } from '../../src/http/types.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { startServer, type TestServer } from './support/server.ts';

const LIMIT = 1_000_000;
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ work: false, uploadLimit: LIMIT });
});
afterAll(() => server.close());

const upload = (name: string, body: string | Uint8Array<ArrayBuffer>): Promise<Upload> =>
  server.json<Upload>(201, 'PUT', `/uploads/${name}`, { body });
const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');
const files = async (): Promise<number> =>
  (await readdir(server.folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).length;

describe('an upload', () => {
  test('is kept byte for byte, under a safe name', async () => {
    const body = new Uint8Array(LIMIT).map((_, i) => (i * 31) % 256);
    const response = await server.call('PUT', `/uploads/${encodeURIComponent('../Mein Film.mp4')}`, { body });
    expect(response.status).toBe(201);
    const { key, size, sha256: sum } = (await response.json()) as Upload;
    expect(key).toMatch(/^uploads\/[0-9a-f-]{36}\/Mein-Film\.mp4$/);
    expect([size, sum]).toEqual([LIMIT, sha256(body)]);
    expect(response.headers.get('location')).toBe(`/artifacts/${key}`);
    const download = await server.call('GET', `/artifacts/${key}`);
    expect(sha256(new Uint8Array(await download.arrayBuffer()))).toBe(sum);
  });

  test('of nothing is an empty file', async () => {
    expect(await upload('empty.mp4', '')).toMatchObject({ size: 0, sha256: sha256('') });
  });

  test('that is too large is a 413 and leaves nothing, whether its length is said or not', async () => {
    const before = await files();
    const body = new Uint8Array(LIMIT + 1);
    expect(await server.problem(413, 'PUT', '/uploads/large', { body })).toMatchObject({
      code: 'BODY_TOO_LARGE',
      limit: LIMIT,
    });
    const stream = ReadableStream.from([body.subarray(0, LIMIT), body.subarray(LIMIT)]);
    expect(await server.problem(413, 'PUT', '/uploads/large', { body: stream })).toMatchObject({
      code: 'BODY_TOO_LARGE',
    });
    expect(await files()).toBe(before);
  });

  test('that breaks off leaves nothing', async () => {
    const before = await files();
    const asked = request(`${server.url}/uploads/broken.mp4`, {
      method: 'PUT',
      headers: { 'content-length': '500000' },
    });
    asked.on('error', () => {});
    asked.write(Buffer.alloc(100_000));
    while ((await files()) === before) await sleep(5);
    asked.destroy();
    while ((await files()) !== before) await sleep(5);
  });
});

test('where there is no room, an upload is refused with a 507', async (context) => {
  const disk = mountSmallDisk(server.folder, '64k');
  if (disk === undefined) return context.skip('a small disk cannot be mounted here');
  try {
    const response = await server.call('PUT', '/uploads/large', { body: new Uint8Array(LIMIT) });
    expect([response.status, response.headers.get('connection')]).toEqual([507, 'close']);
    expect(await response.json()).toMatchObject({ code: 'ARTIFACTS_FULL' });
  } finally {
    disk.unmount();
  }
});

describe('an artifact', () => {
  test('is sent in ranges', async () => {
    const { key } = await upload('digits.txt', '0123456789');
    const get = async (range: string, more: Record<string, string> = {}) => {
      const response = await server.call('GET', `/artifacts/${key}`, { headers: { range, ...more } });
      return [response.status, await response.text(), response.headers.get('content-range')];
    };
    expect(await get('bytes=2-4')).toEqual([206, '234', 'bytes 2-4/10']);
    expect(await get('bytes=8-')).toEqual([206, '89', 'bytes 8-9/10']);
    expect(await get('bytes=8-99')).toEqual([206, '89', 'bytes 8-9/10']);
    expect(await get('bytes=-3')).toEqual([206, '789', 'bytes 7-9/10']);
    expect(await get('bytes=-99')).toEqual([206, '0123456789', 'bytes 0-9/10']);
    // What is no single range is all of it.
    for (const range of ['bytes=4-2', 'bytes=0-1,4-5', 'lines=1-2', 'bytes=-', 'bytes=x'])
      expect(await get(range)).toEqual([200, '0123456789', null]);
    expect(await get('bytes=2-4', { 'if-range': '"another"' })).toEqual([200, '0123456789', null]);
    for (const range of ['bytes=10-', 'bytes=-0']) {
      expect(await get(range)).toEqual([416, expect.stringContaining('INVALID_RANGE'), 'bytes */10']);
    }
    const empty = await upload('empty.txt', '');
    expect(await (await server.call('GET', `/artifacts/${empty.key}`)).text()).toBe('');
  });

  test('is known by its checksum', async () => {
    const { key, sha256: sum } = await upload('a.txt', 'abc');
    const head = await server.call('HEAD', `/artifacts/${key}`);
    expect([head.status, head.headers.get('etag'), head.headers.get('content-length')]).toEqual([200, `"${sum}"`, '3']);
    const again = await server.call('GET', `/artifacts/${key}`, { headers: { 'if-none-match': `"${sum}"` } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  test.each([
    ['film.MP4', 'video/mp4', 'inline'],
    ['notes.md', 'text/markdown; charset=utf-8', 'inline'],
    ['page.html', 'text/html; charset=utf-8', 'attachment'],
    ['picture.svg', 'image/svg+xml', 'attachment'],
    ['program.js', 'application/octet-stream', 'attachment'],
    ['constructor', 'application/octet-stream', 'attachment'],
  ])('%s is %s, %s, and runs nothing in a browser', async (name, type, disposition) => {
    const { key } = await upload(name, '<script>alert(1)</script>');
    const { headers } = await server.call('GET', `/artifacts/${key}`);
    expect(headers.get('content-type')).toBe(type);
    expect(headers.get('content-disposition')).toBe(`${disposition}; filename="${name}"`);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  });

  test('that is not there is a 404, and nothing outside can be named', async () => {
    expect(await server.problem(404, 'GET', '/artifacts/nope')).toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
      key: 'nope',
    });
    for (const key of ['..%2f..%2fetc%2fpasswd', '.sha256/x', 'a//b', 'a%5c..%5cb', "it's", '%e2%82%ac', '%ff']) {
      expect(await server.problem(422, 'GET', `/artifacts/${key}`)).toMatchObject({ code: 'INVALID_ARTIFACT_KEY' });
    }
  });
});

test('what is stored under the id of an instance is listed with it', async () => {
  const { id } = await server.engine.start('approval', { document: 'plain' } as never);
  await server.artifacts.put(`${id}/pack/letter.md`, '# Dear reader');
  await server.artifacts.put(`${id}/film.mp4`, 'moving');
  await server.artifacts.put(`${id}-other/film.mp4`, 'of another instance');
  expect(await server.json(200, 'GET', `/instances/${id}/artifacts`)).toEqual({
    items: [
      { key: `${id}/film.mp4`, size: 6, sha256: sha256('moving'), type: 'video/mp4' },
      {
        key: `${id}/pack/letter.md`,
        size: 13,
        sha256: sha256('# Dear reader'),
        type: 'text/markdown; charset=utf-8',
      },
    ],
  });
  expect(await server.problem(404, 'GET', '/instances/nope/artifacts')).toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
});
