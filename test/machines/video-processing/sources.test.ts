import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { useConfig, type Config } from '../../../machines/video-processing/config.ts';
import { findSource } from '../../../machines/video-processing/source/source.ts';
import { storable } from '../../../machines/video-processing/text.ts';
import { createFolder, runStep, SAMPLES, settings } from './support.ts';

afterEach(() => useConfig(undefined));

const sample = () => readFile(join(SAMPLES, 'long-jobs.mp4'));

/** Looks a source up below the folder. */
async function find(
  source: string,
  folder: { folder: string; artifacts: Awaited<ReturnType<typeof createFolder>>['artifacts'] },
  changes: Partial<Config> = {},
) {
  const config = settings({ root: join(folder.folder, 'root'), ...changes });
  return findSource(source, { artifacts: folder.artifacts, config, signal: new AbortController().signal });
}

async function root() {
  const box = await createFolder();
  await mkdir(join(box.folder, 'root', 'sub'), { recursive: true });
  await writeFile(join(box.folder, 'root', 'sub', 'a.mp4'), 'bytes');
  await writeFile(join(box.folder, 'root', 'empty.mp4'), '');
  await writeFile(join(box.folder, 'secret.mp4'), 'secret');
  await symlink(join(box.folder, 'secret.mp4'), join(box.folder, 'root', 'link.mp4'));
  return box;
}

async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Runs the step below the folder's root. */
const ingest = (source: string, box: Awaited<ReturnType<typeof createFolder>>, changes: Partial<Config> = {}) => {
  useConfig(settings({ root: join(box.folder, 'root'), ...changes }));
  return runStep<{ media: Record<string, unknown> }>('ingest', { source, title: null }, { artifacts: box.artifacts });
};

describe('local files', () => {
  test('below the root are found, by relative and absolute path', async () => {
    await using box = await root();
    expect(await find('sub/a.mp4', box)).toEqual({ kind: 'local', name: 'a.mp4', bytes: 5 });
    expect(await find(join(box.folder, 'root', 'sub', 'a.mp4'), box)).toMatchObject({ bytes: 5 });
  });
  test.each([
    ['../secret.mp4', /leads out of VIDEO_ROOT/],
    ['sub/../../secret.mp4', /leads out/],
    ['/etc/passwd', /leads out/],
    ['link.mp4', /leads out/],
    ['.', /leads out/],
    ['sub', /is a directory/],
    ['empty.mp4', /is empty/],
    ['missing.mp4', /no file/],
    ['sub/a.mp4/x', /no file/],
    ['a\0b', /NUL/],
    ['file:///etc/passwd', /scheme file:/],
    ['ftp://example.com/a.mp4', /scheme ftp:/],
    ['data:video/mp4;base64,AAAA', /scheme data:/],
  ])('%j is refused', async (source, message) => {
    await using box = await root();
    await expect(find(source, box)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(message),
    });
  });
  test('too large is refused', async () => {
    await using box = await root();
    await expect(find('sub/a.mp4', box, { maxBytes: 4 })).rejects.toThrow('at most 4 are taken');
  });
});

