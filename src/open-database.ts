import { join } from 'node:path';
import type { Config } from './config.ts';
import { startEmbedded, type EmbeddedServer } from './store/embedded.ts';
import { serverUrl } from './store/server-url.ts';

/** The database that a configuration names, started where it is the embedded one. */
export async function openDatabaseOf(
  config: Config,
  log: (line: string) => void,
): Promise<{ url: string; embedded: EmbeddedServer | undefined }> {
  if (config.databaseUrl !== undefined) return { url: serverUrl(config.databaseUrl), embedded: undefined };
  const embedded = await startEmbedded({ dataDir: join(config.dataDir, 'postgres'), log });
  return { url: embedded.url, embedded };
}
