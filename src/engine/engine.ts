import { DurachartError } from '../core/error.ts';
import type { StoredSnapshot } from '../core/snapshot.ts';
import type { Workflow } from '../core/workflow.ts';
import type {
  Change as FeedChange,
  Engine,
  Health,
  HistoryEntry,
  InstanceSummary,
  InstanceView,
  ListOptions,
  Page,
  Started,
  StartOptions,
  StepDetail,
} from './api.ts';
import { Changes } from './changes.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { decide } from './decide.ts';
import { follow } from './follow.ts';
import { CANCEL, idempotentId, RETRY } from './keys.ts';
import { checkEvent, checkFilters, checkInput, checkKey, checkOptions, pageSize } from './checks.ts';
import type { Commit, CommitResult, Millis, NewInstance } from './ports.ts';
import type { InstanceRecord, Reader } from './reader.ts';
import { emptyChange, hasEnded, isOver, instanceState, unborn, type Change, type State } from './state.ts';
import { DatabaseUnavailableError } from './unavailable.ts';
import { Worker, type WorkerOptions } from './worker.ts';

export interface EngineOptions extends Omit<WorkerOptions, 'events'> {
  registered: readonly Workflow[];
  reader: Reader;
  close: () => Promise<void>;
  onFault: (message: string, error: unknown) => void;
  /** Where no worker of this process, nor of another one, would look by itself: gets somebody to move these instances. */
  remote?: Remote | undefined;
}

/** Another system that moves the instances. */
export interface Remote {
  /** Called when the engine is told to work. @throws when the other system cannot be used */
  check(): Promise<void>;
  /** Called after what concerns these instances is stored. Never rejects. */
  announce(ids: readonly string[], at: Millis): Promise<void>;
}

/** The engine of one process: starts, sends and reads for anybody, and, once told to work, runs a worker. */
export class DurableEngine implements Engine {
  readonly workflows: readonly Workflow[];
  private readonly options: EngineOptions;
  private readonly reader: Reader;
  private readonly changes: Changes;
  private worker: Worker | undefined;
  private stopped = false;

  constructor(options: EngineOptions) {
    this.options = options;
    this.workflows = options.registered;
    this.reader = options.reader;
    this.changes = new Changes(options.reader, options.clock, options.onFault);
  }

