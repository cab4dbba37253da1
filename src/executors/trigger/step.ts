import { AbortTaskRunError, metadata } from '@trigger.dev/sdk';
import type { DurachartError } from '../../core/error.ts';
import type { StepDefinition } from '../../core/step.ts';
import { isError } from '../../core/stored-thrown.ts';
import { describe } from '../../core/thrown.ts';
import type { Workflow } from '../../core/workflow.ts';
import type { RoundFence, Settled } from '../../engine/driver-store.ts';
import { idempotencyKey } from '../../engine/keys.ts';
import type { Invocation, StepRow } from '../../engine/ports.ts';
import {
  begun,
  concluded,
  definitionOf,
  isSkip,
  lostTransaction,
  lostWorker,
  unknownStep,
} from '../../engine/step-rows.ts';
import { isUnknown } from '../../engine/unavailable.ts';
import { Progress } from './listener.ts';
import { isOver, triggerDriver, type StepPayload } from './platform.ts';
import { withRun } from './rows.ts';
import type { Runtime } from './runtime.ts';

/** The attempt of a step's run, as the platform tells of it. */
export interface RunInfo {
  id: string;
  attempt: number;
  maxAttempts: number;
  signal: AbortSignal;
}

/** An attempt whose handler failed, until `catchError` has decided what comes of it. */
interface Failure {
  fence: RoundFence;
  row: StepRow;
  error: unknown;
  definition: StepDefinition;
  workflow: Workflow;
  /** The transaction was lost, which is not the step's failure. */
  isLost: boolean;
}

export interface StepResult {
  outcome: 'done' | 'superseded' | 'cancelled';
}

/**
 * Runs one attempt of an invocation, and stores what came of it before it returns: the row is the truth, and the run's own
 * output is nothing that anybody reads. The engine's own troubles are thrown as they are: they are no failure of the step.
 */
export class StepRuns {
  private readonly failures = new Map<string, Failure>();

  async run(runtime: Runtime, payload: StepPayload, run: RunInfo): Promise<StepResult> {
    const { store, clock } = runtime;
    const fence: RoundFence = { instanceId: payload.instance, key: payload.key, round: payload.round, runId: run.id };
    await clock.ready?.();
    const found = await runtime.persist(() => store.assignment(fence));
    // The machine has left the state, another run has taken over, or this one had stored its result when it died.
    if (found === undefined) return { outcome: 'superseded' };
    const workflow = runtime.workflows.get(found.instance.workflow);
    if (workflow === undefined)
      throw new AbortTaskRunError(`Workflow ${found.instance.workflow} is not among these tasks.`);
    const row =
      found.row.status === 'running' ? withRun(lostWorker(found.row, clock.now()), found.row, run.id) : found.row;
    const definition = definitionOf(workflow, row);
    if (definition === undefined || row.status === 'failed') {
      const failed = definition === undefined ? unknownStep(workflow, row, clock.now()) : row;
      await this.settle(runtime, fence, failed);
      throw new AbortTaskRunError(failed.error?.message ?? 'The step failed.');
    }
    const started = begun(row, 0, clock.now());
    if (!(await runtime.persist(() => store.saveStep(fence, found.row, started)))) return { outcome: 'superseded' };
    return this.attempt(runtime, fence, { workflow, definition, instance: found.instance, started }, run);
  }

  private async attempt(
    runtime: Runtime,
    fence: RoundFence,
    step: { workflow: Workflow; definition: StepDefinition; instance: Invocation['instance']; started: StepRow },
    run: RunInfo,
  ): Promise<StepResult> {
    const { store, clock, random } = runtime;
    const { workflow, definition, started } = step;
    const { errors } = workflow;
    const progress = new Progress(runtime, started, async (row) => {
      await store.saveStep(fence, started, row);
      try {
        if (row.progress !== null) metadata.set('progress', row.progress);
      } catch {
        // Told from outside of the run's context: the row has it.
      }
    });
    const invocation: Invocation = {
      instance: step.instance,
      key: idempotencyKey(fence.instanceId, fence.key),
      step: started.step,
      definition,
      input: started.input,
      attempt: started.attempt,
    };
    const done = (output: unknown): StepRow =>
      concluded(progress.row, { type: 'done', output }, { definition, errors, now: clock.now(), random: random() });
    let settled: Settled | undefined;
    if (definition.transactional) {
      invocation.transaction = async (handler, signal) => {
        let result: unknown;
        settled = await store.settleInTransaction(
          fence,
          async (tx) => (result = await handler(tx)),
          (output) => ({ row: done(output), now: clock.now() }),
          signal,
        );
        return result;
      };
    }
    const attempt = runtime.executor.run(invocation, progress);
    const abort = (): void => attempt.abort(new Error('The run was cancelled.'));
    if (run.signal.aborted) abort();
    run.signal.addEventListener('abort', abort);
    const outcome = await attempt.outcome;
    run.signal.removeEventListener('abort', abort);
    const row = await progress.close();
    // Whoever cancelled it has seen to its row, or will.
    if (run.signal.aborted) return { outcome: 'cancelled' };
    if (outcome.type === 'failed' && isSkip(row, outcome)) {
      const context = { definition, errors, now: clock.now(), random: random() };
      await this.settle(runtime, fence, withRun(concluded(row, outcome, context), row, run.id));
      return { outcome: 'done' };
    }
    if (outcome.type === 'failed') {
      const isLost = definition.transactional && isUnknown(outcome.error);
      if (isLost && (await this.isSettled(runtime, fence))) return { outcome: 'done' };
      this.failures.set(run.id, { fence, row, error: outcome.error, definition, workflow, isLost });
      // The platform is told an error whatever was thrown: it takes undefined for none.
      throw isError(outcome.error) ? outcome.error : new Error(describe(outcome.error));
    }
    if (settled === undefined) await this.settle(runtime, fence, done(outcome.output));
    else await this.wake(runtime, fence, settled);
    return { outcome: 'done' };
  }

