import type { ArtifactStore } from './core/artifact.ts';
import type { Workflow } from './core/workflow.ts';
import { assembleEngine, type EngineParts } from './engine/create.ts';
import type { Engine } from './engine/api.ts';
import { localExecutor } from './executors/local.ts';
import { isTransient, LANES, openDatabase } from './store/database.ts';
import { createStore } from './store/postgres.ts';
import { createReader } from './store/reader.ts';

/** What {@link createEngine} takes. */
export interface CreateEngineOptions<W extends readonly Workflow[]>
  extends Pick<
    EngineParts<W>,
    'workflows' | 'concurrency' | 'queues' | 'clock' | 'random' | 'pollInterval' | 'deadAfter' | 'onFault'
  > {
  /** postgres://user:password@host:port/database, migrated (`migrate`). */
  database: string;
  /** Where steps put what is too large for a row. */
  artifacts: ArtifactStore;
  /** Where steps run. Default: `local`, in this process. */
  executor?: 'local';
}

/**
 * An engine on a Postgres. It starts, sends and reads; after `work()` it also runs the workflows.
 *
 * @example
 * const engine = createEngine({ database: process.env.DATABASE_URL, workflows: [orders], artifacts });
 * await engine.work();
 * const { id } = await engine.start('orders', { orderId: '42' });
 * @throws DefinitionError `DUPLICATE_WORKFLOW`
 */
export function createEngine<const W extends readonly Workflow[]>(options: CreateEngineOptions<W>): Engine<W> {
  const { database: url, executor: _, ...rest } = options;
  const database = openDatabase(url);
  return assembleEngine({
    ...rest,
    store: createStore(database),
    reader: createReader(database.pool),
    executor: localExecutor,
    close: async () => database.close(),
    isTransient,
    lanes: LANES,
  });
}
