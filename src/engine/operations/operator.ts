import { currentTime } from '../clock.ts';
import { DurachartError } from '../../core/error.ts';
import { storable } from '../../core/json.ts';
import type { Workflow } from '../../core/workflow.ts';
import { checkBy, parse } from '../checks.ts';
import type { Changes } from '../changes.ts';
import type { Clock } from '../ports.ts';
import type { InstanceRecord } from '../reader.ts';
import { canSkip, legal, type Standing } from './legal.ts';
import { momentOf } from './moment.ts';
import type { Moment, Order } from './order.ts';
import { outputSchema } from './output-schema.ts';
import { patched } from './patch.ts';
import type {
  OperationOptions,
  OperationRecord,
  OperationRequest,
  OperationStore,
  NewPause,
  PauseTarget,
} from './records.ts';
import type { Scheduler } from '../schedules/scheduler.ts';

export interface OperatorOptions {
  operations: OperationStore;
  changes: Changes;
  scheduler: Pick<Scheduler, 'named' | 'run'>;
  clock: Clock;
  /** @throws DurachartError `INSTANCE_NOT_FOUND` */
  record: (id: string) => Promise<InstanceRecord>;
  workflows: ReadonlyMap<string, Workflow>;
  /** @throws DurachartError `UNKNOWN_WORKFLOW` */
  workflowOf: (record: InstanceRecord) => Workflow;
  /** Where another system moves the instances: gets it to look. */
  reconcile: () => Promise<void>;
  /** Called once an order is stored. */
  announce: (id: string) => Promise<void>;
}

/** How far back a state is looked for that the code still has. */
const FAR = 200;

/**
 * Takes what people ask for, gathers what deciding it needs, and puts it into the instance's inbox. Whoever moves the
 * instance decides it, in its turn among the other events and by the same pure rule on every executor.
 */
export class Operator {
  private readonly options: OperatorOptions;

  constructor(options: OperatorOptions) {
    this.options = options;
  }

  /** @throws DurachartError the code that says why it is not legal now; `INVALID_OPTION`, `INSTANCE_NOT_FOUND` */
  async operate(id: string, request: OperationRequest, options: OperationOptions): Promise<OperationRecord> {
    const { operations, clock } = this.options;
    const { by, why } = checkBy(options);
    const record = await this.options.record(id);
    if (options.key !== undefined) {
      const known = await operations.findByKey('instance', id, options.key);
      if (known !== undefined) return this.outcome(sameRequest(known, request), options.wait);
    }
    const order = await this.order(record, request);
    const stored = await operations.request({
      instanceId: id,
      operation: request.operation,
      arguments: argumentsOf(order),
      payload: order,
      by,
      why,
      key: options.key ?? null,
      at: await currentTime(clock),
    });
    if (stored === 'no instance')
      throw new DurachartError('INSTANCE_NOT_FOUND', `There is no instance ${JSON.stringify(id)}.`, {
        details: { id },
      });
    await this.options.announce(id);
    return this.outcome(await this.find(stored.id), options.wait);
  }

  /** Pauses a workflow or a queue, or lets it go on: at once, since no instance is touched. */
  async pause(
    operation: 'pause' | 'unpause',
    target: PauseTarget,
    options: Omit<OperationOptions, 'wait'>,
  ): Promise<OperationRecord> {
    const { operations, clock } = this.options;
    const by = { ...checkBy(options), key: options.key ?? null };
    const at = this.pausable(target);
    if (by.key !== null) {
      const known = await operations.findByKey(at.target, at.name, by.key);
      if (known !== undefined) return sameRequest(known, { operation });
    }
    const id = await operations[operation]({ ...at, ...by, at: await currentTime(clock) });
    if (id === undefined) {
      const what = `${at.target} ${at.name}`;
      throw operation === 'pause'
        ? new DurachartError('ALREADY_PAUSED', `The ${what} is paused already.`)
        : new DurachartError('NOT_PAUSED', `The ${what} is not paused.`);
    }
    if (operation === 'unpause') await this.options.reconcile();
    return this.find(id);
  }

  /** Starts an instance of a schedule now. @throws DurachartError `UNKNOWN_SCHEDULE`, `INVALID_INPUT`, `KEY_REUSED`, `INVALID_OPTION` */
  async runSchedule(id: string, options: Omit<OperationOptions, 'wait'>): Promise<OperationRecord> {
    const { operations, scheduler } = this.options;
    const by = { ...checkBy(options), key: options.key ?? null };
    scheduler.named(id);
    const before = async (): Promise<OperationRecord | undefined> =>
      by.key === null ? undefined : operations.findByKey('schedule', id, by.key);
    let known = await before();
    if (known === undefined) {
      const record = await scheduler.run(id, by);
      if (record !== undefined) return this.find(record);
      // Somebody was faster with the same key.
      known = await before();
    }
    if (known?.operation === 'run') return known;
    throw new DurachartError('KEY_REUSED', `The key ${JSON.stringify(by.key)} belongs to another operation on ${id}.`);
  }

