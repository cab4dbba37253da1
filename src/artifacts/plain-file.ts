import { constants, lstatSync, type BigIntStats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidKey } from './key.ts';

/** What is stored may be anybody's invoice: for the user of this process alone. */
export const PRIVATE_FOLDER = 0o700;
export const PRIVATE_FILE = 0o600;

/** An ordinary file, open for reading. Who gets it closes it. */
export interface PlainFile {
  handle: FileHandle;
  info: BigIntStats;
}

/**
 * Makes sure that nothing on the way to a key is a symbolic link; what is not there yet passes.
 * @param root absolute; it may itself be a link
 * @throws DurachartError `INVALID_ARTIFACT_KEY`
 */
export function assertInside(root: string, key: string): void {
  let path = root;
  for (const segment of key.split('/')) {
    path = join(path, segment);
    const info = lstatSync(path, { throwIfNoEntry: false });
    if (info?.isSymbolicLink()) throw invalidKey(key, 'goes through a symbolic link');
    if (!info?.isDirectory()) return;
  }
}

/** Opens a file; undefined where there is none, or something else by that name. */
export async function readPlainFile(path: string): Promise<PlainFile | undefined> {
  let handle: FileHandle;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for its other end.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  const info = await handle.stat({ bigint: true });
  // A second name may lie in a folder of which nothing is to be given away.
  if (info.isFile() && info.nlink === 1n) return { handle, info };
  await handle.close();
  return undefined;
}
