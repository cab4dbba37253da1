import { afterAll, beforeAll, onTestFinished } from 'vitest';
import postgres from 'postgres';
import { createEngine } from '../../../src/create-engine.ts';
import type { ArtifactStore, Workflow } from '../../../src/index.ts';
import { openDatabase, type Database } from '../../../src/store/database.ts';
import { createMigrated, type TestDatabase } from '../../support/database.ts';
import type { Bench } from '../../support/engine.ts';
import { Platform } from './platform.ts';

/** The bench of the engine's own tests, with the double of Trigger.dev in the place of workers. */
export function useTriggerBench(): Bench {
  let database: TestDatabase;
  let connections: Database;
  let sql: postgres.Sql;
  let platform: Platform | undefined;
  const faults: string[] = [];
  beforeAll(async () => {
    database = await createMigrated();
    connections = openDatabase(database.url);
    sql = postgres(database.url, { max: 2, onnotice: () => {} });
  });
  afterAll(async () => {
    await connections.close();
    await sql.end();
    await database.drop();
  });
  const engine: Bench['engine'] = (workflows, options = {}) => {
    faults.length = 0;
    const onFault = (message: string, error: unknown): void => void faults.push(`${message} ${String(error)}`);
    const made = createEngine({
      onFault,
      ...options,
      database: database.url,
      workflows,
      artifacts: undefined as unknown as ArtifactStore,
      executor: 'trigger',
    });
    onTestFinished(async () => made.stop({ grace: 0 }));
    return made;
  };
  return {
    get sql() {
      return sql;
    },
    get url() {
      return database.url;
    },
    faults,
    engine,
    worker: async (workflows, options) => {
      if (platform === undefined) {
        const { queues = {}, clock, random } = options ?? {};
        const started = await Platform.start(connections, {
          workflows: [workflows as readonly Workflow[]],
          queues,
          ...(clock === undefined ? {} : { clock }),
          ...(random === undefined ? {} : { random }),
        });
        platform = started;
        // What was asked for before there was anybody to do it.
        await platform.sweep();
        onTestFinished(async () => {
          platform = undefined;
          await started.stop();
        });
      }
      return engine(workflows, options);
    },
  };
}
