import { createHash, randomUUID } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Artifact, ArtifactStore } from '../core/artifact.ts';
import { DurachartError } from '../core/error.ts';
import { assertKey, invalidKey } from './key.ts';
import { assertInside, PRIVATE_FILE, PRIVATE_FOLDER, readPlainFile, type PlainFile } from './plain-file.ts';
import { checksumOf, forgetChecksum, keepChecksum, removeEmptyFolders } from './checksum.ts';
import { asUnavailable } from './unavailable.ts';

/** Files that are being written; no key leads there. */
const UNFINISHED = '.unfinished';
/** Older ones belong to processes that were killed. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * An artifact store in a folder: one file an artifact, its path the key, so that people find it.
 * A file appears when all of it is on the disk. Only the user of this process may read it, as its values may be anybody's. Symbolic
 * links are not followed, and a file that has a second name (a hard link) is none: it may be one from elsewhere.
 * The range of `read` is in bytes, `end` included, as in HTTP and S3.
 * @param folder made when the first artifact is stored
 * @throws DurachartError from every method: `INVALID_ARTIFACT_KEY`, `ARTIFACTS_FULL`, `ARTIFACTS_UNAVAILABLE`; from `read`: `ARTIFACT_NOT_FOUND`, `INVALID_RANGE`
 */
export function createLocalArtifacts(folder: string): ArtifactStore {
  return new LocalArtifacts(resolve(folder));
}

class LocalArtifacts implements ArtifactStore {
  private readonly root: string;
  private swept: Promise<void> | undefined;

  constructor(root: string) {
    this.root = root;
  }

  async put(key: string, body: Uint8Array | string | AsyncIterable<Uint8Array>): Promise<Artifact> {
    const target = this.path(key);
    const unfinished = join(this.root, UNFINISHED);
    const file = join(unfinished, randomUUID());
    try {
      await mkdir(unfinished, { recursive: true, mode: PRIVATE_FOLDER });
      // What is left over takes room, and is no reason to take nothing in.
      await (this.swept ??= sweep(unfinished).catch(() => {}));
      const { info, sha256 } = await write(file, body);
      await this.move(key, file, target);
      await keepChecksum(this.root, key, sha256, info);
      return { key, size: Number(info.size), sha256, location: target };
    } catch (error) {
      await rm(file, { force: true }).catch(() => {});
      throw asUnavailable(error, this.root);
    }
  }

  async read(key: string, range?: { start: number; end?: number }): Promise<AsyncIterable<Uint8Array>> {
    const { start, end } = range ?? { start: 0 };
    if (!isOffset(start) || (end !== undefined && (!isOffset(end) || end < start))) {
      throw new DurachartError(
        'INVALID_RANGE',
        'The range of an artifact is 0 <= start <= end, in bytes, end included.',
        {
          details: { start, end },
        },
      );
    }
    const file = await this.open(key);
    if (file === undefined) {
      throw new DurachartError('ARTIFACT_NOT_FOUND', `There is no artifact ${key}.`, { details: { key } });
    }
    // The open file is read to its end even if the artifact is replaced or deleted meanwhile.
    return file.handle.createReadStream({ start, ...(end === undefined ? {} : { end }) });
  }

  async stat(key: string): Promise<Artifact | undefined> {
    const file = await this.open(key);
    if (file === undefined) return undefined;
    try {
      const sha256 = await checksumOf(this.root, key, file);
      return { key, size: Number(file.info.size), sha256, location: this.path(key) };
    } catch (error) {
      throw asUnavailable(error, this.root);
    } finally {
      await file.handle.close();
    }
  }

  async list(prefix: string): Promise<Artifact[]> {
    const cut = prefix.lastIndexOf('/');
    if (cut >= 0) assertKey(prefix.slice(0, cut));
    const keys: string[] = [];
    await collect(this.root, cut < 0 ? '' : prefix.slice(0, cut), keys).catch((error: unknown) => {
      throw asUnavailable(error, this.root);
    });
    const found: Artifact[] = [];
    for (const key of keys.filter((each) => each.startsWith(prefix)).toSorted(byCodeUnit)) {
      const artifact = await this.stat(key);
      if (artifact !== undefined) found.push(artifact);
    }
    return found;
  }

  async delete(key: string): Promise<void> {
    const target = this.path(key);
    await rm(target, { force: true }).catch((error: unknown) => {
      // A folder holds other artifacts, and is none itself.
      if (!['ERR_FS_EISDIR', 'ENOTDIR'].includes(codeOf(error))) throw asUnavailable(error, this.root);
    });
    await forgetChecksum(this.root, key);
    await removeEmptyFolders(dirname(target), this.root);
  }

  path(key: string): string {
    assertKey(key);
    assertInside(this.root, key);
    return join(this.root, key);
  }

  private async open(key: string): Promise<PlainFile | undefined> {
    try {
      return await readPlainFile(this.path(key));
    } catch (error) {
      throw asUnavailable(error, this.root);
    }
  }

  private async move(key: string, file: string, target: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await makeFolders(this.root, dirname(target));
        await rename(file, target);
        return await sync(dirname(target));
      } catch (error) {
        const code = codeOf(error);
        // A delete next door took the empty folder away.
        if (code === 'ENOENT' && attempt < 10) continue;
        if (['EEXIST', 'ENOTDIR'].includes(code)) throw invalidKey(key, 'goes through another artifact', error);
        if (['EISDIR', 'ENOTEMPTY'].includes(code)) throw invalidKey(key, 'is a folder of other artifacts', error);
        throw error;
      }
    }
  }
}

async function write(
  path: string,
  body: Uint8Array | string | AsyncIterable<Uint8Array>,
): Promise<{ info: BigIntStats; sha256: string }> {
  const hash = createHash('sha256');
  const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, PRIVATE_FILE);
  try {
    const append = async (chunk: Uint8Array): Promise<void> => {
      hash.update(chunk);
      await handle.writeFile(chunk);
    };
    if (typeof body === 'string') await append(Buffer.from(body));
    else if (body instanceof Uint8Array) await append(body);
    else for await (const chunk of body) await append(chunk);
    await handle.sync();
    return { info: await handle.stat({ bigint: true }), sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

/** Like `mkdir -p`, each new folder put on the disk. */
async function makeFolders(root: string, folder: string): Promise<void> {
  if (folder === root) return;
  await makeFolders(root, dirname(folder));
  try {
    await mkdir(folder, PRIVATE_FOLDER);
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    throw error;
  }
  await sync(dirname(folder));
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function collect(root: string, key: string, into: string[]): Promise<void> {
  const entries = await readdir(join(root, key), { withFileTypes: true }).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return [];
    throw error;
  });
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const inner = key === '' ? entry.name : `${key}/${entry.name}`;
    if (entry.isDirectory()) await collect(root, inner, into);
    else if (entry.isFile() && isKey(inner)) into.push(inner);
  }
}

/** Removes what killed processes left. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const info = await stat(path).catch(() => undefined);
    if (info !== undefined && Date.now() - info.mtimeMs > ABANDONED_AFTER_MS) await rm(path, { force: true });
  }
}

/** Files that people put there may have names that no key has. */
function isKey(name: string): boolean {
  try {
    assertKey(name);
    return true;
  } catch {
    return false;
  }
}

function isOffset(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
