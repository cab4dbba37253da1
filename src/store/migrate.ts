import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type postgres from 'postgres';
import { openSession } from './direct.ts';
import { continueHistory } from './restored.ts';

/** A folder of drizzle migrations and the Postgres schema that keeps their journal. */
export interface Migrations {
  folder: string;
  schema: string;
}

/** The engine's own tables. */
export const ENGINE_MIGRATIONS: Migrations = {
  folder: fileURLToPath(new URL('../../drizzle', import.meta.url)),
  schema: 'durachart',
};

/** First key of the advisory lock that one who migrates holds. */
export const MIGRATION_LOCK = 0x44757262;

/**
 * Brings the database up to date, also one that was restored from a dump. Safe when several processes do it at once: the others wait.
 * @throws DurachartError `NOT_OWNER`; DatabaseUnavailableError behind a pooler
 */
export async function migrate(url: string, all: readonly Migrations[] = [ENGINE_MIGRATIONS]): Promise<void> {
  const sql = await openSession(url);
  try {
    const done = await Promise.all(all.map((migrations) => isDone(sql, migrations)));
    if (!done.every(Boolean)) await run(sql, all);
    if (all.includes(ENGINE_MIGRATIONS)) await continueHistory(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function run(sql: postgres.Sql, all: readonly Migrations[]): Promise<void> {
  // Loaded when it is needed only: it takes 90 MB, and longer than all else that a worker does until it works.
  const { drizzle } = await import('drizzle-orm/postgres-js');
  const { migrate: runMigrations } = await import('drizzle-orm/postgres-js/migrator');
  await sql`select pg_advisory_lock(${MIGRATION_LOCK}, 0)`;
  for (const { folder, schema } of all) {
    await runMigrations(drizzle(sql), {
      migrationsFolder: folder,
      migrationsSchema: schema,
      migrationsTable: 'migrations',
    });
  }
}

/**
 * Whether the engine's own tables are those that this code was written for. A role that may not read the journal is not refused.
 * @throws an error as of Postgres that some are missing
 */
export async function checkMigrated(sql: postgres.Sql): Promise<void> {
  const [newest, last] = await Promise.all([
    newestMigration(ENGINE_MIGRATIONS.folder).catch(() => undefined),
    sql<{ at: number | null }[]>`select max(created_at)::float8 as at from durachart.migrations`.catch(
      (error: unknown) => {
        if ((error as { code?: unknown }).code === '42501') return [];
        throw error;
      },
    ),
  ]);
  if (newest === undefined || last.length === 0 || newest <= (last[0]?.at ?? -Infinity)) return;
  throw Object.assign(new Error('tables of durachart are of an older version'), { code: '42P01' });
}

/** When the newest migration of a folder was made. Undefined where there is none. */
async function newestMigration(folder: string): Promise<number | undefined> {
  const journal = await readFile(join(folder, 'meta', '_journal.json'), 'utf8');
  return (JSON.parse(journal) as { entries: { when: number }[] }).entries.at(-1)?.when;
}

/** Whether drizzle would find nothing to do: it runs what is newer than the newest that was run. */
async function isDone(sql: postgres.Sql, { folder, schema }: Migrations): Promise<boolean> {
  const { entries } = JSON.parse(await readFile(join(folder, 'meta', '_journal.json'), 'utf8')) as {
    entries: { when: number }[];
  };
  const [known] = await sql<{ there: boolean }[]>`
    select to_regclass(format('%I.migrations', ${schema}::text)) is not null as there`;
  if (known?.there !== true) return false;
  const [last] = await sql<
    { at: number | null }[]
  >`select max(created_at)::float8 as at from ${sql(schema)}.migrations`;
  return entries.every(({ when }) => when <= (last?.at ?? -Infinity));
}
