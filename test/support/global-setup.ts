import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../src/store/embedded.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    databaseUrl: string;
  }
}

/** One Postgres for the whole run: that of `TEST_DATABASE_URL`, or a throw-away one. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['TEST_DATABASE_URL'];
  if (given) {
    project.provide('databaseUrl', given);
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'durachart-test-'));
  // So that for root, too, the data is in there: the user Postgres runs as has to get in.
  chmodSync(folder, 0o755);
  const server = await startEmbedded({ dataDir: join(folder, 'data') });
  project.provide('databaseUrl', server.url);
  return async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
    // With a strict umask root's data is elsewhere nevertheless.
    rmSync(server.dataDir, { recursive: true, force: true });
  };
}
