import { createHash } from 'node:crypto';
import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLocalArtifacts } from '../../src/artifacts/local.ts';
import { safeName } from '../../src/artifacts/key.ts';
import type { ArtifactStore } from '../../src/core/artifact.ts';
import { mountSmallDisk } from '../support/small-disk.ts';

let home: string;
let folder: string;
let store: ArtifactStore;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'durachart-artifacts-'));
  folder = join(home, 'artifacts');
  store = createLocalArtifacts(folder);
});
afterEach(() => rm(home, { recursive: true, force: true }));

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

async function text(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Every file under the folder, hidden ones included. */
async function files(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

describe('a stored artifact', () => {
  test('comes back as it was, whatever it was given as', async () => {
    async function* chunks(): AsyncIterable<Uint8Array> {
      yield Buffer.from('strea');
      yield Buffer.from('med');
    }
    const streamed = await store.put('a/streamed.txt', chunks());
    expect(streamed).toEqual({
      key: 'a/streamed.txt',
      size: 8,
      sha256: sha256('streamed'),
      location: join(folder, 'a/streamed.txt'),
    });
    await store.put('a/text.txt', 'naïve');
    await store.put('bytes', new Uint8Array([1, 2, 3]));
    await store.put('empty', '');

    expect(await text(await store.read('a/streamed.txt'))).toBe('streamed');
    expect(await text(await store.read('a/text.txt'))).toBe('naïve');
    expect(await store.stat('bytes')).toMatchObject({ size: 3, sha256: sha256(new Uint8Array([1, 2, 3])) });
    expect(await store.stat('empty')).toMatchObject({ size: 0, sha256: sha256('') });
    expect(store.path?.('a/text.txt')).toBe(join(folder, 'a/text.txt'));
    expect(await readFile(join(folder, 'a/text.txt'), 'utf8')).toBe('naïve');
  });

  test('is replaced by the next one of its key', async () => {
    await store.put('x', 'one');
    const reading = await store.read('x');
    await store.put('x', 'second');
    expect(await text(reading)).toBe('one');
    expect(await text(await store.read('x'))).toBe('second');
    expect(await store.stat('x')).toMatchObject({ sha256: sha256('second') });
  });

  test('is read in part', async () => {
    await store.put('digits', '0123456789');
    expect(await text(await store.read('digits', { start: 2, end: 4 }))).toBe('234');
    expect(await text(await store.read('digits', { start: 7 }))).toBe('789');
    expect(await text(await store.read('digits', { start: 20 }))).toBe('');
    await expect(store.read('digits', { start: 3, end: 2 })).rejects.toMatchObject({ code: 'INVALID_RANGE' });
    await expect(store.read('digits', { start: -1 })).rejects.toMatchObject({ code: 'INVALID_RANGE' });
  });

  test('has a true checksum after somebody changed the file', async () => {
    await store.put('x', 'aaaa');
    await writeFile(join(folder, 'x'), 'bbbb');
    await utimes(join(folder, 'x'), 1, 1);
    expect(await store.stat('x')).toMatchObject({ sha256: sha256('bbbb') });
    expect(await store.stat('x')).toMatchObject({ sha256: sha256('bbbb') });
  });
});

test('a write that breaks off leaves nothing, and the old artifact stays', async () => {
  await store.put('x', 'old');
  async function* broken(): AsyncIterable<Uint8Array> {
    yield Buffer.from('half');
    throw new Error('the network is gone');
  }
  await expect(store.put('x', broken())).rejects.toThrow('the network is gone');
  await expect(store.put('y/z', broken())).rejects.toThrow('the network is gone');
  expect(await text(await store.read('x'))).toBe('old');
  expect(await files()).toEqual(expect.arrayContaining(['x', '.sha256/x']));
  expect(await files()).toHaveLength(2);
});

test('what a killed process left unfinished is removed a day later', async () => {
  await mkdir(join(folder, '.unfinished'), { recursive: true });
  await writeFile(join(folder, '.unfinished/old'), '');
  await utimes(join(folder, '.unfinished/old'), 1, 1);
  await writeFile(join(folder, '.unfinished/of-another-process'), '');
  await store.put('x', '');
  expect(await readdir(join(folder, '.unfinished'))).toEqual(['of-another-process']);
});

test('of writers of one key at the same time the last one wins, whole', async () => {
  const bodies = Array.from({ length: 20 }, (_, i) => String(i).repeat(10_000 + i));
  await Promise.all(bodies.map((body) => store.put('same/key', body)));
  const content = await text(await store.read('same/key'));
  expect(bodies).toContain(content);
  expect(await store.stat('same/key')).toMatchObject({ size: content.length, sha256: sha256(content) });
});

test('writes and deletes in one folder do not trip over each other', async () => {
  await Promise.all(
    Array.from({ length: 60 }, async (_, i) => {
      await store.put(`deep/er/${i % 5}-${i}`, 'x');
      await store.delete(`deep/er/${i % 5}-${i}`);
    }),
  );
  expect(await store.list('')).toEqual([]);
  expect(await readdir(folder)).not.toContain('deep');
});

test('list gives the artifacts of a prefix in the order of their keys', async () => {
  expect(await store.list('')).toEqual([]);
  for (const key of ['b/2', 'b/10', 'a', 'b.txt', 'b/x/y', 'c']) await store.put(key, key);
  await writeFile(join(folder, 'not a key'), '');
  const keys = async (prefix: string): Promise<string[]> => (await store.list(prefix)).map((each) => each.key);
  expect(await keys('')).toEqual(['a', 'b.txt', 'b/10', 'b/2', 'b/x/y', 'c']);
  expect(await keys('b')).toEqual(['b.txt', 'b/10', 'b/2', 'b/x/y']);
  expect(await keys('b/')).toEqual(['b/10', 'b/2', 'b/x/y']);
  expect(await keys('b/1')).toEqual(['b/10']);
  expect(await keys('a/')).toEqual([]);
  expect(await keys('nothing/here')).toEqual([]);
  await expect(store.list('../')).rejects.toMatchObject({ code: 'INVALID_ARTIFACT_KEY' });
});

test('delete removes one artifact; a missing one is no error', async () => {
  await store.put('a/b', 'x');
  await store.put('a/c', 'x');
  await store.delete('a/b');
  await store.delete('a/b');
  await store.delete('a');
  expect(await store.stat('a/b')).toBeUndefined();
  expect(await store.stat('a/c')).toBeDefined();
  await expect(store.read('a/b')).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND', details: { key: 'a/b' } });
  await expect(store.read('a')).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
});

describe('a key', () => {
  const invalid = { code: 'INVALID_ARTIFACT_KEY' };

  test.each([
    '',
    '/',
    '/etc/passwd',
    'a//b',
    'a/',
    '..',
    '../x',
    'a/../../x',
    'a/./b',
    '.hidden',
    'a/.b',
    '.sha256/x',
    'a\\b',
    'C:x',
    'a b',
    'ä',
    'a\0b',
    'a\nb',
    '\ud800',
    "it's",
    'a'.repeat(301),
    'a'.repeat(256),
    '%2e%2e',
  ])('%j is refused', async (key) => {
    await expect(store.put(key, 'x')).rejects.toMatchObject(invalid);
    await expect(store.read(key)).rejects.toMatchObject(invalid);
    await expect(store.stat(key)).rejects.toMatchObject(invalid);
    await expect(store.delete(key)).rejects.toMatchObject(invalid);
    expect(() => store.path?.(key)).toThrow(expect.objectContaining(invalid) as Error);
  });

  test('of any text is refused or stays inside the folder', () => {
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom('a', '.', '/', '..', '-', '\\', '\0', '~')).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (key) => {
        let path: string | undefined;
        try {
          path = store.path?.(key);
        } catch (error) {
          expect(error).toMatchObject(invalid);
          return;
        }
        expect(path?.startsWith(`${folder}/`)).toBe(true);
      }),
    );
  });

  test('cannot go through a symbolic link, nor be one', async () => {
    await mkdir(join(home, 'outside'));
    await writeFile(join(home, 'outside/secret'), 'secret');
    await store.put('x', 'x');
    await symlink(join(home, 'outside'), join(folder, 'link'));
    await symlink(join(home, 'outside/secret'), join(folder, 'file'));
    for (const key of ['link/secret', 'link/new', 'file']) {
      await expect(store.put(key, 'overwritten')).rejects.toMatchObject(invalid);
      await expect(store.read(key)).rejects.toMatchObject(invalid);
      await expect(store.stat(key)).rejects.toMatchObject(invalid);
    }
    expect((await store.list('')).map((each) => each.key)).toEqual(['x']);
    expect(await readdir(join(home, 'outside'))).toEqual(['secret']);
    expect(await readFile(join(home, 'outside/secret'), 'utf8')).toBe('secret');
  });

  test('cannot be a second name of a file from elsewhere', async () => {
    await store.put('mine', 'mine');
    await writeFile(join(home, 'secret'), 'secret');
    await link(join(home, 'secret'), join(folder, 'linked'));
    await expect(store.read('linked')).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    expect(await store.stat('linked')).toBeUndefined();
    expect((await store.list('')).map((each) => each.key)).toEqual(['mine']);
    // What is stored there anew is a file of its own.
    await store.put('linked', 'new');
    expect(await text(await store.read('linked'))).toBe('new');
    expect(await readFile(join(home, 'secret'), 'utf8')).toBe('secret');
  });

  test('cannot be an artifact and a folder of artifacts', async () => {
    await store.put('a', 'x');
    await expect(store.put('a/b', 'x')).rejects.toMatchObject({
      ...invalid,
      message: expect.stringContaining('goes through another artifact') as string,
    });
    await store.put('c/d', 'x');
    await expect(store.put('c', 'x')).rejects.toMatchObject({
      ...invalid,
      message: expect.stringContaining('is a folder') as string,
    });
    expect(await readdir(join(folder, '.unfinished'))).toEqual([]);
  });
});

