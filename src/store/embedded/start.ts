import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import type { Binaries } from './binaries.ts';
import { NAME, SUPERUSER, keptPort, type Passwords } from './cluster.ts';
import { EmbeddedError } from './error.ts';
import { errorCode, replaceFile } from './files.ts';
import { unusable } from './home.ts';
import type { Home } from './home.ts';
import { hasOwner, noteOwner } from './owner.ts';
import { disarmStalePid, findRunning } from './processes.ts';
import { adopt, launch } from './server.ts';
import type { Launched, Postmaster } from './server.ts';
import { isLoginRefused, setUp } from './setup.ts';
import { inTurn } from './turn.ts';

/** Recovery after a crash counts in here, which with a lot of WAL takes its time. */
const START_TIMEOUT_MS = 180_000;
/** How long backends of a dead server are waited for: they finish the statement they are in. */
const LEFTOVERS_TIMEOUT_MS = 30_000;
/** A disk with less room than this, in bytes, takes no new file of Postgres' log of writes. */
const FULL = 16_777_216;

/** A cluster, and what it takes to run it. */
export interface Cluster {
  home: Home;
  binaries: Binaries;
  passwords: Passwords;
  log: (line: string) => void;
}

/** A server that lets us in. */
export interface Running {
  pid: number;
  port: number;
  /** Where this process is the one responsible for it. */
  postmaster: Postmaster | undefined;
}

/** Starts the server, or joins the one that runs. @param wanted port; undefined: the last one, or a free one */
export async function startOrJoin(cluster: Cluster, wanted: number | undefined): Promise<Running> {
  const { home, log } = cluster;
  // Of several starts at the same time one is let through (inTurn); the others come round to join it.
  const began = Date.now();
  let port = wanted ?? keptPort(home) ?? (await freePort());
  for (;;) {
    const running = findRunning(pgdataOf(home));
    if (running) {
      if (running.port !== undefined && (await answers(cluster, running.port))) {
        if (wanted !== undefined && wanted !== running.port) {
          log(`Postgres already runs on port ${running.port}, so port ${wanted} is not used.`);
        }
        return { pid: running.pid, port: running.port, postmaster: await adoptOrphan(home, running.pid) };
      }
    } else {
      const launched = await tryLaunch(cluster, port);
      if (launched === 'port taken') {
        if (wanted !== undefined) throw portTaken(port);
        port = await freePort();
      } else if (typeof launched === 'object') {
        return { pid: launched.pid, port, postmaster: launched };
      } else if (launched === 'data in use') {
        if (Date.now() - began > LEFTOVERS_TIMEOUT_MS && !findRunning(pgdataOf(home))) throw leftovers(home);
      }
    }
    if (Date.now() - began > START_TIMEOUT_MS) throw startFailed(home, 'Postgres runs, but does not answer.');
    await sleep(100);
  }
}

/** Takes over the postmaster `pid` where nobody is responsible for it. */
export async function adoptOrphan(home: Home, pid: number): Promise<Postmaster | undefined> {
  if (hasOwner(home, pid)) return undefined;
  // The process that starts one is noted as its owner before the turn is over.
  return inTurn(home, () => (hasOwner(home, pid) ? undefined : adopt(home, pid)));
}

/**
 * Starts the server, unless another process is at it or has done so.
 * @param isWanted asked while it starts: where it is not any longer, what was begun is undone
 */
export async function tryLaunch(
  cluster: Cluster,
  port: number,
  isWanted: () => boolean = () => true,
): Promise<Launched | 'port taken' | 'data in use' | 'not now'> {
  const { home } = cluster;
  const launched = await inTurn(home, () =>
    findRunning(pgdataOf(home)) === undefined && isWanted() ? launchNow(cluster, port, isWanted) : undefined,
  );
  return launched ?? 'not now';
}

async function launchNow(
  cluster: Cluster,
  port: number,
  isWanted: () => boolean,
): Promise<Launched | 'port taken' | 'data in use' | 'not now'> {
  const { home, binaries } = cluster;
  const pgdata = pgdataOf(home);
  let launched: Launched;
  try {
    disarmStalePid(pgdata);
    launched = await launch(home, binaries, port);
  } catch (error) {
    throw startFailed(home, error instanceof Error ? error.message : String(error), error);
  }
  try {
    const began = Date.now();
    // Asked only when postmaster.pid says it is ready: before that, somebody else may be listening on the port.
    for (let pause = 10; !(isReady(pgdata, launched.pid) && (await answers(cluster, port))); pause = 50) {
      if (!launched.alive()) {
        if (launched.said('could not bind') && launched.said('in use')) return 'port taken';
        if (launched.said('lock file "postmaster.pid"') || launched.said('shared memory block')) return 'data in use';
        throw startFailed(home, launched.words().slice(-2000));
      }
      if (!isWanted()) {
        await launched.stop();
        return 'not now';
      }
      if (Date.now() - began > START_TIMEOUT_MS) throw startFailed(home, launched.words().slice(-2000));
      await sleep(pause);
    }
    noteOwner(home, launched.pid);
    if (keptPort(home) !== port) replaceFile(join(home.folder, 'port'), `${port}\n`);
  } catch (error) {
    await launched.stop();
    throw error;
  }
  launched.child.unref();
  return launched;
}

function isReady(pgdata: string, pid: number): boolean {
  const running = findRunning(pgdata);
  return running?.pid === pid && running.port !== undefined;
}

/** Whether the server on our port lets us in; makes sure of the role and the database `durachart` on the way. */
async function answers({ home, passwords, log }: Cluster, port: number): Promise<boolean> {
  const connect = (user: 'superuser' | 'engine', database: string): postgres.Sql =>
    postgres({
      host: '127.0.0.1',
      port,
      user: user === 'engine' ? NAME : SUPERUSER,
      password: passwords[user],
      database,
      max: 1,
      connect_timeout: 5,
      fetch_types: false,
      onnotice: () => {},
    });
  try {
    await setUp(connect, passwords, log);
    const engine = connect('engine', NAME);
    try {
      await engine`select 1`;
    } finally {
      await engine.end({ timeout: 1 });
    }
    return true;
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (isLoginRefused(error)) {
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
  }
}

export function pgdataOf(home: Home): string {
  return join(home.folder, 'pgdata');
}

function portTaken(port: number): EmbeddedError {
  return new EmbeddedError(
    'PORT_TAKEN',
    `Port ${port} on 127.0.0.1 is in use by another program. Stop that program, or choose another port, or none: then a free one is used.`,
  );
}

function leftovers(home: Home): EmbeddedError {
  return unusable(
    home.folder,
    'is still in use by processes of a Postgres that died',
    'Wait until they end (ps -ef | grep postgres), or end them, and start again',
  );
}

function startFailed(home: Home, words: string, cause?: unknown): EmbeddedError {
  const file = join(home.folder, 'postgres.log');
  const disk = isDiskFull(home) ? ' The disk is full.' : '';
  return new EmbeddedError('START_FAILED', `Postgres does not start on ${home.folder} (see ${file}).${disk} ${words}`, {
    cause,
  });
}

/** Then Postgres cannot even write down why it ends. */
function isDiskFull(home: Home): boolean {
  const { bavail, bsize } = statfsSync(home.folder);
  return bavail * bsize < FULL;
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
