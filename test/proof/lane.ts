import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import type { Reader } from '../../src/engine/reader.ts';
import { createLocalArtifacts, type ArtifactStore } from '../../src/index.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { createReader } from '../../src/store/reader.ts';
import { createMigrated } from '../support/database.ts';

/** A database in which runs follow each other. The processes of a run share its connections, except for the one that dies with them. */
export interface Lane {
  database: Database;
  reader: Reader;
  artifacts: ArtifactStore;
  sql: postgres.Sql;
  /** A connection that stands for one process. */
  openSession(): Promise<Session>;
  /** Resolves when something has changed in a run, or may have. */
  changed(root: string): Promise<void>;
  close(): Promise<void>;
}

/** The connection by which others know that a process lives. */
export interface Session {
  sql: postgres.Sql;
  /** Takes it from the process: the server holds nothing of it any more, and nothing that the process still asks gets there. */
  cut(): Promise<void>;
}

/** How long a change may go unnoticed. */
const LOOK = 100;

/** Opens a new database with the engine's tables and a ledger. */
export async function openLane(): Promise<Lane> {
  const { url, drop } = await createMigrated();
  const database = openDatabase(url);
  const folder = await mkdtemp(join(tmpdir(), 'durachart-proof-artifacts-'));
  const sql = postgres(url, { max: 2, onnotice: () => {} });
  await sql`create table ledger (key text not null)`;
  await untilSettled(sql);
  const bells = new Map<string, PromiseWithResolvers<void>>();
  const ring = (root: string): void => {
    bells.get(root)?.resolve();
    bells.delete(root);
  };
  await sql.listen('durachart_change', (id) => ring(id.split('.')[0] as string));
  const free: postgres.Sql[] = [];
  return {
    database,
    reader: createReader(database),
    artifacts: createLocalArtifacts(folder),
    sql,
    openSession: async () => openSession(free, () => postgres(url, { max: 1, fetch_types: false, onnotice: () => {} })),
    changed: async (root) => {
      const bell = bells.get(root) ?? Promise.withResolvers<void>();
      bells.set(root, bell);
      const timer = setTimeout(() => ring(root), LOOK);
      await bell.promise;
      clearTimeout(timer);
    },
    close: async () => {
      await Promise.all([database.close(), sql.end(), ...free.map((session) => session.end())]);
      await drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * What a process holds by its session are locks alone, which are released in a cut. Connections themselves are handed on:
 * to make a new one takes longer than all else that a short-lived process does. Where real processes are killed
 * (kill.test.ts) or real connections cut (cuts.test.ts, database.test.ts), they break.
 */
async function openSession(free: postgres.Sql[], connect: () => postgres.Sql): Promise<Session> {
  const session = free.pop() ?? connect();
  let over: Promise<void> | undefined;
  const ask =
    <Args extends unknown[], Answer>(question: (...args: Args) => Answer) =>
    (...args: Args): Answer => {
      if (over !== undefined) throw Object.assign(new Error('The session was cut.'), { code: 'CONNECTION_ENDED' });
      return question(...args);
    };
  const cut = (): Promise<void> =>
    (over ??= session`select pg_advisory_unlock_all()`.then(() => {
      free.push(session);
    }));
  const sql = Object.assign(ask(session), { unsafe: ask(session.unsafe), end: cut });
  return { sql: sql as unknown as postgres.Sql, cut };
}

/** In the first seconds after a server's start no worker is declared dead for want of a lock. */
async function untilSettled(sql: postgres.Sql): Promise<void> {
  await sql`select pg_sleep(greatest(0, 3.1 - extract(epoch from now() - pg_postmaster_start_time())))`;
}