  async work(): Promise<void> {
    if (this.options.remote !== undefined) return this.options.remote.check();
    if (this.worker !== undefined) return;
    this.worker = new Worker({
      ...this.options,
      events: {
        changed: (id, over) => this.changes.changed(id, over),
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

  async start(name: string, input: unknown, options: StartOptions = {}): Promise<Started> {
    const workflow = this.options.workflows.get(name);
    if (workflow === undefined) {
      const known = this.workflows.map((other) => other.name).join(', ');
      throw new DurachartError('UNKNOWN_WORKFLOW', `There is no workflow ${JSON.stringify(name)}. Known: ${known}.`, {
        details: { workflows: known },
      });
    }
    checkOptions(options);
    const parsed = checkInput(workflow, input);
    const now = this.options.clock.now();
    const id = options.id ?? idempotentId(name, options.tenant ?? null, options.key, now);
    const startAt = options.startAt?.getTime() ?? now;
    const create: NewInstance = {
      workflow: name,
      version: workflow.version,
      tenant: options.tenant ?? null,
      tags: options.tags ?? [],
      priority: options.priority ?? 5,
      input: parsed,
      key: options.key ?? null,
      parent: null,
      leased: false,
      wakeAt: Math.max(startAt, now),
      createdAt: now,
    };
    const first =
      startAt > now
        ? { state: unborn(id, workflow, create), change: emptyChange() }
        : this.firstTransition(id, workflow, create, now);
    if (await this.create(create, first.state, first.change, startAt <= now)) return { id, created: true };
    // Neither stored nor there: the worker that was to store it has been taken for dead. It goes by itself then.
    if ((await this.reader.instance(id)) === undefined && (await this.create(create, first.state, first.change, false)))
      return { id, created: true };
    return this.existing(id, name, parsed, options);
  }

  /** The start is thought through here, so that an input that the machine itself refuses is refused to the caller. */
  private firstTransition(
    id: string,
    workflow: Workflow,
    create: NewInstance,
    now: number,
  ): { state: State; change: Change } {
    const first = decide(unborn(id, workflow, create), { type: 'start' }, now);
    if (first.state.status !== 'failed') return first;
    const { code, message } = first.state.error ?? { code: 'TRANSITION_FAILED', message: 'The machine did not start.' };
    throw new DurachartError(code, `Workflow ${workflow.name} does not start with this input: ${message}`);
  }

  private async create(create: NewInstance, state: State, change: Change, now: boolean): Promise<boolean> {
    if (now && this.worker?.hasRoom === true) return this.worker.create(create, state, change);
    const { children, ...rows } = change;
    const root: Commit = {
      ...rows,
      id: state.id,
      expected: 0,
      create,
      requires: null,
      after: instanceState(state),
      at: create.createdAt,
      release: null,
    };
    const rest = children.map((child): Commit => {
      const workflow = this.options.workflows.get(child.create.workflow) as Workflow;
      return {
        ...emptyChange(),
        id: child.id,
        expected: 0,
        create: child.create,
        requires: state.id,
        after: instanceState(unborn(child.id, workflow, child.create)),
        at: create.createdAt,
        release: null,
      };
    });
    const stored = await this.commit([root, ...rest]);
    this.changes.changed(state.id, isOver(state.status));
    await this.options.remote?.announce(
      stored.map(({ id }) => id),
      create.wakeAt ?? create.createdAt,
    );
    return stored.some(({ id }) => id === state.id);
  }

  private async commit(batch: Commit[]): Promise<CommitResult[]> {
    try {
      return await this.options.store.commit(0, batch);
    } catch (error) {
      throw this.options.isTransient(error) ? new DatabaseUnavailableError(error) : error;
    }
  }

  private async existing(id: string, workflow: string, input: unknown, options: StartOptions): Promise<Started> {
    const record = await this.record(id);
    const same = record.workflow === workflow && canonical(record.input ?? null) === canonical(input ?? null);
    if (same) return { id, created: false };
    const what = options.key === undefined ? `The id ${id}` : `The idempotency key ${JSON.stringify(options.key)}`;
    throw new DurachartError(
      'KEY_REUSED',
      `${what} belongs to an instance with another workflow or input. Use a new one, or send the same input.`,
      { details: { id } },
    );
  }

  async send(
    id: string,
    event: { type: string; [field: string]: unknown },
    options: { key?: string } = {},
  ): Promise<{ duplicate: boolean }> {
    const record = await this.record(id);
    const workflow = this.workflowOf(record);
    checkKey(options.key);
    let payload: unknown;
    try {
      payload = checkEvent(workflow, record, event);
    } catch (error) {
      // Who asks again because the first answer got lost is not told that the machine is past it.
      if (options.key !== undefined && (await this.reader.wasPosted(id, options.key))) return { duplicate: true };
      throw error;
    }
    return this.post(id, event.type, payload, 'external', options.key);
  }

  async get(id: string): Promise<InstanceView> {
    const { snapshot, ...record } = await this.record(id);
    const workflow = this.options.workflows.get(record.workflow);
    let accepts: string[] = [];
    if (workflow !== undefined && snapshot !== null && !hasEnded(record.status)) {
      try {
        accepts = workflow.machine.eventTypes(workflow.machine.restore(snapshot));
      } catch {
        // A state that the code no longer has takes nothing.
      }
    }
    return { ...record, value: snapshot?.value ?? null, context: snapshot?.context ?? null, accepts };
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

  async history(id: string, options: { limit?: number; cursor?: string } = {}): Promise<Page<HistoryEntry>> {
    const limit = pageSize(options.limit);
    const { cursor = '0' } = options;
    if (!/^\d{1,9}$/.test(cursor))
      throw new DurachartError('INVALID_CURSOR', 'The cursor of a history is the sequence of the last entry seen.');
    await this.record(id);
    const items = (await this.reader.history(id, Number(cursor), limit + 1)).map(({ status: _, ...entry }) => entry);
    const page = items.slice(0, limit);
    return { items: page, next: items.length > limit ? String(page.at(-1)?.sequence) : null };
  }

  async steps(id: string): Promise<StepDetail[]> {
    await this.record(id);
    return this.reader.steps(id);
  }

  async snapshot(id: string, sequence: number): Promise<StoredSnapshot> {
    await this.record(id);
    const snapshot =
      Number.isSafeInteger(sequence) && sequence > 0 && sequence < 2 ** 31
        ? await this.reader.snapshot(id, sequence)
        : undefined;
    if (snapshot === undefined)
      throw new DurachartError('TRANSITION_NOT_FOUND', `Instance ${id} has no transition ${sequence}.`);
    return snapshot;
  }

  async cancel(id: string): Promise<void> {
    const { status } = await this.record(id);
    if (hasEnded(status)) return;
    await this.post(id, CANCEL, null, 'control');
  }

  async retry(id: string): Promise<void> {
    const record = await this.record(id);
    if (record.status !== 'failed') {
      throw new DurachartError(
        'NOT_FAILED',
        `Instance ${id} is ${record.status} in ${record.state}; only a failed one can be retried.`,
        { details: { status: record.status } },
      );
    }
    await this.post(id, RETRY, null, 'control');
  }

  async result<O>(id: string, options: { timeout?: number; signal?: AbortSignal } = {}): Promise<O> {
    return this.changes.wait(id, options, async () => {
      let record = await this.record(id);
      if (record.status === 'failed') {
        // Whoever has asked for a retry waits for what comes of it.
        if (await this.reader.isPending(id, RETRY)) return undefined;
        record = await this.record(id);
      }
      if (record.status === 'done') return { value: record.output as O };
      if (record.status === 'cancelled')
        throw new DurachartError('INSTANCE_CANCELLED', `Instance ${id} was cancelled in ${record.state}.`);
      if (record.status === 'failed') {
        throw new DurachartError(
          'INSTANCE_FAILED',
          `Instance ${id} failed in ${record.state}: ${record.error?.message ?? ''}`,
          { details: { error: record.error } },
        );
      }
      return undefined;
    });
  }

  subscribe(options: { id?: string; after?: string; signal?: AbortSignal } = {}): AsyncIterable<FeedChange> {
    return follow(this.reader, this.changes, options, async (id) => this.record(id));
  }

  async health(): Promise<Health> {
    try {
      return { database: true, workers: await this.reader.workers() };
    } catch {
      return { database: false, workers: [] };
    }
  }

  async stop(options: { grace?: number } = {}): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    await this.worker?.stop(options.grace ?? 10_000);
    await this.changes.close();
    await this.options.close();
  }

  /** Ends as a killed process does. For tests. */
  async kill(): Promise<void> {
    this.stopped = true;
    await this.worker?.kill();
    await this.changes.close();
    await this.options.close();
  }

  private async post(
    id: string,
    type: string,
    payload: unknown,
    source: 'external' | 'control',
    key?: string,
  ): Promise<{ duplicate: boolean }> {
    const outcome = await this.reader.post({
      instanceId: id,
      type,
      payload,
      source,
      dedupeKey: key ?? null,
      at: this.options.clock.now(),
    });
    if (outcome === 'no instance') throw notFound(id);
    // Of a duplicate too: the first one may not have got so far.
    await this.options.remote?.announce([id], this.options.clock.now());
    return { duplicate: outcome === 'duplicate' };
  }

  private async record(id: string): Promise<InstanceRecord> {
    const record =
      typeof id === 'string' && id.length <= 1_000 && !id.includes('\0') && id.isWellFormed()
        ? await this.reader.instance(id)
        : undefined;
    if (record === undefined) throw notFound(id);
    return record;
  }

  private workflowOf(record: InstanceRecord): Workflow {
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

function notFound(id: string): DurachartError {
  return new DurachartError('INSTANCE_NOT_FOUND', `There is no instance ${JSON.stringify(id)}.`, { details: { id } });
}

/** JSON with its keys in order: two inputs that mean the same are the same text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
