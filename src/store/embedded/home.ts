import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { rootFolder } from './binaries.ts';
import { EmbeddedError } from './error.ts';
import { errorCode, readIfThere, requireRootOnly, writeOnce } from './files.ts';
import type { ServerUser } from './files.ts';

// /var/lib comes first: some systems delete old files in /var/tmp.
export const ROOT_FOLDERS: readonly string[] = ['/var/lib/durachart', '/var/tmp/durachart'];

const POINTER = 'location.json';
const OURS = /^(pgdata|pgpass(-superuser)?|port|owner|postgres\.log(\.1)?|location\.json|new-.*|turn-.*|.*\.tmp)$/;

/** Where a server keeps its things: `pgdata` (the cluster), `pgpass`, `pgpass-superuser`, `port`, `owner`, `postgres.log`. */
export interface Home {
  /** real path */
  folder: string;
  /** set when we are root: Postgres refuses to run as root */
  user: ServerUser | undefined;
}

/**
 * Finds or makes the home for the data folder `requested`: that folder itself, except for root when the user Postgres
 * runs as cannot enter it (a clone below /root). Then the home is in `/var/lib/durachart`, under a name kept in
 * `requested`/location.json: whoever removes `requested` starts anew.
 */
export async function findHome(requested: string, log: (line: string) => void): Promise<Home> {
  const folder = resolve(requested);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    const home = process.getuid?.() === 0 ? await homeForRoot(realpathSync(folder), log) : { folder, user: undefined };
    home.folder = realpathSync(home.folder);
    requireOurs(home.folder);
    return home;
  } catch (error) {
    if (error instanceof EmbeddedError) throw error;
    throw unusable(folder, `cannot be used (${errorCode(error) ?? String(error)})`, 'Choose another folder', error);
  }
}

/** A `DATA_DIR_UNUSABLE`: what is wrong with `folder` and what to do. */
export function unusable(folder: string, problem: string, advice: string, cause?: unknown): EmbeddedError {
  return new EmbeddedError('DATA_DIR_UNUSABLE', `The data folder ${folder} ${problem}. ${advice}.`, { cause });
}

function requireOurs(folder: string): void {
  const entries = readdirSync(folder);
  if (entries.includes('PG_VERSION')) {
    throw unusable(folder, 'is a Postgres data folder made by something else', 'Choose another folder');
  }
  const foreign = entries.find((entry) => !OURS.test(entry));
  // The password file comes before the cluster, so a cluster without one was not made by us.
  if (entries.includes('pgdata') ? !entries.includes('pgpass') : foreign !== undefined) {
    const problem = foreign === undefined ? 'has lost its file pgpass' : `has something else in it (${foreign})`;
    throw unusable(folder, problem, 'Choose another folder, one that is empty or does not exist yet');
  }
}

async function homeForRoot(requested: string, log: (line: string) => void): Promise<Home> {
  const pointer = readIfThere(join(requested, POINTER));
  if (pointer !== undefined) return followPointer(requested, pointer, log);
  if (existsSync(join(requested, 'pgdata'))) {
    const user = ownerOf(requested);
    if (canEnter(requested, user)) return { folder: requested, user };
    throw unusable(
      requested,
      `holds a Postgres of the user with id ${user.uid}, who cannot enter it any more`,
      `Give everybody the right to enter it and the folders above (chmod o+x)`,
    );
  }
  const user = findServerUser(log);
  if (canEnter(requested, user)) return { folder: requested, user };
  requireOurs(requested);
  return { folder: await makeElsewhere(requested, log), user };
}

function followPointer(requested: string, pointer: string, log: (line: string) => void): Home {
  const file = join(requested, POINTER);
  let folder: unknown;
  try {
    folder = (JSON.parse(pointer) as { folder?: unknown }).folder;
  } catch {
    // Reported below.
  }
  // Root must not be led to a folder of somebody else's making.
  const valid =
    typeof folder === 'string' && ROOT_FOLDERS.includes(dirname(folder)) && /^data-[0-9a-f-]+$/.test(basename(folder));
  if (!valid)
    throw unusable(requested, `has an unreadable ${POINTER}`, `Remove ${file} to start with an empty database`);
  const home = String(folder);
  if (!existsSync(home)) {
    throw unusable(
      requested,
      `has its data in ${home}, which is gone`,
      `Remove ${file} to start with an empty database`,
    );
  }
  requireRootOnly(dirname(home));
  requireRootOnly(home);
  return { folder: home, user: existsSync(join(home, 'pgdata')) ? ownerOf(home) : findServerUser(log) };
}

async function makeElsewhere(requested: string, log: (line: string) => void): Promise<string> {
  const parent = await rootFolder(ROOT_FOLDERS);
  const prefix = `data-${createHash('sha256').update(requested).digest('hex').slice(0, 12)}-`;
  const older = readdirSync(parent).filter((name) => name.startsWith(prefix));
  const made = join(parent, prefix + randomBytes(4).toString('hex'));
  mkdirSync(made);
  chmodSync(made, 0o755);
  const content = { folder: made, why: 'Postgres does not run as root, and another user cannot enter this folder.' };
  const pointer = writeOnce(join(requested, POINTER), `${JSON.stringify(content, null, 2)}\n`);
  const { folder } = followPointer(requested, pointer, log);
  if (folder !== made) rmSync(made, { recursive: true });
  else if (older.length > 0) {
    log(
      `Data of earlier folders at ${requested} is still in ${parent}: ${older.join(', ')}. Remove it when not needed.`,
    );
  }
  return folder;
}

function ownerOf(home: string): ServerUser {
  const { uid, gid } = statSync(join(home, 'pgdata'));
  if (uid === 0) throw unusable(home, 'has a pgdata that belongs to root', 'Give it back to the user it was made for');
  return { uid, gid };
}

/** Whether a user without further groups can pass through `folder` and all folders above it. */
export function canEnter(folder: string, user: ServerUser): boolean {
  const stat = statSync(folder);
  const shift = stat.uid === user.uid ? 6 : stat.gid === user.gid ? 3 : 0;
  if (((stat.mode >> shift) & 1) === 0) return false;
  return dirname(folder) === folder || canEnter(dirname(folder), user);
}

/** A user to run Postgres as. initdb insists on one that has a name, so a free number is not enough. */
function findServerUser(log: (line: string) => void): ServerUser {
  const known = serverUserIn(readFileSync('/etc/passwd', 'utf8'));
  if (known) return known;
  let cause: unknown;
  try {
    execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/bin/false', 'durachart'], { stdio: 'pipe' });
  } catch (error) {
    cause = error;
  }
  const made = serverUserIn(readFileSync('/etc/passwd', 'utf8'));
  if (made) {
    log('Postgres does not run as root: added the user durachart to run it as.');
    return made;
  }
  throw new EmbeddedError(
    'NO_SERVER_USER',
    'Postgres does not run as root, and there is no user postgres or nobody to run it as. Add one (useradd --system postgres), start as an ordinary user, or use a Postgres of your own.',
    { cause },
  );
}

/** The user to prefer among those in a passwd file. */
export function serverUserIn(passwd: string): ServerUser | undefined {
  for (const name of ['postgres', '_postgres', 'durachart', 'nobody']) {
    const [, , uid, gid] =
      passwd
        .split('\n')
        .find((line) => line.startsWith(`${name}:`))
        ?.split(':') ?? [];
    if (Number(uid) > 0 && Number(gid) >= 0) return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}
