import { createEngine, type CreateEngineOptions } from './create-engine.ts';
import type { ArtifactStore } from './core/artifact.ts';
import type { Workflow } from './core/workflow.ts';
import type { RunRow } from './engine/driver-store.ts';
import type { Engine, InstanceView } from './engine/api.ts';
import { Runtime, type RuntimeOptions } from './executors/trigger/runtime.ts';
import { openDatabase } from './store/database.ts';
import { isTransient } from './store/transient.ts';
import { createDriverStore } from './store/driver-store.ts';
import { createEventStore } from './store/events.ts';
import { createReader } from './store/reader.ts';
import { createScheduleStore } from './store/schedules.ts';
import { serverClock } from './store/server-clock.ts';

export { defineDriver, defineStarts, defineSteps, defineSweep, type TaskOptions } from './executors/trigger/tasks.ts';
export { Runtime } from './executors/trigger/runtime.ts';

/** What the tasks of one process share: opened by the first run in it, used by all that follow. */
export function openRuntime(
  options: { database: string; workflows: readonly Workflow[]; artifacts: ArtifactStore | undefined } & Partial<
    Omit<RuntimeOptions, 'store' | 'events' | 'schedules' | 'reader' | 'isTransient'>
  >,
): Runtime {
  const { database: url, ...rest } = options;
  const database = openDatabase(url);
  return new Runtime({
    clock: serverClock(database.pool),
    ...rest,
    store: createDriverStore(database),
    events: createEventStore(database.pool),
    schedules: createScheduleStore(database.pool),
    reader: createReader(database),
    isTransient,
  });
}

/** A run of an instance on Trigger.dev. */
export interface RunView {
  /** Null until the platform has told it. */
  id: string | null;
  task: string;
  /** Key of the invocation, for the run of a step. */
  step: string | null;
  round: number;
  open: boolean;
  createdAt: Date;
  /** Where people look at it. */
  url: string | null;
}

export interface TriggerClientOptions<W extends readonly Workflow[]> extends Omit<CreateEngineOptions<W>, 'executor'> {
  /** Address of the dashboard, for links to runs. Default: `TRIGGER_API_URL`, or Trigger.dev's cloud. */
  dashboard?: string;
}

/** Typed functions for backends whose instances run on Trigger.dev. */
export interface DurachartClient<W extends readonly Workflow[]> extends Pick<
  Engine<W>,
  'start' | 'send' | 'publish' | 'cancel' | 'retry' | 'result' | 'reconcile' | 'stop'
> {
  /** Where an instance stands, and its runs, newest first. @throws `INSTANCE_NOT_FOUND` */
  status(id: string): Promise<InstanceView & { runs: RunView[] }>;
  /** Everything else that an engine can do. */
  engine: Engine<W>;
}

/**
 * @example
 * const workflows = createTriggerClient({ database: process.env.DATABASE_URL, workflows: [orders], artifacts });
 * const { id } = await workflows.start('orders', { orderId: '42' });
 * await workflows.send(id, { type: 'SHIPPED', parcel: 'JD0140' });
 */
export function createTriggerClient<const W extends readonly Workflow[]>(
  options: TriggerClientOptions<W>,
): DurachartClient<W> {
  const { dashboard = process.env['TRIGGER_API_URL'] ?? 'https://cloud.trigger.dev', ...rest } = options;
  const engine = createEngine<W>({ ...(rest as CreateEngineOptions<W>), executor: 'trigger' });
  const database = openDatabase(options.database);
  const store = createDriverStore(database);
  return {
    engine,
    start: engine.start.bind(engine) as Engine<W>['start'],
    send: engine.send.bind(engine) as Engine<W>['send'],
    publish: engine.publish.bind(engine) as Engine<W>['publish'],
    cancel: engine.cancel.bind(engine),
    retry: engine.retry.bind(engine),
    result: engine.result.bind(engine) as Engine<W>['result'],
    status: async (id) => {
      const view = await engine.get(id);
      return { ...view, runs: (await store.runs(id)).map((run) => runView(run, dashboard)) };
    },
    reconcile: engine.reconcile.bind(engine),
    stop: async (stopping) => {
      await engine.stop(stopping);
      await database.close();
    },
  };
}

function runView(run: RunRow, dashboard: string): RunView {
  return {
    id: run.runId,
    task: run.task,
    step: run.kind === 'step' ? run.key : null,
    round: run.round,
    open: run.endedAt === null,
    createdAt: new Date(run.createdAt),
    url: run.runId === null ? null : `${dashboard.replace(/\/+$/, '')}/runs/${run.runId}`,
  };
}