  private pausable(target: PauseTarget): Pick<NewPause, 'target' | 'name'> {
    if ('workflow' in target) return this.workflowNamed(target.workflow);
    if ('queue' in target) return this.queueNamed(target.queue);
    return { target: 'schedule', name: this.options.scheduler.named(target.schedule).schedule.id };
  }

  private workflowNamed(name: string): { target: 'workflow'; name: string } {
    const { workflows } = this.options;
    if (workflows.has(name)) return { target: 'workflow', name };
    const known = [...workflows.keys()];
    throw new DurachartError(
      'UNKNOWN_WORKFLOW',
      `There is no workflow ${JSON.stringify(name)}. Known: ${known.join(', ')}.`,
      { details: { workflows: known } },
    );
  }

  private queueNamed(name: string): { target: 'queue'; name: string } {
    const steps = [...this.options.workflows.values()].flatMap((workflow) => [...workflow.steps.values()]);
    const known = [...new Set(steps.flatMap(({ queue }) => queue ?? []))].toSorted();
    if (known.includes(name)) return { target: 'queue', name };
    const words = known.length === 0 ? 'No step has a queue.' : `Known: ${known.join(', ')}.`;
    throw new DurachartError('UNKNOWN_QUEUE', `No step is in a queue ${JSON.stringify(name)}. ${words}`, {
      details: { queues: known },
    });
  }

  /** Whether an operation is legal now. @throws DurachartError as {@link operate} does */
  async check(id: string, request: OperationRequest): Promise<void> {
    await this.order(await this.options.record(id), request);
  }

  /** @throws DurachartError `OPERATION_NOT_FOUND` */
  async find(id: number): Promise<OperationRecord> {
    const known = Number.isSafeInteger(id) ? await this.options.operations.find(id) : undefined;
    if (known === undefined) throw new DurachartError('OPERATION_NOT_FOUND', `There is no operation ${id}.`);
    return known;
  }

  /** The operation once it is applied or refused; as it stands when the time is over. */
  async outcome(operation: OperationRecord, wait = 0, signal?: AbortSignal): Promise<OperationRecord> {
    if (wait <= 0 || operation.status !== 'requested') return operation;
    const look = async (): Promise<{ value: OperationRecord } | undefined> => {
      const now = await this.find(operation.id);
      return now.status === 'requested' ? undefined : { value: now };
    };
    try {
      const options = { timeout: wait, ...(signal === undefined ? {} : { signal }) };
      return await this.options.changes.wait(operation.targetId, options, look, 'change');
    } catch (error) {
      if (signal?.aborted || (error instanceof DurachartError && error.code === 'TIMEOUT'))
        return this.find(operation.id);
      throw error;
    }
  }

  /** How an instance stands, with what only its history and its code tell. */
  async standing(record: InstanceRecord): Promise<Standing> {
    const { status, sequence, steps, snapshot } = record;
    // One of a workflow that this process does not know can still be paused, retried and cancelled.
    const workflow = this.options.workflows.get(record.workflow);
    let stateKnown = true;
    let enteredByError = false;
    if (snapshot !== null && workflow !== undefined) {
      try {
        const live = workflow.machine.restore(snapshot);
        const { resume } = workflow.controls;
        enteredByError = resume !== undefined && workflow.machine.accepts(live, { type: resume }, record);
      } catch {
        stateKnown = false;
      }
      if (!enteredByError) {
        const entered = await this.options.operations.entered(record.id);
        enteredByError = entered?.event.startsWith('xstate.error.') ?? false;
      }
    }
    return { status, sequence, steps, enteredByError, stateKnown };
  }

  /** What an instance looked like after a transition. @throws DurachartError `TRANSITION_NOT_FOUND` */
  async moment(id: string, sequence: number): Promise<Moment> {
    const past =
      Number.isInteger(sequence) && sequence > 0 && sequence < 2 ** 31
        ? await this.options.operations.past(id, sequence)
        : undefined;
    if (past === undefined)
      throw new DurachartError('TRANSITION_NOT_FOUND', `Instance ${id} has no transition ${sequence}.`);
    return momentOf(past);
  }

  private async order(record: InstanceRecord, request: OperationRequest): Promise<Order> {
    const step = request.operation === 'skip' ? keyOf(record, request.step) : undefined;
    const standing = await this.standing(record);
    const verdict = legal(request.operation, standing, step);
    if (!verdict.ok) {
      const { status, state } = record;
      throw new DurachartError(verdict.code, `Instance ${record.id} (${state}): ${verdict.reason}`, {
        details: { status, state },
      });
    }
    switch (request.operation) {
      case 'retry':
      case 'pause':
      case 'unpause':
        return { operation: request.operation };
      case 'cancel':
        return request.force === true ? { operation: 'cancel', force: true } : { operation: 'cancel' };
      case 'skip':
        return { operation: 'skip', step: step as string, output: this.output(record, step as string, request.output) };
      case 'rewind':
        return this.rewind(record, request.to);
      case 'edit': {
        // Held against the context as it is now, so that what cannot fit is refused at once.
        patched(record.snapshot?.context ?? {}, request.patch, this.options.workflowOf(record).context);
        return { operation: 'edit', patch: request.patch };
      }
      case 'resume':
        return { operation: 'resume', as: await this.resume(record, standing) };
    }
  }