test('safeName makes a part of a key of any name', () => {
  expect(safeName('Mein Film (1).MP4')).toBe('Mein-Film-1-.MP4');
  expect(safeName('../../etc/passwd')).toBe('etc-passwd');
  expect(safeName('日本')).toBe('file');
  expect(safeName(`${'x'.repeat(300)}.mp4`)).toMatch(/^x+\.mp4$/);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (name) => store.path?.(safeName(name)) !== undefined),
  );
});

describe('the folder', () => {
  test('is for the user of the process alone', async () => {
    await store.put('a/b/c', 'x');
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const modes = await Promise.all(
      entries.map(async (entry) => {
        const { mode } = await stat(join(entry.parentPath, entry.name));
        return `${entry.isFile() ? 'file' : 'folder'} ${(mode & 0o777).toString(8)}`;
      }),
    );
    expect([...new Set(modes)].toSorted()).toEqual(['file 600', 'folder 700']);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  test('that is full or cannot be written to says so, and keeps nothing by halves', async (context) => {
    await mkdir(folder);
    const disk = mountSmallDisk(folder, '64k');
    if (disk === undefined) return context.skip('a small disk cannot be mounted here');
    try {
      await store.put('fits', 'x'.repeat(1_000));
      const before = await files();
      await expect(store.put('large', 'x'.repeat(100_000))).rejects.toMatchObject({
        code: 'ARTIFACTS_FULL',
        details: { reason: 'ENOSPC' },
        message: expect.stringContaining(folder) as string,
      });
      expect(await files()).toEqual(before);
      disk.makeReadOnly();
      for (const call of [() => store.put('more', 'x'), () => store.delete('fits')])
        await expect(call()).rejects.toMatchObject({ code: 'ARTIFACTS_UNAVAILABLE', details: { reason: 'EROFS' } });
      expect(await text(await store.read('fits'))).toBe('x'.repeat(1_000));
    } finally {
      disk.unmount();
    }
  });
});
