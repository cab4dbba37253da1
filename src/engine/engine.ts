import { whyOf } from '../core/reason.ts';
import type { ArtifactStore } from '../core/artifact.ts';
import { DurachartError } from '../core/error.ts';
import type { StoredSnapshot } from '../core/snapshot.ts';
import { decoded } from '../core/undefined.ts';
import type { Workflow } from '../core/workflow.ts';
import type {
  Change as FeedChange,
  Count,
  CountOptions,
  Engine,
  Health,
  HistoryEntry,
  InstanceSummary,
  InstanceView,
  ItemsOptions,
  ListOptions,
  Page,
  Reconciled,
  Started,
  StartOptions,
  StepDetail,
} from './api.ts';
import { Changes } from './changes.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import type { EventStore, PublishedEvent } from './events/event-store.ts';
import type { Published, Publisher } from './events/publisher.ts';
import type { EventDefinition } from '../core/published-event.ts';
import type { Explanation, Preview } from './explain/explanation.ts';
import { preview } from './explain/preview.ts';
import { readAndExplain } from './explain/shell.ts';
import { follow } from './follow.ts';
import {
  bulk,
  countBulk,
  type BulkBatch,
  type BulkCount,
  type BulkFilter,
  type BulkOptions,
} from './operations/bulk.ts';
import { exportDocument } from './operations/export-document.ts';
import type { ForkOptions } from './operations/fork.ts';
import type { ImportOptions } from './operations/import.ts';
import type { ExportDocument } from './operations/instance-rows.ts';
import { Operator } from './operations/operator.ts';
import type {
  OperationOptions,
  OperationRecord,
  OperationRequest,
  OperationStore,
  Paused,
  PauseTarget,
} from './operations/records.ts';
import { movedWorkflows } from './pauses.ts';
import type { Payloads } from './payloads/payloads.ts';
import { currentTime } from './clock.ts';
import { checkFilters, isText, pageSize } from './checks.ts';
import { itemIndex } from './keys.ts';
import type { Millis } from './ports.ts';
import type { InstanceRecord, Reader } from './reader.ts';
import { retain, type Retained, type RetentionOptions, type RetentionStore } from './retention.ts';
import { hasEnded } from './state.ts';
import { bucketMs, periodMs, type Overview, type Period, type WorkflowStatistics } from './statistics.ts';
import { trouble, troubleOf, troubleOfLatency, type Writes } from './trouble.ts';
import { asUnavailable } from './unavailable.ts';
import type { ScheduleView } from './schedules/schedule-store.ts';
import type { Scheduler } from './schedules/scheduler.ts';
import type { SentEvent } from './sending/expected-state.ts';
import { Sender, type SendOptions, type Sent, type SentOutcome } from './sending/sender.ts';
import { Starter } from './starter.ts';
import { Worker, type WorkerOptions } from './worker.ts';

export interface EngineOptions extends Omit<WorkerOptions, 'events' | 'publisher' | 'scheduler'> {
  events: EventStore;
  publisher: Publisher;
  scheduler: Scheduler;
  registered: readonly Workflow[];
  reader: Reader;
  operations: OperationStore;
  retention: RetentionStore;
  artifacts: ArtifactStore;
  payloads: Payloads;
  close: () => Promise<void>;
  onFault: (message: string, error: unknown) => void;
  /** How this process's writes went. */
  writes: Writes;
  /** Where no worker of this process, nor of another one, would look by itself: gets somebody to move these instances. */
  remote?: Remote | undefined;
}

/** Another system that moves the instances. */
export interface Remote {
  /** Called when the engine is told to work. @throws when the other system cannot be used */
  check(): Promise<void>;
  /** Called after what concerns these instances is stored. Never rejects, and does not take long, whatever the other system does. */
  announce(ids: readonly string[], at: Millis): Promise<void>;
  /** Why the other system was not reached when it was last asked; null where it was. */
  readonly trouble: Health['remoteTrouble'] | null;
  /** Finds what was lost, and gets the other system to go on with it. */
  reconcile(): Promise<Reconciled>;
  /** Resolves when what was announced has been passed on, or given up. */
  close(): Promise<void>;
}

/** Instances in one reconciliation. */
const MOST_DUE = 500;

/** The engine of one process: starts, sends and reads for anybody, and, once told to work, runs a worker. */
export class DurableEngine implements Engine {
  readonly workflows: readonly Workflow[];
  private readonly options: EngineOptions;
  private readonly reader: Reader;
  private readonly changes: Changes;
  private readonly operator: Operator;
  private readonly starter: Starter;
  private readonly sender: Sender;
  private worker: Worker | undefined;
  private stopped = false;
  private stopping: Promise<void> | undefined;
  private asking: Promise<Health> | undefined;