describe('uploads', () => {
  test('are found by their key', async () => {
    await using box = await root();
    await box.artifacts.put('uploads/u1.mp4', 'bytes');
    expect(await find('upload:uploads/u1.mp4', box)).toEqual({ kind: 'upload', name: 'u1.mp4', bytes: 5 });
    await expect(find('upload:uploads/u2.mp4', box)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await box.artifacts.put('other-instance/insights.json', 'secret');
    await expect(find('upload:other-instance/insights.json', box)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(find('upload:../../etc/passwd', box)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

describe('URLs', () => {
  const open = { allowPrivateUrls: true };

  test.each([
    'http://127.0.0.1/a.mp4',
    'http://localhost:1/a.mp4',
    'http://[::1]/a.mp4',
    'http://10.0.0.8/',
    'http://192.168.1.1/',
    'http://172.16.0.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://0.0.0.0/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://[fd00::1]/',
    'http://100.64.0.1/',
  ])('%s is refused', async (url) => {
    await using box = await root();
    await expect(find(url, box)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('private'),
    });
  });
  test('passwords are not kept', async () => {
    await using box = await root();
    await expect(find('https://me:secret@example.com/a.mp4', box)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.not.stringContaining('secret'),
    });
  });
  test('one byte is asked for; the length comes from the answer', async () => {
    await using box = await root();
    await using server = await serve((request, response) => {
      expect(request.headers.range).toBe('bytes=0-0');
      response.writeHead(206, { 'content-range': 'bytes 0-0/12345' }).end('x');
    });
    expect(await find(`${server.url}/my%20talk.mp4`, box, open)).toEqual({
      kind: 'url',
      name: 'my talk.mp4',
      bytes: 12_345,
    });
  });
  test('a redirect is followed, but not to another scheme, and not for ever', async () => {
    await using box = await root();
    await using server = await serve((request, response) => {
      if (request.url === '/ok') response.writeHead(200, { 'content-length': 3 }).end('abc');
      else
        response
          .writeHead(302, {
            location: request.url === '/a' ? '/ok' : request.url === '/file' ? 'file:///etc/passwd' : request.url,
          })
          .end();
    });
    expect(await find(`${server.url}/a`, box, open)).toMatchObject({ bytes: 3 });
    await expect(find(`${server.url}/file`, box, open)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(find(`${server.url}/loop`, box, open)).rejects.toThrow('redirects more than 5 times');
  });
  test.each([
    [404, {}, { code: 'INVALID_INPUT' }],
    [403, {}, { code: 'INVALID_INPUT' }],
    [429, { 'retry-after': '7' }, { code: 'RATE_LIMITED', retryAfter: 7_000 }],
    [503, {}, { code: 'UPLOAD_FAILED' }],
    [504, {}, { code: 'TIMEOUT' }],
  ])('status %i', async (status, headers, error) => {
    await using box = await root();
    await using server = await serve((_, response) => response.writeHead(status, headers).end());
    await expect(find(server.url, box, open)).rejects.toMatchObject(error);
  });
  test('nobody listens', async () => {
    await using box = await root();
    const url = await (async () => {
      await using server = await serve(() => {});
      return server.url;
    })();
    await expect(find(url, box, open)).rejects.toMatchObject({ code: 'NETWORK_ERROR' });
  });
});

describe('ingest', () => {
  test('downloads a video and reads it', async () => {
    await using box = await root();
    const bytes = await sample();
    await using server = await serve((_, response) =>
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes),
    );
    const { media } = await ingest(`${server.url}/talk.mp4`, box, { allowPrivateUrls: true });
    expect(media).toMatchObject({ key: 'job-1/source.mp4', bytes: bytes.length, seconds: 22.834, container: 'MPEG-4' });
  });
  test('copies an upload; the title comes from the file, else from its name', async () => {
    await using box = await root();
    const bytes = await sample();
    await box.artifacts.put('uploads/my-talk_1.mp4', bytes);
    const { media } = await ingest('upload:uploads/my-talk_1.mp4', box);
    expect(media).toMatchObject({ title: 'What makes long jobs survive crashes', bytes: bytes.length });
    await box.artifacts.put(
      'uploads/my-talk_1.mp4',
      Buffer.from(bytes.toString('latin1').replace('\u00a9nam', '\u00a9xxx'), 'latin1'),
    );
    expect((await ingest('upload:uploads/my-talk_1.mp4', box)).media).toMatchObject({ title: 'My talk 1' });
  });
  test('names and titles from outside are made storable', () => {
    expect(storable(' a\0b\ud800\n')).toBe('a b\ufffd');
    expect(storable('😀'.repeat(200), 10)).toHaveLength(10);
    expect(storable('😀'.repeat(200), 10).isWellFormed()).toBe(true);
  });
  test('a download that breaks off can be tried again, and leaves nothing', async () => {
    await using box = await root();
    const bytes = await sample();
    await using server = await serve((_, response) => {
      response
        .writeHead(200, { 'content-length': bytes.length })
        .write(bytes.subarray(0, 1_000), () => setTimeout(() => response.destroy(), 20));
    });
    await expect(ingest(`${server.url}/talk.mp4`, box, { allowPrivateUrls: true })).rejects.toMatchObject({
      code: 'NETWORK_ERROR',
    });
    expect(await box.artifacts.list('job-1/')).toEqual([]);
  });
  test('an endless download is stopped at the limit', async () => {
    await using box = await root();
    await using server = await serve((_, response) => {
      response.writeHead(200);
      const more = () => {
        while (response.write(Buffer.alloc(65_536)));
        response.once('drain', more);
      };
      more();
    });
    await expect(ingest(server.url, box, { allowPrivateUrls: true, maxBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    expect(await box.artifacts.list('job-1/')).toEqual([]);
  });
  test.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
    ['no video at all', () => Buffer.from('This is a text file. '.repeat(100)), /neither a video nor an audio track/],
    ['its second half only', (bytes) => bytes.subarray(bytes.length / 2), /neither/],
    ['its first half only', (bytes) => bytes.subarray(0, bytes.length / 2), /cut off/],
    ['zeros', () => Buffer.alloc(10_000), /neither/],
  ])('a corrupt file is refused and not kept: %s', async (_, corrupt, message) => {
    await using box = await root();
    await writeFile(join(box.folder, 'root', 'bad.mp4'), corrupt(await sample()));
    await expect(ingest('bad.mp4', box)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(message),
    });
    expect(await box.artifacts.list('job-1/')).toEqual([]);
  });
  test('stops when it is told to', async () => {
    await using box = await root();
    await writeFile(join(box.folder, 'root', 'a.mp4'), await sample());
    useConfig(settings({ root: join(box.folder, 'root') }));
    const signal = AbortSignal.abort(new Error('left the state'));
    await expect(
      runStep('ingest', { source: 'a.mp4', title: null }, { artifacts: box.artifacts, signal }),
    ).rejects.toThrow('left the state');
  });
});
