import type { ArtifactStore } from './core/artifact.ts';
import type { Workflow } from './core/workflow.ts';
import { assembleEngine, registry, type EngineParts } from './engine/create.ts';
import type { Engine } from './engine/api.ts';
import { localExecutor } from './executors/local.ts';
import { onTrigger } from './executors/trigger/remote.ts';
import { LANES, openDatabase } from './store/database.ts';
import { isTransient } from './store/transient.ts';
import { createDriverStore } from './store/driver-store.ts';
import { createEventStore } from './store/events.ts';
import { createScheduleStore } from './store/schedules.ts';
import { createStore } from './store/postgres.ts';
import { createOperationStore } from './store/operations.ts';
import { createReader } from './store/reader.ts';
import { createRetentionStore } from './store/retention.ts';
import { serverClock } from './store/server-clock.ts';

/** What {@link createEngine} takes. */
export interface CreateEngineOptions<W extends readonly Workflow[]> extends Pick<
  EngineParts<W>,
  'workflows' | 'concurrency' | 'queues' | 'clock' | 'random' | 'pollInterval' | 'deadAfter' | 'onFault'
> {
  /** postgres://user:password@host:port/database, migrated (`migrate`). */
  database: string;
  /**
   * Where steps put files, and where values of more than 256 KB go by themselves: all processes that move instances need
   * the same one. Without it such values are refused (`PAYLOAD_TOO_LARGE`).
   */
  artifacts?: ArtifactStore;
  /**
   * Where instances are moved and steps run. Default: `local`, by the workers of processes like this one.
   * `trigger`: on Trigger.dev, by the tasks in `trigger/`; needs the package `@trigger.dev/sdk`, `TRIGGER_SECRET_KEY`, and
   * `TRIGGER_API_URL` for a platform of your own. This process then starts, sends and reads; `work()` checks the key.
   */
  executor?: 'local' | 'trigger';
}

/**
 * An engine on a Postgres. It starts, sends and reads; after `work()` it also runs the workflows.
 *
 * @example
 * const engine = createEngine({ database: process.env.DATABASE_URL, workflows: [orders], artifacts });
 * await engine.work();
 * const { id } = await engine.start('orders', { orderId: '42' });
 * @throws DurachartError `DATABASE_URL_MISSING`, `INVALID_DATABASE_URL`; DefinitionError `DUPLICATE_WORKFLOW`, `DUPLICATE_EVENT`, `INVALID_SCHEDULE`, `DUPLICATE_SCHEDULE`
 */
export function createEngine<const W extends readonly Workflow[]>(options: CreateEngineOptions<W>): Engine<W> {
  const { database: url, executor, deadAfter = 30_000, ...rest } = options;
  const database = openDatabase(url);
  const clock = options.clock ?? serverClock(database.pool);
  const onFault =
    options.onFault ?? ((message: string, error: unknown) => console.error(`durachart: ${message}`, error ?? ''));
  return assembleEngine({
    ...rest,
    clock,
    deadAfter,
    store: createStore(database),
    reader: createReader(database),
    operations: createOperationStore(database),
    retention: createRetentionStore(database.pool),
    events: createEventStore(database.pool),
    schedules: createScheduleStore(database.pool),
    executor: localExecutor,
    close: async () => database.close(),
    isTransient,
    lanes: LANES,
    onFault,
    remote:
      executor === 'trigger'
        ? onTrigger({
            store: createDriverStore(database),
            clock,
            workflows: registry(options.workflows),
            deadAfter,
            fault: onFault,
          })
        : undefined,
  });
}
