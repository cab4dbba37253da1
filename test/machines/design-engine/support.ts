import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll } from 'vitest';
import { migrations, workflows } from '../../../machines/index.ts';
import {
  createEngine,
  createLocalArtifacts,
  migrate,
  type ArtifactStore,
  type Clock,
  type Engine,
} from '../../../src/index.ts';
import { createMigrated, type TestDatabase } from '../../support/database.ts';

/** A database with the pipelines' tables, a folder of artifacts, and an engine that works on them. */
export interface Studio {
  readonly engine: Engine<typeof workflows>;
  readonly artifacts: ArtifactStore;
  readonly sql: postgres.Sql;
  /** Another engine on the same database; it does not work yet. */
  open: (clock?: Clock) => Engine<typeof workflows>;
  /** All bytes of an artifact. */
  bytes: (key: string) => Promise<Buffer>;
}

/** @param clock of the engine */
export function useStudio(clock?: Clock): Studio {
  let database: TestDatabase;
  let folder: string;
  let artifacts: ArtifactStore;
  let engine: Engine<typeof workflows>;
  let sql: postgres.Sql;
  const open: Studio['open'] = (own) =>
    createEngine({ database: database.url, workflows, artifacts, ...(own === undefined ? {} : { clock: own }) });
  beforeAll(async () => {
    database = await createMigrated();
    folder = await mkdtemp(join(tmpdir(), 'durachart-design-'));
    artifacts = createLocalArtifacts(folder);
    await migrate(database.url, migrations);
    sql = postgres(database.url, { max: 1 });
    engine = open(clock);
    await engine.work();
  });
  afterAll(async () => {
    await engine.stop({ grace: 0 });
    await sql.end();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    get engine() {
      return engine;
    },
    get artifacts() {
      return artifacts;
    },
    get sql() {
      return sql;
    },
    open,
    bytes: async (key) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of await artifacts.read(key)) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
  };
}

/** Resolves when the instance has come to the state, also when it has left it again. */
export async function come(engine: Pick<Engine, 'subscribe'>, id: string, state: string, times = 1): Promise<void> {
  const signal = AbortSignal.timeout(90_000);
  let seen = 0;
  for await (const change of engine.subscribe({ id, after: '0', signal })) {
    if (change.type === 'transition' && change.entry.to === state && ++seen === times) return;
  }
  throw new Error(`${id} did not come to ${state}`);
}

/** The context of an instance. */
export async function contextOf<Context>(engine: Pick<Engine, 'get'>, id: string): Promise<Context> {
  return (await engine.get(id)).context as Context;
}