  constructor(options: EngineOptions) {
    this.options = options;
    this.workflows = options.registered;
    this.reader = options.reader;
    this.changes = new Changes(options.reader, options.clock, options.onFault);
    this.operator = new Operator({
      ...options,
      changes: this.changes,
      record: async (id) => this.readableRecord(id),
      workflowOf: (record) => this.workflowOf(record),
      reconcile: async () => void (await options.remote?.reconcile()),
      announce: async (id) => options.remote?.announce([id], options.clock.now()),
    });
    this.sender = new Sender({
      ...options,
      store: options.reader,
      changes: this.changes,
      announce: async (ids) => options.remote?.announce(ids, options.clock.now()),
      notFound,
      workflowOf: (record) => this.workflowOf(record),
    });
    this.starter = new Starter({
      ...options,
      changes: this.changes,
      operator: this.operator,
      worker: () => this.worker,
      record: async (id) => this.wholeRecord(id),
      workflowOf: (record) => this.workflowOf(record),
    });
  }

  async work(): Promise<void> {
    if (this.options.remote !== undefined) return this.options.remote.check();
    if (this.worker !== undefined) return;
    this.worker = new Worker({
      ...this.options,
      events: {
        changed: (id, over, done) => this.changes.changed(id, over, done),
        step: (instance, row) => this.changes.step(instance, row),
        fault: this.options.onFault,
      },
    });
    try {
      await this.worker.start();
    } catch (error) {
      this.worker = undefined;
      throw error;
    }
  }

  async start(workflow: string, input: unknown, options: StartOptions = {}): Promise<Started> {
    return this.starter.start(workflow, input, options);
  }

  async send(id: string, event: SentEvent, options: SendOptions & { wait: number }): Promise<SentOutcome>;
  async send(id: string, event: SentEvent, options?: SendOptions): Promise<Sent>;
  async send(id: string, event: SentEvent, options: SendOptions = {}): Promise<Sent> {
    if (!canBeAsked(id)) throw notFound(id);
    return this.sender.send(id, event, options);
  }

  async publish(event: string | EventDefinition, payload: unknown, options: { key?: string } = {}): Promise<Published> {
    return this.options.publisher.publish(event, payload, { key: options.key });
  }

  async publishedEvent(id: number): Promise<PublishedEvent> {
    const found = Number.isSafeInteger(id) ? await this.options.events.find(id) : undefined;
    if (found === undefined)
      throw new DurachartError('EVENT_NOT_FOUND', `There is no published event ${id}.`, { details: { id } });
    return decoded(found);
  }

  async publishedEvents(
    options: { name?: string; limit?: number; cursor?: string } = {},
  ): Promise<Page<PublishedEvent>> {
    const limit = pageSize(options.limit);
    const items = await this.options.events.list(options, limit + 1, decodeNumber(options.cursor, 'published events'));
    return decoded(pageOf(items, limit));
  }

  async schedules(): Promise<ScheduleView[]> {
    return this.options.scheduler.list();
  }

  async runSchedule(id: string, options: Omit<OperationOptions, 'wait'> = {}): Promise<OperationRecord> {
    return this.operator.runSchedule(id, options);
  }

  async get(id: string): Promise<InstanceView> {
    const { snapshot, parent: _parent, ...record } = await this.record(id);
    const workflow = this.options.workflows.get(record.workflow);
    let accepts: string[] = [];
    if (workflow !== undefined && snapshot !== null && !hasEnded(record.status)) {
      try {
        accepts = workflow.machine.eventTypes(workflow.machine.restore(snapshot));
      } catch {
        // A state that the code no longer has takes nothing.
      }
    }
    return decoded({ ...record, value: snapshot?.value ?? null, context: snapshot?.context ?? null, accepts });
  }

  async list(options: ListOptions = {}): Promise<Page<InstanceSummary>> {
    const limit = pageSize(options.limit);
    checkFilters(options);
    const before = options.cursor === undefined ? undefined : decodeCursor(options.cursor);
    const items = await this.reader.list(options, limit + 1, before);
    const page = items.slice(0, limit);
    const last = page.at(-1);
    return { items: page, next: items.length > limit && last !== undefined ? encodeCursor(last) : null };
  }

  async counts(options: CountOptions = {}): Promise<Count[]> {
    checkFilters(options);
    return this.reader.counts(options);
  }

