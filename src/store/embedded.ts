import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { findBinaries } from './embedded/binaries.ts';
import type { Binaries } from './embedded/binaries.ts';
import { NAME, hasCluster, keptPort, makeCluster, password } from './embedded/cluster.ts';
import { EmbeddedError } from './embedded/error.ts';
import { errorCode, replaceFile } from './embedded/files.ts';
import { ROOT_FOLDERS, findHome, unusable } from './embedded/home.ts';
import type { Home } from './embedded/home.ts';
import { disarmStalePid, findRunning } from './embedded/processes.ts';
import { adoptOrphan, launch, noteOwner } from './embedded/server.ts';
import type { Launched } from './embedded/server.ts';

export { EmbeddedError } from './embedded/error.ts';
export type { EmbeddedErrorCode } from './embedded/error.ts';

/** Recovery after a crash counts in here, which with a lot of WAL takes its time. */
const START_TIMEOUT_MS = 180_000;
/** How long backends of a dead server are waited for: they finish the statement they are in. */
const LEFTOVERS_TIMEOUT_MS = 30_000;

export interface EmbeddedOptions {
  /** Folder for the database, made when missing. Must be empty or have been made by an earlier start. */
  dataDir: string;
  /** Port on 127.0.0.1. Default: a free one the first time, kept with the data folder afterwards. */
  port?: number;
  /** Gets lines for the user about what is out of the ordinary. */
  log?: (line: string) => void;
}

export interface EmbeddedServer {
  /** `postgres://durachart:<password>@127.0.0.1:<port>/durachart` */
  url: string;
  port: number;
  /** Where the data really is: the folder with `pgdata`, `pgpass` and `postgres.log`. */
  dataDir: string;
  /** Process id of the postmaster. */
  pid: number;
  /** false: another process that still lives started it, we only use it */
  owned: boolean;
  /** Line to type into a shell to get at the database; without the password. */
  psql: string;
  /**
   * Shuts the server down and waits until it has exited; does nothing when it is not `owned` or stopped already.
   * Without a call the server is told to shut down when this process exits.
   */
  stop(): Promise<void>;
}

