import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { migrations, routes, workflows } from '../machines/index.ts';
import { createLocalArtifacts } from './artifacts/local.ts';
import type { Config } from './config.ts';
import type { ArtifactStore } from './core/artifact.ts';
import { DurachartError } from './core/error.ts';
import { createEngine } from './create-engine.ts';
import type { Engine } from './engine/api.ts';
import { createApi } from './http/api.ts';
import { serveApi, type ApiServer } from './http/serve.ts';
import { openDatabaseOf } from './open-database.ts';
import type { EmbeddedServer } from './store/embedded.ts';
import { createEndedSessions } from './store/ended-sessions.ts';
import { ENGINE_MIGRATIONS, migrate } from './store/migrate.ts';
import { migrateWorkflows } from './store/migrate-workflows.ts';

/** A server that runs: database, engine with a worker, API. */
export interface Server {
  engine: Engine<typeof workflows>;
  api: ApiServer;
  /** The embedded database; undefined where `DATABASE_URL` names another. */
  embedded: EmbeddedServer | undefined;
  artifacts: ArtifactStore;
  /** Folder of the artifacts. */
  artifactFolder: string;
  /** Takes no more requests, lets running steps finish (10 s), gives leases back, stops the embedded database. */
  stop(): Promise<void>;
}

/** Brings the tables and views of the engine and of the registered workflows up to date. @returns what the user should know */
export async function migrateAll(url: string): Promise<string[]> {
  await migrate(url, [ENGINE_MIGRATIONS, ...migrations]);
  return migrateWorkflows(url, workflows);
}

/** Starts everything that a server is made of; what was started is stopped again when a later part fails. */
export async function startServer(config: Config, log: Logger, version: string): Promise<Server> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of stops.splice(0).toReversed()) await step();
  };
  try {
    if (config.executor === 'trigger' && config.databaseUrl === undefined) {
      throw new DurachartError(
        'DATABASE_URL_MISSING',
        'Instances are to run on Trigger.dev (TRIGGER_SECRET_KEY or DURACHART_EXECUTOR), whose processes cannot reach the embedded database. Set DATABASE_URL here and there, or DURACHART_EXECUTOR=local.',
      );
    }
    const { url, embedded } = await openDatabaseOf(config, (line) => log.warn(line));
    if (embedded !== undefined) stops.push(() => embedded.stop());
    for (const notice of await migrateAll(url)) log.warn(notice);
    const artifactFolder = resolve(config.dataDir, 'artifacts');
    const artifacts = createLocalArtifacts(artifactFolder);
    const engine = createEngine({
      database: url,
      workflows,
      artifacts,
      ...(config.executor === undefined ? {} : { executor: config.executor }),
      ...(config.concurrency === undefined ? {} : { concurrency: config.concurrency }),
      onFault: (message, error) => log.error({ err: error }, message),
    });
    stops.push(() => engine.stop());
    await engine.work();
    const endedSessions = createEndedSessions(url);
    stops.push(() => endedSessions.close());
    const app = createApi(engine as unknown as Engine, {
      artifacts,
      token: config.apiToken,
      secretsToken: config.secretsToken,
      endedSessions,
      dashboard: config.dashboard,
      embeddedTrouble: () => embedded?.trouble,
      version,
      log,
      routes,
    });
    const api = await serveApi(app, { host: config.host, port: config.port });
    stops.push(() => api.close());
    return { engine, api, embedded, artifacts, artifactFolder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Resolves when the process is asked to stop; a second request ends it at once. */
export async function untilStopped(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        resolve();
      });
    }
  });
}
