import { NO_ARTIFACTS, type ArtifactStore } from '../core/artifact.ts';
import { DefinitionError } from '../core/error.ts';
import type { Workflow } from '../core/workflow.ts';
import type { Engine } from './api.ts';
import { systemClock } from './clock.ts';
import { DurableEngine, type Remote } from './engine.ts';
import type { EventStore } from './events/event-store.ts';
import { Publisher } from './events/publisher.ts';
import type { ScheduleStore } from './schedules/schedule-store.ts';
import { Scheduler } from './schedules/scheduler.ts';
import { Payloads } from './payloads/payloads.ts';
import { operationsWithPayloads, readerWithPayloads, storeWithPayloads } from './payloads/stores.ts';
import type { OperationStore } from './operations/records.ts';
import type { Clock, Executor, Store } from './ports.ts';
import type { Reader } from './reader.ts';
import type { RetentionStore } from './retention.ts';
import { stored } from './sending/from-inside.ts';
import type { NewEvent } from './sending/send-store.ts';
import { Writes } from './trouble.ts';
import { refusedOnceStopped } from './once-stopped.ts';
import { outspoken } from './unavailable.ts';

/** What an engine is put together from; `createEngine` of the package does it for a Postgres. */
export interface EngineParts<W extends readonly Workflow[]> {
  workflows: W;
  store: Store;
  reader: Reader;
  operations: OperationStore;
  retention: RetentionStore;
  events: EventStore;
  schedules: ScheduleStore;
  executor: (parts: {
    clock: Clock;
    artifacts: ArtifactStore | undefined;
    publisher: Publisher;
    /** Puts events into an instance's inbox, in their order. */
    post: (instanceId: string, events: readonly NewEvent[]) => Promise<void>;
  }) => Executor;
  artifacts?: ArtifactStore | undefined;
  close: () => Promise<void>;
  isTransient: (error: unknown) => boolean;
  lanes: number;
  /** Steps that the worker of this process runs at a time. Default 100. */
  concurrency?: number;
  /** Limits of queues in this process, by name. */
  queues?: Readonly<Record<string, number>>;
  clock?: Clock;
  /** Numbers from 0 up to 1, for the jitter. Default Math.random. */
  random?: () => number;
  /** Milliseconds between looks at the database when nothing notifies. Default 1,000. */
  pollInterval?: number;
  /** Milliseconds without a beat after which a worker counts as dead although its session stands. Default 30,000. */
  deadAfter?: number;
  /** Where the engine's own troubles are told. Default: stderr. */
  onFault?: (message: string, error: unknown) => void;
  /** Set where another system moves the instances, instead of workers. */
  remote?: Remote | undefined;
}

/** @throws DefinitionError `DUPLICATE_WORKFLOW`, `DUPLICATE_EVENT`, `INVALID_SCHEDULE`, `DUPLICATE_SCHEDULE` */
export function assembleEngine<const W extends readonly Workflow[]>(parts: EngineParts<W>): Engine<W> {
  const workflows = registry(parts.workflows);
  const clock = parts.clock ?? systemClock;
  const payloads = new Payloads(parts.artifacts);
  const onFault =
    parts.onFault ?? ((message: string, error: unknown) => console.error(`durachart: ${message}`, error ?? ''));
  const events = outspoken(parts.events, parts.isTransient);
  const publisher = new Publisher({
    events,
    workflows,
    clock,
    announce: async (ids) => parts.remote?.announce(ids, clock.now()),
    fault: onFault,
  });
  const writes = new Writes(clock, parts.isTransient);
  const reader = { ...parts.reader, post: writes.watched(parts.reader.post) };
  const inboxes = readerWithPayloads(outspoken(reader, parts.isTransient), payloads);
  const operations = { ...parts.operations, request: writes.watched(parts.operations.request) };
  const engine = new DurableEngine({
    workflows,
    registered: parts.workflows,
    store: storeWithPayloads({ ...parts.store, commit: writes.watched(parts.store.commit) }, payloads),
    payloads,
    reader: inboxes,
    operations: operationsWithPayloads(outspoken(operations, parts.isTransient), payloads),
    writes,
    retention: outspoken(parts.retention, parts.isTransient),
    artifacts: parts.artifacts ?? NO_ARTIFACTS,
    events,
    publisher,
    scheduler: new Scheduler({
      schedules: outspoken(parts.schedules, parts.isTransient),
      workflows,
      clock,
      announce: async (ids) => parts.remote?.announce(ids, clock.now()),
      fault: onFault,
    }),
    executor: parts.executor({
      clock,
      artifacts: parts.artifacts,
      publisher,
      post: async (id, posts) => {
        stored(await inboxes.post(posts));
        await parts.remote?.announce([id], clock.now());
      },
    }),
    close: parts.close,
    isTransient: parts.isTransient,
    lanes: parts.lanes,
    concurrency: parts.concurrency ?? 100,
    queues: parts.queues ?? {},
    clock,
    random: parts.random ?? Math.random,
    pollInterval: parts.pollInterval ?? 1_000,
    deadAfter: parts.deadAfter ?? 30_000,
    remote: parts.remote,
    onFault,
  });
  return refusedOnceStopped(engine) as unknown as Engine<W>;
}

/** All workflows by name, with those that they start as children. */
export function registry(registered: readonly Workflow[]): Map<string, Workflow> {
  const all = new Map<string, Workflow>();
  const add = (workflow: Workflow): void => {
    const known = all.get(workflow.name);
    if (known === workflow) return;
    if (known !== undefined) {
      throw new DefinitionError(
        'DUPLICATE_WORKFLOW',
        `Two workflows are named ${workflow.name}. Give one of them another name in defineWorkflow({ name }).`,
      );
    }
    all.set(workflow.name, workflow);
    for (const child of workflow.children.values()) add(child);
  };
  for (const workflow of registered) add(workflow);
  return all;
}
