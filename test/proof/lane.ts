import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
  /** Resolves when something has changed in the database. */
  changed(): Promise<void>;
  close(): Promise<void>;
}

/** The connection by which others know that a process lives. */
export interface Session {
  sql: postgres.Sql;
  /** Cuts it, and waits until the server has noticed. */
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
  let bell = Promise.withResolvers<void>();
  const ring = (): void => {
    bell.resolve();
    bell = Promise.withResolvers();
  };
  await sql.listen('durachart_change', ring);
  return {
    database,
    reader: createReader(database),
    artifacts: createLocalArtifacts(folder),
    sql,
    openSession: async () => openSession(url, sql),
    changed: async () => {
      const timer = setTimeout(ring, LOOK);
      await bell.promise;
      clearTimeout(timer);
    },
    close: async () => {
      await database.close();
      await sql.end();
      await drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function openSession(url: string, sql: postgres.Sql): Promise<Session> {
  const session = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
  const [row] = await session<{ pid: number }[]>`select pg_backend_pid() as pid`;
  const pid = row?.pid ?? 0;
  return {
    sql: session,
    cut: async () => {
      await session.end({ timeout: 0 });
      // The function's own wait looks every 100 ms only.
      while ((await sql`select pg_terminate_backend(pid) from pg_stat_activity where pid = ${pid}`).length > 0)
        await sleep(1);
    },
  };
}

/** In the first seconds after a server's start no worker is declared dead for want of a lock. */
async function untilSettled(sql: postgres.Sql): Promise<void> {
  await sql`select pg_sleep(greatest(0, 3.1 - extract(epoch from now() - pg_postmaster_start_time())))`;
}
