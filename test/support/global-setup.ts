import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';
import { execute } from './execute.ts';
import { superuserOf } from './superuser.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    databaseUrl: string;
    /** Name of a database with the engine's tables, to be copied. */
    migratedDatabase: string;
  }
}

/** Nobody cuts this server's power: what it has not yet written the operating system writes, whoever is killed. */
const HASTE = ['fsync = off', 'full_page_writes = off', 'autovacuum_naptime = 60'];

/** One Postgres for the whole run: that of `TEST_DATABASE_URL`, or a throw-away one. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['TEST_DATABASE_URL'];
  if (given) {
    project.provide('databaseUrl', given);
    const template = await makeTemplate(given);
    project.provide('migratedDatabase', template);
    return () => execute(given, `drop database ${template}`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'durachart-test-'));
  // So that for root, too, the data is in there: the user Postgres runs as has to get in.
  chmodSync(folder, 0o755);
  const server = await startEmbedded({ dataDir: join(folder, 'data') });
  // Tests make databases and roles, which users of the embedded server may not.
  const superuser = superuserOf(server);
  for (const setting of HASTE) await execute(superuser, `alter system set ${setting}`);
  await execute(superuser, 'select pg_reload_conf()');
  project.provide('databaseUrl', superuser);
  project.provide('migratedDatabase', await makeTemplate(superuser));
  return async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
    // With a strict umask root's data is elsewhere nevertheless.
    rmSync(server.dataDir, { recursive: true, force: true });
  };
}

async function makeTemplate(server: string): Promise<string> {
  const name = `template_${randomUUID().replaceAll('-', '')}`;
  await execute(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = name;
  await migrate(url.href);
  return name;
}