/**
 * Starts the Postgres that comes with this package, or joins the one that runs on `dataDir` already. Creates the
 * database `durachart` on the first start. For root, Postgres runs as another user, and where that user cannot enter
 * `dataDir`, the data is kept in /var/lib/durachart.
 *
 * A server left behind by a process that was killed is taken over (`owned`). A server that is joined keeps its port,
 * whatever `port` says. Linux and macOS.
 *
 * @throws EmbeddedError see `EmbeddedErrorCode`
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const log = options.log ?? (() => {});
  const home = await findHome(options.dataDir, log);
  const binaries = await findBinaries(home.user, ROOT_FOLDERS);
  const pgdata = join(home.folder, 'pgdata');
  const made = hasCluster(home, binaries.major);
  const secret = password(home);
  if (!made) await makeCluster(home, binaries, secret);

  // Of several starts at the same time Postgres lets one through (postmaster.pid); the others come round to join it.
  const began = Date.now();
  let port = options.port ?? keptPort(home) ?? (await freePort());
  for (;;) {
    const running = findRunning(pgdata);
    if (running) {
      if (running.port !== undefined && (await answers(home, secret, running.port))) {
        if (options.port !== undefined && options.port !== running.port) {
          log(`Postgres already runs on port ${running.port}, so port ${options.port} is not used.`);
        }
        const adopted = adoptOrphan(home, running.pid);
        return describe(home, secret, running.pid, running.port, adopted?.stop);
      }
    } else {
      const launched = await tryLaunch(home, binaries, secret, port, log);
      if (launched === 'port taken') {
        if (options.port !== undefined) throw portTaken(port);
        port = await freePort();
      } else if (launched !== 'data in use') {
        return describe(home, secret, launched.pid, port, launched.stop);
      } else if (Date.now() - began > LEFTOVERS_TIMEOUT_MS && !findRunning(pgdata)) {
        throw unusable(
          home.folder,
          'is still in use by processes of a Postgres that died',
          'Wait until they end (ps -ef | grep postgres), or end them, and start again',
        );
      }
    }
    if (Date.now() - began > START_TIMEOUT_MS) throw startFailed(home, 'Postgres runs, but does not answer.');
    await sleep(100);
  }
}

async function tryLaunch(
  home: Home,
  binaries: Binaries,
  secret: string,
  port: number,
  log: (line: string) => void,
): Promise<Launched | 'port taken' | 'data in use'> {
  const pgdata = join(home.folder, 'pgdata');
  disarmStalePid(pgdata);
  let launched: Launched;
  try {
    launched = await launch(home, binaries, port);
  } catch (error) {
    throw startFailed(home, error instanceof Error ? error.message : String(error), error);
  }
  try {
    const began = Date.now();
    // Asked only when postmaster.pid says it is ready: before that, somebody else may be listening on the port.
    for (let pause = 10; !(isReady(pgdata, launched.pid) && (await answers(home, secret, port))); pause = 50) {
      if (!launched.alive()) {
        if (launched.said('could not bind') && launched.said('in use')) return 'port taken';
        if (launched.said('lock file "postmaster.pid"') || launched.said('shared memory block')) return 'data in use';
        throw startFailed(home, launched.words().slice(-2000));
      }
      if (Date.now() - began > START_TIMEOUT_MS) throw startFailed(home, launched.words().slice(-2000));
      await sleep(pause);
    }
    noteOwner(home, launched.pid);
    replaceFile(join(home.folder, 'port'), `${port}\n`);
  } catch (error) {
    await launched.stop();
    throw error;
  }
  let stopping = false;
  launched.child.once('exit', (code, signal) => {
    if (!stopping)
      log(`Postgres ended by itself (${signal ?? `code ${code}`}). See ${join(home.folder, 'postgres.log')}.`);
  });
  launched.child.unref();
  return {
    ...launched,
    stop: () => {
      stopping = true;
      return launched.stop();
    },
  };
}

function isReady(pgdata: string, pid: number): boolean {
  const running = findRunning(pgdata);
  return running?.pid === pid && running.port !== undefined;
}

/** Whether the server on our port lets us in; makes sure of the database `durachart` on the way. */
async function answers(home: Home, secret: string, port: number): Promise<boolean> {
  const url = urlOf(secret, port, 'postgres');
  const sql = postgres(url, { max: 1, connect_timeout: 5, fetch_types: false, onnotice: () => {} });
  try {
    const [there] = await sql`select from pg_database where datname = ${NAME}`;
    if (!there) await sql`create database ${sql(NAME)}`;
    return true;
  } catch (error) {
    const code = errorCode(error) ?? '';
    // Another start just created it.
    if (code === '42P04' || code === '23505') return true;
    if (code === '28P01') {
      throw unusable(
        home.folder,
        'has a password in pgpass that its Postgres does not accept',
        'Restore pgpass',
        error,
      );
    }
    // 57P..: starting up or shutting down; no SQLSTATE: no connection.
    if (code.startsWith('57P') || code.length !== 5) return false;
    throw startFailed(home, error instanceof Error ? error.message : String(error), error);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function describe(home: Home, secret: string, pid: number, port: number, stop?: () => Promise<void>): EmbeddedServer {
  const pgpass = join(home.folder, 'pgpass').replaceAll("'", `'\\''`);
  return {
    url: urlOf(secret, port, NAME),
    port,
    dataDir: home.folder,
    pid,
    owned: stop !== undefined,
    psql: `PGPASSFILE='${pgpass}' psql -h 127.0.0.1 -p ${port} -U ${NAME} ${NAME}`,
    stop: stop ?? (() => Promise.resolve()),
  };
}

function urlOf(secret: string, port: number, database: string): string {
  return `postgres://${NAME}:${secret}@127.0.0.1:${port}/${database}`;
}

function portTaken(port: number): EmbeddedError {
  return new EmbeddedError(
    'PORT_TAKEN',
    `Port ${port} on 127.0.0.1 is in use by another program. Stop that program, or choose another port, or none: then a free one is used.`,
  );
}

function startFailed(home: Home, words: string, cause?: unknown): EmbeddedError {
  const file = join(home.folder, 'postgres.log');
  return new EmbeddedError('START_FAILED', `Postgres does not start on ${home.folder} (see ${file}). ${words}`, {
    cause,
  });
}

/** A port nobody listens on right now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