  private async rewind(record: InstanceRecord, to: number): Promise<Extract<Order, { operation: 'rewind' }>> {
    const moment = await this.moment(record.id, to);
    if (moment.snapshot.status !== 'active')
      throw new DurachartError('MOMENT_ENDED', `After transition ${to} the machine had ended. Take an earlier one.`);
    this.options.workflowOf(record).machine.restore(moment.snapshot);
    return { operation: 'rewind', to, moment };
  }

  private async resume(
    record: InstanceRecord,
    { status, stateKnown }: Standing,
  ): Promise<Extract<Order, { operation: 'resume' }>['as']> {
    if (!stateKnown) return this.rewind(record, await this.lastKnown(record));
    if (status === 'failed') return { operation: 'retry' };
    if (status === 'paused') return { operation: 'unpause' };
    const { machine, controls } = this.options.workflowOf(record);
    const snapshot = record.snapshot as NonNullable<InstanceRecord['snapshot']>;
    if (controls.resume !== undefined && machine.accepts(machine.restore(snapshot), { type: controls.resume }, record))
      return { operation: 'send', type: controls.resume };
    const entered = await this.options.operations.entered(record.id);
    return this.rewind(record, (entered?.sequence ?? record.sequence) - 1);
  }

  /** The newest transition after which it stood where the code can take it up. */
  private async lastKnown({ id, sequence, ...record }: InstanceRecord): Promise<number> {
    const { machine } = this.options.workflowOf({ id, sequence, ...record });
    for (let at = sequence - 1; at > 0 && at > sequence - FAR; at--) {
      const past = await this.options.operations.past(id, at);
      try {
        if (past?.snapshot.status === 'active' && machine.restore(past.snapshot)) return at;
      } catch {
        // That state is gone, too.
      }
    }
    throw new DurachartError(
      'STATE_UNKNOWN',
      `The code has none of the last ${Math.min(FAR, sequence)} states of instance ${id}. Bring one back, or rewind further.`,
    );
  }

  private output(record: InstanceRecord, key: string, output: unknown): unknown {
    const workflow = this.options.workflowOf(record);
    const row = record.steps.find((step) => step.key === key);
    const name = row?.step ?? '';
    const schema = row === undefined ? undefined : outputSchema(workflow, row);
    const parsed = parse(schema, output, 'INVALID_OUTPUT', `The output for step ${name}`);
    return storable(parsed, `The output for step ${name}`);
  }
}

/** A step may be named by its key, or by its name where that is clear. @throws DurachartError `AMBIGUOUS_STEP` */
function keyOf({ id, steps }: InstanceRecord, step: string): string {
  if (steps.some(({ key }) => key === step)) return step;
  // By the name of its step the fan-out is meant, and not one of its items.
  const named = steps.filter((row) => row.step === step && row.kind !== 'item' && canSkip(row));
  if (named.length > 1) {
    const keys = named.map(({ key }) => key);
    throw new DurachartError(
      'AMBIGUOUS_STEP',
      `Instance ${id} waits for ${step} ${named.length} times. Name one by its key: ${keys.join(', ')}.`,
      { details: { keys } },
    );
  }
  return named[0]?.key ?? step;
}

/** What the record shows of an order: without the moment, which the history has. */
function argumentsOf(order: Order | Extract<Order, { operation: 'resume' }>['as']): Record<string, unknown> | null {
  const { operation: _, ...rest } = order as Record<string, unknown> & { operation: string };
  const { moment: __, as, ...shown } = rest;
  if (as !== undefined) {
    const inner = as as Order;
    return { as: inner.operation, ...argumentsOf(inner) };
  }
  return Object.keys(shown).length === 0 ? null : shown;
}

/** @throws DurachartError `KEY_REUSED` */
function sameRequest(known: OperationRecord, request: Pick<OperationRequest, 'operation'>): OperationRecord {
  // A step may be named in two ways, and its schema may have changed an output.
  const { operation, to, patch } = request as { operation: string; to?: number; patch?: unknown };
  const before = (known.arguments ?? {}) as { to?: number; patch?: unknown };
  const differs =
    (operation === 'rewind' && to !== before.to) ||
    (operation === 'edit' && JSON.stringify(patch) !== JSON.stringify(before.patch));
  if (known.operation === operation && !differs) return known;
  throw new DurachartError(
    'KEY_REUSED',
    `The key ${JSON.stringify(known.key)} belongs to another operation of this instance (${known.operation}, operation ${known.id}). Use a new one.`,
    { details: { id: known.id } },
  );
}