  async history(id: string, options: { limit?: number; cursor?: string } = {}): Promise<Page<HistoryEntry>> {
    const limit = pageSize(options.limit);
    const { cursor = '0' } = options;
    if (!/^\d{1,9}$/.test(cursor))
      throw new DurachartError('INVALID_CURSOR', 'The cursor of a history is the sequence of the last entry seen.');
    await this.record(id);
    const read = await this.reader.history(id, Number(cursor), limit + 1);
    const items = read.map(({ status: _, ...entry }) => decoded(entry));
    const page = items.slice(0, limit);
    return { items: page, next: items.length > limit ? String(page.at(-1)?.sequence) : null };
  }

  async steps(id: string): Promise<StepDetail[]> {
    await this.record(id);
    return decoded(await this.reader.steps(id));
  }

  async items(id: string, step: string, options: ItemsOptions = {}): Promise<Page<StepDetail>> {
    const limit = pageSize(options.limit);
    const { cursor = '0', status } = options;
    if (!/^\d{1,9}$/.test(cursor))
      throw new DurachartError('INVALID_CURSOR', 'The cursor of items is the index of the next one.');
    await this.record(id);
    const fanOut = isText(step, 10_000) ? await this.reader.fanOut(id, step) : undefined;
    if (fanOut === undefined)
      throw new DurachartError('FAN_OUT_NOT_FOUND', `Instance ${id} has no fan-out ${JSON.stringify(step)}.`);
    const found = await this.reader.items(id, fanOut, { from: Number(cursor), limit: limit + 1, status });
    const items = decoded(found.slice(0, limit));
    const after = found[limit];
    return { items, next: after === undefined ? null : String(itemIndex(after.key)) };
  }

  async snapshot(id: string, sequence: number): Promise<StoredSnapshot> {
    await this.record(id);
    const snapshot =
      Number.isSafeInteger(sequence) && sequence > 0 && sequence < 2 ** 31
        ? await this.reader.snapshot(id, sequence)
        : undefined;
    if (snapshot === undefined)
      throw new DurachartError('TRANSITION_NOT_FOUND', `Instance ${id} has no transition ${sequence}.`);
    return decoded(snapshot);
  }

  async payload(id: string, sha256: string): Promise<unknown> {
    await this.record(id);
    const found = await this.options.payloads.find(id, sha256);
    if (found === undefined)
      throw new DurachartError(
        'PAYLOAD_NOT_FOUND',
        `Instance ${id} has no value ${JSON.stringify(sha256)} in the artifact store.`,
      );
    return decoded(found.value);
  }

  async explain(id: string): Promise<Explanation> {
    const { clock, remote, workflows, concurrency, queues, deadAfter } = this.options;
    const settings = { workflows, concurrency, queues, deadAfter, onTrigger: remote !== undefined };
    const explanation = canBeAsked(id) ? await readAndExplain(this.reader, id, settings, clock.now()) : undefined;
    if (explanation === undefined) throw notFound(id);
    return decoded(explanation);
  }

  async preview(id: string, event: SentEvent): Promise<Preview> {
    const claimed = canBeAsked(id) ? await this.reader.standing(id) : undefined;
    if (claimed === undefined) throw notFound(id);
    return decoded(preview(claimed, this.workflowOf(claimed), event, this.options.clock.now()));
  }

  async cancel(id: string, options: OperationOptions & { force?: boolean } = {}): Promise<OperationRecord | null> {
    const { force, ...rest } = options;
    try {
      return await this.operator.operate(id, { operation: 'cancel', force }, rest);
    } catch (error) {
      if (error instanceof DurachartError && error.code === 'INSTANCE_ENDED') return null;
      throw error;
    }
  }

  async retry(id: string, options: OperationOptions = {}): Promise<OperationRecord> {
    return this.operator.operate(id, { operation: 'retry' }, options);
  }

  async operate(id: string, request: OperationRequest, options: OperationOptions = {}): Promise<OperationRecord> {
    return this.operator.operate(id, request, options);
  }

  async operation(id: number, options: { wait?: number; signal?: AbortSignal } = {}): Promise<OperationRecord> {
    return this.operator.outcome(await this.operator.find(id), options.wait, options.signal);
  }

  async operations(
    options: { target?: OperationRecord['target']; targetId?: string; limit?: number; cursor?: string } = {},
  ): Promise<Page<OperationRecord>> {
    const limit = pageSize(options.limit);
    const before = decodeNumber(options.cursor, 'operations');
    return pageOf(await this.options.operations.list(options, limit + 1, before), limit);
  }

