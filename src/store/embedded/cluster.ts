import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SERVER_ENV } from './binaries.ts';
import type { Binaries } from './binaries.ts';
import { EmbeddedError } from './error.ts';
import { errorCode, readIfThere, syncFolder, writeOnce } from './files.ts';
import { unusable } from './home.ts';
import type { Home } from './home.ts';
import { mark } from './turn.ts';

/** Name of the engine's role and of its database. */
export const NAME = 'durachart';
/** Name of the cluster's superuser, which sets it up and does nothing else. */
export const SUPERUSER = 'durachart_superuser';

export interface Passwords {
  engine: string;
  superuser: string;
}

/** The passwords, made the first time. Kept in files that psql understands (PGPASSFILE) and only their owner can read. */
export function passwords(home: Home): Passwords {
  return { engine: password(home, 'pgpass', NAME), superuser: password(home, 'pgpass-superuser', SUPERUSER) };
}

function password(home: Home, file: string, user: string): string {
  const path = join(home.folder, file);
  const line = readIfThere(path) ?? writeOnce(path, `127.0.0.1:*:*:${user}:${randomBytes(24).toString('base64url')}\n`);
  const found = /^127\.0\.0\.1:\*:\*:(\w+):([\w-]+)\n/.exec(line);
  if (found?.[1] === user && found[2] !== undefined) return found[2];
  throw unusable(home.folder, `has an unreadable file ${file}`, 'Restore the file, or remove the folder to start anew');
}

/** Whether the home has a cluster already. Refuses one of another major version, and one that we may not read. */
export function hasCluster(home: Home, major: string): boolean {
  const version = readVersion(home);
  if (version === undefined || version === major) return version !== undefined;
  throw unusable(
    home.folder,
    `was made by Postgres ${version}, but this is Postgres ${major}`,
    `Dump it with Postgres ${version} and load it into a new folder, or choose another folder`,
  );
}

/**
 * Makes the cluster `pgdata`. It is made under another name and renamed when complete, so one whose making was
 * interrupted is never taken for a whole one, and of several made at the same time one is kept.
 */
export async function makeCluster(home: Home, binaries: Binaries, secret: string): Promise<void> {
  removeAbandoned(home.folder);
  const work = join(home.folder, `new-${process.pid}-${mark(process.pid)}-${randomBytes(4).toString('hex')}`);
  try {
    await initialize(home, binaries, secret, work);
    renameSync(join(work, 'pgdata'), join(home.folder, 'pgdata'));
    syncFolder(home.folder);
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function readVersion(home: Home): string | undefined {
  try {
    const version = readIfThere(join(home.folder, 'pgdata', 'PG_VERSION'))?.trim();
    if (version !== undefined || !readdirSync(home.folder).includes('pgdata')) return version;
  } catch (error) {
    throw unusable(
      home.folder,
      `belongs to another user (${errorCode(error)})`,
      'Start as that user, or choose another folder',
      error,
    );
  }
  throw unusable(
    home.folder,
    'has a pgdata without PG_VERSION',
    'Remove the folder to start anew, or choose another one',
  );
}

async function initialize(home: Home, binaries: Binaries, secret: string, work: string): Promise<void> {
  const pgdata = join(work, 'pgdata');
  const passwordFile = join(work, 'password');
  mkdirSync(work);
  chmodSync(work, 0o711);
  mkdirSync(pgdata, { mode: 0o700 });
  writeFileSync(passwordFile, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  if (home.user) for (const path of [pgdata, passwordFile]) chownSync(path, home.user.uid, home.user.gid);
  // The built-in C.UTF-8 sorts by code point: as fast as C, the same everywhere, and it knows all letters' cases.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = ['--auth=scram-sha-256', `--username=${SUPERUSER}`, `--pwfile=${passwordFile}`];
  try {
    await promisify(execFile)(binaries.initdb, [`--pgdata=${pgdata}`, ...locale, ...access, '--no-instructions'], {
      env: SERVER_ENV,
      cwd: '/',
      ...home.user,
    });
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new EmbeddedError('START_FAILED', `A Postgres database could not be made in ${home.folder}. ${words}`, {
      cause: error,
    });
  }
}

/** Removes what starts that were killed while making the cluster left behind. */
function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, pid, started] = /^new-(\d+)-(\w*)-/.exec(name) ?? [];
    if (!pid || mark(Number(pid)) === started) continue;
    // An initdb that outlived its parent may still be writing there; then the next start finds it.
    try {
      rmSync(join(folder, name), { recursive: true, force: true });
    } catch {}
  }
}

/** Port of the last run, if the home has one. */
export function keptPort(home: Home): number | undefined {
  return Number(readIfThere(join(home.folder, 'port'))) || undefined;
}
