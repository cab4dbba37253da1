import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { execute } from './execute.ts';

/** An empty database of its own for a test. */
export interface TestDatabase {
  url: string;
  /** Removes the database, disconnecting who still uses it. */
  drop(): Promise<void>;
}

/** Creates an empty, uniquely named database on the server of this test run. */
export async function createDatabase(): Promise<TestDatabase> {
  return create('template1');
}

/** Creates a database that has the engine's tables: a copy of one that was migrated once for the whole run. */
export async function createMigrated(): Promise<TestDatabase> {
  return create(inject('migratedDatabase'));
}

async function create(template: string): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const server = inject('databaseUrl');
  await execute(server, `create database ${name} template ${template}`);
  const url = new URL(server);
  url.pathname = name;
  return { url: url.href, drop: () => execute(server, `drop database if exists ${name} with (force)`) };
}