  /**
   * What comes of a failed attempt: decided by `concluded`, as everywhere, and stored; the platform is told to do likewise.
   * Undefined leaves it to the platform's own retry: the engine, not the step, was in trouble.
   */
  async catchError(runtime: Runtime, run: RunInfo): Promise<{ skipRetrying: true } | { retryAt: Date } | undefined> {
    const failure = this.failures.get(run.id);
    this.failures.delete(run.id);
    // It is called after a cancel as well.
    if (run.signal.aborted) return { skipRetrying: true };
    if (failure === undefined) return undefined;
    const { fence } = failure;
    const row = withRun(nextOf(runtime, failure), failure.row, run.id);
    // The platform counts attempts that were lost, the engine does not: what it will not do any more is done by another run.
    if (row.status === 'failed' || run.attempt >= run.maxAttempts) {
      await this.settle(runtime, fence, row);
      return { skipRetrying: true };
    }
    const stored = await runtime.persist(() => runtime.store.saveStep(fence, failure.row, row));
    return stored ? { retryAt: new Date(row.nextAttemptAt ?? 0) } : { skipRetrying: true };
  }

  /** A person has cancelled the run, or a driver whose instance no longer needs it: in the first case somebody has to look. */
  async cancelled(runtime: Runtime, payload: StepPayload, runId: string): Promise<void> {
    const fence: RoundFence = { instanceId: payload.instance, key: payload.key, round: payload.round, runId };
    const open = await runtime.store.assignment(fence);
    if (open === undefined) return;
    await triggerDriver({ id: payload.instance, priority: open.priority }, `run of ${open.row.step} was cancelled`);
  }

  private async settle(runtime: Runtime, fence: RoundFence, row: StepRow): Promise<void> {
    const settled = await runtime.persist(() => runtime.store.settleStep(fence, row, runtime.clock.now()));
    if (settled !== undefined) await this.wake(runtime, fence, settled);
  }

  /** Somebody has to take the result up: who waits for this run, who has the instance, or else a new driver. */
  private async wake(
    runtime: Runtime,
    { instanceId: id, key }: RoundFence,
    { waiter, free, priority }: Settled,
  ): Promise<void> {
    if (!free) return;
    try {
      if (waiter === null || (await isOver(waiter))) await triggerDriver({ id, priority }, `${key} has ended`);
    } catch (error) {
      runtime.fault(`no driver for ${id}; the sweep will see to it`, error);
    }
  }

  /** A database that went away under a transactional step: whether the transaction was committed, its row says. */
  private async isSettled(runtime: Runtime, fence: RoundFence): Promise<boolean> {
    const open = await runtime.persist(() => runtime.store.assignment(fence));
    if (open !== undefined) return false;
    for (const free of await runtime.store.free([fence.instanceId]))
      await triggerDriver(free, `${fence.key} has ended`);
    return true;
  }
}

/** The row after a failed attempt. One that was lost is not counted by whoever begins it again. */
function nextOf({ clock, random }: Runtime, { row, error, definition, workflow, isLost }: Failure): StepRow {
  const now = clock.now();
  if (!isLost)
    return concluded(row, { type: 'failed', error }, { definition, errors: workflow.errors, now, random: random() });
  const lost = lostTransaction(row, error as DurachartError, now);
  return lost.status === 'failed' ? lost : { ...lost, status: 'retrying', nextAttemptAt: now };
}