  bulk(request: OperationRequest, filter: BulkFilter, options: BulkOptions & { dryRun: true }): Promise<BulkCount>;
  bulk(request: OperationRequest, filter: BulkFilter, options?: BulkOptions & { dryRun?: false }): Promise<BulkBatch>;
  async bulk(
    request: OperationRequest,
    filter: BulkFilter,
    { dryRun, ...options }: BulkOptions & { dryRun?: boolean } = {},
  ): Promise<BulkBatch | BulkCount> {
    const parts = { reader: this.reader, operator: this.operator };
    return dryRun === true ? countBulk(parts, request, filter, options) : bulk(parts, request, filter, options);
  }

  async pause(target: PauseTarget, options: Omit<OperationOptions, 'wait'> = {}): Promise<OperationRecord> {
    return this.afterPause(await this.operator.pause('pause', target, options));
  }

  async unpause(target: PauseTarget, options: Omit<OperationOptions, 'wait'> = {}): Promise<OperationRecord> {
    return this.afterPause(await this.operator.pause('unpause', target, options));
  }

  /** The worker of this process need not wait to be notified. */
  private async afterPause(record: OperationRecord): Promise<OperationRecord> {
    await this.worker?.hands.notePauses();
    return record;
  }

  async pauses(): Promise<Paused[]> {
    return this.options.operations.paused();
  }

  async fork(id: string, fork: ForkOptions = {}, options: Omit<OperationOptions, 'wait'> = {}): Promise<Started> {
    return this.starter.fork(id, fork, options);
  }

  async export(id: string): Promise<ExportDocument> {
    const rows = canBeAsked(id) ? await this.options.operations.rows(id) : undefined;
    if (rows === undefined) throw notFound(id);
    return exportDocument(rows, this.options.clock.now());
  }

  async import(document: unknown, options: ImportOptions & Omit<OperationOptions, 'wait'> = {}): Promise<Started> {
    return this.starter.import(document, options);
  }

  async result<O>(id: string, options: { timeout?: number; signal?: AbortSignal } = {}): Promise<O> {
    return this.changes.wait(id, options, async (told) => {
      // Of what this process moves it tells itself, and sooner than the database does.
      if (told === undefined && this.worker?.hands.willTell(id) === true) return undefined;
      // As it comes back from the database, and nobody else's.
      if (told?.done !== undefined) return { value: decoded(JSON.parse(JSON.stringify(told.done.output))) as O };
      let record = await this.record(id);
      if (record.status === 'failed') {
        // Whoever has asked for a retry, or for another operation, waits for what comes of it.
        if (await this.reader.hasOrder(id)) return undefined;
        record = await this.record(id);
      }
      if (record.status === 'done') return { value: decoded(await this.options.payloads.get(id, record.output)) as O };
      if (record.status === 'cancelled')
        throw new DurachartError('INSTANCE_CANCELLED', `Instance ${id} was cancelled in ${record.state}.`);
      if (record.status === 'failed') {
        throw new DurachartError(
          'INSTANCE_FAILED',
          `Instance ${id} failed in ${record.state}: ${record.error === null ? '' : whyOf(record.error)}`,
          { details: { error: record.error } },
        );
      }
      return undefined;
    });
  }

  subscribe(options: { id?: string; after?: string; signal?: AbortSignal } = {}): AsyncIterable<FeedChange> {
    return follow(this.reader, this.changes, options, async (id) => this.record(id));
  }

  async overview(period?: Period): Promise<Overview> {
    const length = periodMs(period);
    return this.reader.overview(length, bucketMs(length));
  }

  async statistics(workflow: string, period?: Period): Promise<WorkflowStatistics> {
    if (!this.options.workflows.has(workflow))
      throw new DurachartError('UNKNOWN_WORKFLOW', `There is no workflow ${JSON.stringify(workflow)}.`);
    return this.reader.workflowStatistics(workflow, periodMs(period));
  }

  async retention(options: RetentionOptions): Promise<Retained> {
    const { retention: store, artifacts, payloads, clock, onFault: fault } = this.options;
    return retain({ store, artifacts, payloads, clock, fault }, options);
  }

