import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { migrations } from '../../../machines/index.ts';
import {
  createEngine,
  createLocalArtifacts,
  ENGINE_MIGRATIONS,
  migrate,
  type ArtifactStore,
  type CreateEngineOptions,
  type Engine,
  type Workflow,
} from '../../../src/index.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';

type Options = Partial<Omit<CreateEngineOptions<readonly Workflow[]>, 'workflows' | 'database'>>;

/** A database with every pipeline's tables, a folder of artifacts, and engines on both. */
export interface Pipeline {
  readonly sql: postgres.Sql;
  readonly url: string;
  readonly artifacts: ArtifactStore;
  /** Folder of the artifacts. */
  readonly folder: string;
  /** An engine that works; stopped when the test ends. */
  worker<const W extends readonly Workflow[]>(workflows: W, options?: Options): Promise<Engine<W>>;
  /** The text of an artifact. */
  text(key: string): Promise<string>;
}

/** Brings all that up for the tests of this file. */
export function usePipeline(): Pipeline {
  let database: TestDatabase;
  let sql: postgres.Sql;
  let folder: string;
  let artifacts: ArtifactStore;
  beforeAll(async () => {
    database = await createDatabase();
    folder = await mkdtemp(join(tmpdir(), 'durachart-pipeline-'));
    artifacts = createLocalArtifacts(folder);
    await migrate(database.url, [ENGINE_MIGRATIONS, ...migrations]);
    sql = postgres(database.url, { max: 4, onnotice: () => {} });
  });
  afterAll(async () => {
    await sql.end();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    get sql() {
      return sql;
    },
    get url() {
      return database.url;
    },
    get artifacts() {
      return artifacts;
    },
    get folder() {
      return folder;
    },
    worker: async (workflows, options = {}) => {
      const engine = createEngine({ onFault: () => {}, artifacts, ...options, database: database.url, workflows });
      onTestFinished(async () => engine.stop({ grace: 0 }));
      await engine.work();
      return engine;
    },
    text: async (key) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of await artifacts.read(key)) chunks.push(chunk);
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}
