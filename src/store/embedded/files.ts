import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchownSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { EmbeddedError } from './error.ts';

/** The user Postgres runs as when we are root. */
export interface ServerUser {
  uid: number;
  gid: number;
}

/** The `code` of a system error (`ENOENT`, …), if it is one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** Contents of a text file; undefined when it does not exist. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes the names in a folder survive a power failure. */
export function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeBeside(path: string, content: string): string {
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    writeFileSync(fd, content);
    fsyncSync(fd);
    return temporary;
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Writes a file (mode 0600) that is always either whole or absent, replacing an older one. */
export function replaceFile(path: string, content: string): void {
  renameSync(writeBeside(path, content), path);
}

/** Like `replaceFile`, but the first writer wins: returns what the file holds in the end. */
export function writeOnce(path: string, content: string): string {
  const temporary = writeBeside(path, content);
  try {
    linkSync(temporary, path);
    syncFolder(dirname(path));
    return content;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    return readFileSync(path, 'utf8');
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Opens a log for appending. A log created by root is given to `user`, so that later starts as that user can go on with it. */
export function openLog(path: string, user: ServerUser | undefined): number {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW;
  try {
    const fd = openSync(path, flags | constants.O_CREAT | constants.O_EXCL, 0o600);
    if (user) fchownSync(fd, user.uid, user.gid);
    return fd;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    return openSync(path, flags);
  }
}

/** Root executes and believes what lies in `path`: refuses it unless only root can change it. */
export function requireRootOnly(path: string): void {
  const stat = lstatSync(path);
  if (stat.isDirectory() && stat.uid === 0 && (stat.mode & 0o022) === 0) return;
  throw new EmbeddedError(
    'UNSAFE_FOLDER',
    `${path} must be a folder that belongs to root and that nobody else can write to, but it is not. Look who made it, then remove it and start again.`,
  );
}
