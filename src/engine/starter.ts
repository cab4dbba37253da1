import { DurachartError } from '../core/error.ts';
import { decoded } from '../core/undefined.ts';
import type { Workflow } from '../core/workflow.ts';
import type { Started, StartOptions } from './api.ts';
import { canonical } from './canonical.ts';
import type { Changes } from './changes.ts';
import { checkBy, checkInput, checkOptions } from './checks.ts';
import { currentTime } from './clock.ts';
import { decide } from './decide.ts';
import { firstSubscriptions } from './events/correlation.ts';
import type { EngineOptions } from './engine.ts';
import { idempotentId } from './keys.ts';
import { checkDocument } from './operations/export-document.ts';
import { forked, forkRecord, type ForkOptions } from './operations/fork.ts';
import { imported, importRecord, type ImportOptions } from './operations/import.ts';
import type { Operator } from './operations/operator.ts';
import type { OperationOptions } from './operations/records.ts';
import type { Commit, CommitResult, NewInstance } from './ports.ts';
import type { InstanceRecord } from './reader.ts';
import { emptyChange, instanceState, isOver, rowsOf, unborn, type Change, type State } from './state.ts';
import { asUnavailable } from './unavailable.ts';
import type { Worker } from './worker.ts';

export interface StarterOptions extends Pick<
  EngineOptions,
  'registered' | 'workflows' | 'clock' | 'store' | 'reader' | 'operations' | 'remote' | 'isTransient'
> {
  changes: Changes;
  operator: Operator;
  /** The worker of this process, if it has one. */
  worker: () => Worker | undefined;
  /** @throws DurachartError `INSTANCE_NOT_FOUND` */
  record: (id: string) => Promise<InstanceRecord>;
  /** @throws DurachartError `UNKNOWN_WORKFLOW` */
  workflowOf: (record: Pick<InstanceRecord, 'id' | 'workflow'>) => Workflow;
}

/** Brings instances into being: new ones, forks, and those that come from a file. */
export class Starter {
  private readonly options: StarterOptions;

  constructor(options: StarterOptions) {
    this.options = options;
  }

  async start(name: string, input: unknown, options: StartOptions = {}): Promise<Started> {
    const workflow = this.options.workflows.get(name);
    if (workflow === undefined) {
      const known = this.options.registered.map((other) => other.name).join(', ');
      throw new DurachartError('UNKNOWN_WORKFLOW', `There is no workflow ${JSON.stringify(name)}. Known: ${known}.`, {
        details: { workflows: known },
      });
    }
    checkOptions(options);
    const parsed = checkInput(workflow, input);
    const now = await currentTime(this.options.clock);
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
      startAt: startAt > now ? startAt : null,
      createdAt: now,
    };
    const first =
      startAt > now
        ? {
            state: unborn(id, workflow, create),
            change: { ...emptyChange(), subscriptions: firstSubscriptions({ id, input: parsed, workflow }) },
          }
        : this.firstTransition(id, workflow, create, now);
    if (await this.create(create, first.state, first.change, startAt <= now)) return { id, created: true };
    // Neither stored nor there: the worker that was to store it has been taken for dead. It goes by itself then.
    if (
      (await this.options.reader.instance(id)) === undefined &&
      (await this.create(create, first.state, first.change, false))
    )
      return { id, created: true };
    return this.existing(id, name, parsed, options);
  }

  async fork(id: string, fork: ForkOptions = {}, options: Omit<OperationOptions, 'wait'> = {}): Promise<Started> {
    const by = { ...checkBy(options), key: options.key ?? null };
    const record = await this.options.record(id);
    const workflow = this.options.workflowOf(record);
    if (fork.id !== undefined) checkOptions({ id: fork.id });
    if (fork.from === 0 && fork.patch !== undefined)
      throw new DurachartError(
        'INVALID_OPTION',
        'A fork from 0 begins anew, with no context to patch. Give it another input.',
      );
    const input = fork.input === undefined ? record.input : checkInput(workflow, fork.input);
    const from = { id, sequence: fork.from ?? record.sequence };
    const now = await currentTime(this.options.clock);
    const { tenant, tags, priority } = record;
    const newId = fork.id ?? idempotentId(`fork of ${id}`, tenant, options.key, now);
    const create: NewInstance = {
      workflow: workflow.name,
      version: workflow.version,
      tenant,
      tags,
      priority,
      input,
      key: null,
      parent: null,
      leased: false,
      wakeAt: now,
      startAt: null,
      createdAt: now,
    };
    const { state, change } =
      from.sequence === 0
        ? this.firstTransition(newId, workflow, create, now)
        : forked(
            newId,
            workflow,
            create,
            { moment: await this.options.operator.moment(id, from.sequence), from, patch: fork.patch },
            now,
          );
    change.audits.push(forkRecord(state, by, from, fork));
    if (await this.create(create, state, change, true)) return { id: newId, created: true };
    return this.takenBy(newId, options.key);
  }

  async import(document: unknown, options: ImportOptions & Omit<OperationOptions, 'wait'> = {}): Promise<Started> {
    const by = { ...checkBy(options), key: options.key ?? null };
    if (options.id !== undefined) checkOptions({ id: options.id });
    const checked = checkDocument(document);
    const { instance } = checked;
    const workflow = this.options.workflowOf(instance);
    const now = await currentTime(this.options.clock);
    const id = options.id ?? idempotentId(`import of ${instance.id}`, instance.tenant, options.key, now);
    const rows = imported(checked, workflow, id, options.from, now);
    if (await this.options.operations.insert(rows, importRecord(rows, checked, by), now)) return { id, created: true };
    return this.takenBy(id, options.key);
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
    const hands = this.options.worker()?.hands;
    if (now && hands?.takes(create.workflow) === true) return hands.create(create, state, change);
    const root: Commit = {
      ...rowsOf(change),
      id: state.id,
      expected: 0,
      create,
      requires: null,
      after: instanceState(state),
      at: create.createdAt,
      release: null,
    };
    const rest = change.children.map((child): Commit => {
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
    this.options.changes.changed(state.id, isOver(state.status));
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
      throw asUnavailable(error, this.options.isTransient);
    }
  }

  private async existing(id: string, workflow: string, input: unknown, options: StartOptions): Promise<Started> {
    const record = await this.options.record(id);
    const same =
      record.workflow === workflow && canonical(decoded(record.input) ?? null) === canonical(decoded(input) ?? null);
    if (same) return { id, created: false };
    const what = options.key === undefined ? `The id ${id}` : `The idempotency key ${JSON.stringify(options.key)}`;
    throw new DurachartError(
      'KEY_REUSED',
      `${what} belongs to an instance with another workflow or input. Use a new one, or send the same input.`,
      { details: { id } },
    );
  }

  /** What is there under an id that was to be new: the same thing, asked for before, or another one. */
  private async takenBy(id: string, key: string | undefined): Promise<Started> {
    const there = key === undefined ? undefined : await this.options.operations.findByKey('instance', id, key);
    if (there !== undefined) return { id, created: false };
    throw new DurachartError('ID_TAKEN', `There is an instance ${id} already. Give the new one another id.`, {
      details: { id },
    });
  }
}
