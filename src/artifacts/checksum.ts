import { createHash, randomUUID } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { mkdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PRIVATE_FILE, PRIVATE_FOLDER, type PlainFile } from './plain-file.ts';

/** Checksums, so that `stat` need not read large files. No key leads there. Only a cache: the bytes are the truth. */
const CHECKSUMS = '.sha256';

/** The SHA-256 of an artifact: the kept one if the file is still the one it was taken from, else computed. */
export async function checksumOf(root: string, key: string, file: PlainFile): Promise<string> {
  const kept = await readFile(join(root, CHECKSUMS, key), 'utf8').catch(() => '');
  const [sha256, print] = kept.trim().split(' ');
  if (sha256 !== undefined && sha256.length === 64 && print === fingerprint(file.info)) return sha256;
  const hash = createHash('sha256');
  for await (const chunk of file.handle.createReadStream({ autoClose: false })) hash.update(chunk as Uint8Array);
  const computed = hash.digest('hex');
  await keepChecksum(root, key, computed, file.info);
  return computed;
}

/**
 * Keeps the checksum of a file. Without a kept one everything works, only slower: failing to keep it is no error.
 * @param info of the very file that the checksum was taken from
 */
export async function keepChecksum(root: string, key: string, sha256: string, info: BigIntStats): Promise<void> {
  const target = join(root, CHECKSUMS, key);
  const unfinished = `${dirname(target)}/.${randomUUID()}`;
  try {
    await mkdir(dirname(target), { recursive: true, mode: PRIVATE_FOLDER });
    await writeFile(unfinished, `${sha256} ${fingerprint(info)}\n`, { mode: PRIVATE_FILE });
    await rename(unfinished, target);
  } catch {
    await rm(unfinished, { force: true }).catch(() => {});
  }
}

export async function forgetChecksum(root: string, key: string): Promise<void> {
  const target = join(root, CHECKSUMS, key);
  await rm(target, { force: true }).catch(() => {});
  await removeEmptyFolders(dirname(target), join(root, CHECKSUMS));
}

/** Removes a folder and those above it, up to but without `root`, as long as they are empty. */
export async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  if (folder === root) return;
  try {
    await rmdir(folder);
  } catch {
    return;
  }
  await removeEmptyFolders(dirname(folder), root);
}

/** Differs when the file was replaced or written to. */
function fingerprint(info: BigIntStats): string {
  return `${info.size}:${info.mtimeNs}:${info.ino}`;
}
