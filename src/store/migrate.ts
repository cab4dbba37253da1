import { fileURLToPath } from 'node:url';
import postgres from 'postgres';

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

/** Brings the database up to date. Safe when several processes do it at once: the others wait. */
export async function migrate(url: string, all: readonly Migrations[] = [ENGINE_MIGRATIONS]): Promise<void> {
  // Loaded when it is needed only: it takes 90 MB.
  const { drizzle } = await import('drizzle-orm/postgres-js');
  const { migrate: runMigrations } = await import('drizzle-orm/postgres-js/migrator');
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK}, 0)`;
    for (const { folder, schema } of all) {
      await runMigrations(drizzle(sql), {
        migrationsFolder: folder,
        migrationsSchema: schema,
        migrationsTable: 'migrations',
      });
    }
  } finally {
    await sql.end({ timeout: 5 });
  }
}