  async health(): Promise<Health> {
    // However many ask, the database is asked once.
    this.asking ??= this.askHealth().finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async askHealth(): Promise<Health> {
    const began = performance.now();
    try {
      const isWritable = await this.reader.isWritable();
      const latencyMs = Math.round(performance.now() - began);
      const workers = await this.reader.workers();
      const wrong = isWritable ? (this.options.writes.trouble ?? troubleOfLatency(latencyMs)) : trouble('READ_ONLY');
      const remote =
        this.options.remote === undefined
          ? {}
          : { remote: true as const, remoteTrouble: this.options.remote.trouble ?? null };
      return { database: true, latencyMs, trouble: wrong, workers, ...remote };
    } catch (error) {
      return { database: false, latencyMs: null, trouble: troubleOf(error), workers: [] };
    }
  }

  async reconcile(): Promise<Reconciled> {
    await this.options.publisher.deliverAll();
    try {
      await this.options.scheduler.tick();
      return await (this.options.remote?.reconcile() ?? this.freeWhatIsLost());
    } catch (error) {
      throw asUnavailable(error, this.options.isTransient);
    }
  }

  private async freeWhatIsLost(): Promise<Reconciled> {
    const { store, clock, deadAfter, workflows } = this.options;
    const asking = this.worker?.accepting === true ? this.worker.workerId : 0;
    const { workers, freed } = await store.buryWorkers(await currentTime(clock), deadAfter, asking);
    const due = await store.due(clock.now(), movedWorkflows(workflows.keys(), await store.pauses()), MOST_DUE);
    this.worker?.hands.suspect();
    // What was freed may be in new hands by now.
    return {
      dead: workers.length,
      due: [...new Set([...freed, ...due.map(({ id }) => id)])],
      lost: [],
      failed: [],
    };
  }

  /** Whether `stop` was called. */
  get isStopped(): boolean {
    return this.stopped;
  }

  async stop(options: { grace?: number } = {}): Promise<void> {
    this.stopped = true;
    this.stopping ??= this.end(options);
    return this.stopping;
  }

  private async end(options: { grace?: number }): Promise<void> {
    await this.worker?.stop(options.grace ?? 10_000);
    await this.options.remote?.close();
    await this.changes.close();
    await this.options.close();
  }

  /** Ends as a killed process does. For tests. */
  async kill(): Promise<void> {
    this.stopped = true;
    this.stopping = Promise.resolve();
    await this.worker?.kill();
    await this.changes.close();
    await this.options.close();
  }

  private async record(id: string): Promise<InstanceRecord> {
    const record = canBeAsked(id) ? await this.reader.instance(id) : undefined;
    if (record === undefined) throw notFound(id);
    return record;
  }

  /** The same with the values that its row refers to. @throws DurachartError `PAYLOAD_UNREADABLE` */
  private async wholeRecord(id: string): Promise<InstanceRecord> {
    const { input, snapshot, ...record } = await this.record(id);
    const { payloads } = this.options;
    return { ...record, input: await payloads.get(id, input), snapshot: await payloads.whole(id, snapshot) };
  }

  /** One whose values cannot be read can still be cancelled, retried and rewound. */
  private async readableRecord(id: string): Promise<InstanceRecord> {
    try {
      return await this.wholeRecord(id);
    } catch (error) {
      if (error instanceof DurachartError && error.code === 'PAYLOAD_UNREADABLE') return this.record(id);
      throw error;
    }
  }

  private workflowOf(record: Pick<InstanceRecord, 'id' | 'workflow'>): Workflow {
    const workflow = this.options.workflows.get(record.workflow);
    if (workflow === undefined) {
      throw new DurachartError(
        'UNKNOWN_WORKFLOW',
        `Instance ${record.id} is of workflow ${record.workflow}, which this process does not know. Register it in createEngine({ workflows }).`,
      );
    }
    return workflow;
  }
}

/** The id of the last one seen, of those that have numbers. @throws DurachartError `INVALID_CURSOR` */
function decodeNumber(cursor: string | undefined, of: string): number | undefined {
  if (cursor === undefined) return undefined;
  if (!/^\d{1,15}$/.test(cursor))
    throw new DurachartError('INVALID_CURSOR', `The cursor of ${of} is the id of the last one seen.`);
  return Number(cursor);
}

/** A page of what was asked for with one more than its size. */
function pageOf<T extends { id: number }>(items: T[], limit: number): Page<T> {
  const page = items.slice(0, limit);
  return { items: page, next: items.length > limit ? String(page.at(-1)?.id) : null };
}

/** What else is asked for is nobody's id, and Postgres would stumble over some of it. */
function canBeAsked(id: unknown): id is string {
  return typeof id === 'string' && id.length <= 1_000 && !id.includes('\0') && id.isWellFormed();
}

function notFound(id: string): DurachartError {
  return new DurachartError('INSTANCE_NOT_FOUND', `There is no instance ${JSON.stringify(id)}.`, { details: { id } });
}
