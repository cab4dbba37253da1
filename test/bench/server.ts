import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { startEmbedded } from '../../src/store/embedded.ts';
import { superuserOf } from '../support/superuser.ts';
import type { Cleanup } from './cleanup.ts';

/** A database of the bench's own, gone after the run. */
export interface BenchDatabase {
  name: string;
  url: string;
  drop(): Promise<void>;
}

/** The Postgres that everything runs on. */
export interface BenchServer {
  /** `embedded, in /tmp/…` or `DATABASE_URL` */
  label: string;
  /** A folder for the bench's own files. */
  folder: string;
  createDatabase(purpose: string): Promise<BenchDatabase>;
}

/** Starts the embedded Postgres in a temporary folder, or takes the given one. */
export async function openServer(given: string | undefined, cleanup: Cleanup): Promise<BenchServer> {
  const folder = mkdtempSync(join(tmpdir(), 'durachart-bench-'));
  // So that for root, too, the data is in there: the user Postgres runs as has to get in.
  chmodSync(folder, 0o755);
  cleanup.add(async () => rmSync(folder, { recursive: true, force: true }));
  if (given) return describe(given, 'DATABASE_URL', folder, cleanup);

  const starting = startEmbedded({ dataDir: join(folder, 'data'), log: (line) => console.error(`bench: ${line}`) });
  cleanup.add(async () => {
    const server = await starting.catch(() => undefined);
    if (server === undefined) return;
    await server.stop();
    // With a strict umask root's data is elsewhere.
    rmSync(server.dataDir, { recursive: true, force: true });
  });
  return describe(superuserOf(await starting), 'embedded', folder, cleanup, { dropAtEnd: false });
}

function describe(
  url: string,
  label: string,
  folder: string,
  cleanup: Cleanup,
  { dropAtEnd } = { dropAtEnd: true },
): BenchServer {
  const admin = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
  cleanup.add(async () => admin.end({ timeout: 1 }));
  let count = 0;
  return {
    label,
    folder,
    createDatabase: async (purpose) => {
      const name = `durachart_bench_${process.pid}_${++count}_${purpose}`;
      let dropped: Promise<unknown> | undefined;
      const drop = async () => {
        await (dropped ??= admin.unsafe(`drop database if exists ${name} with (force)`));
      };
      await admin.unsafe(`create database ${name}`);
      if (dropAtEnd) cleanup.add(drop);
      return { name, url: urlOf(url, name), drop };
    },
  };
}

function urlOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = database;
  return url.href;
}
