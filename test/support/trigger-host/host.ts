import { AsyncLocalStorage } from 'node:async_hooks';
import {
  generateFriendlyId,
  resourceCatalog,
  type RetryOptions,
  type RunStatus,
  type TaskRunExecutionResult,
  type TriggerTaskRequestBody,
} from '@trigger.dev/core/v3';
import { systemClock } from '../../../src/engine/clock.ts';
import type { Clock } from '../../../src/engine/ports.ts';
import { installApi } from './api.ts';
import { endOf, errorOf, executeAttempt, newAttempt, nextAttempt } from './attempt.ts';
import { installManagers } from './managers.ts';
import { Queues } from './queues.ts';
import { currentRun, isLive, type Interruption, type Run } from './run.ts';

export interface HostOptions {
  /** As `retries.default` of trigger.config.ts. */
  retries?: RetryOptions;
  /** Milliseconds until a killed run with `retry.outOfMemory` begins again; on the platform 0.8 to 2.4 s. */
  restartDelay?: number;
  /** Tells the times of delays and retries. */
  clock?: Clock;
}

/** Ends after which the same idempotency key starts a new run. A cancelled run keeps it: the key then brings that run back. */
const FREES_KEY = new Set<RunStatus>(['FAILED', 'CRASHED', 'TIMED_OUT', 'EXPIRED', 'SYSTEM_FAILURE']);

/** Hosts real tasks of `@trigger.dev/sdk` in this process: queue, attempts, waits, cancellation and death, without a platform. */
export class TriggerHost {
  readonly queues = new Queues();
  readonly options: HostOptions;
  readonly clock: Clock;
  /** While true, every call of the API fails as it does without a network. */
  unreachable = false;
  /** Stands between the SDK and the API: a test may kill the caller before or after a call. */
  intercept: (name: string, call: () => Promise<object>) => Promise<object> = async (_name, call) => call();
  private readonly runs = new Map<string, Run>();
  private readonly keys = new Map<string, string>();
  private readonly held = new Map<string, (() => void)[]>();
  private readonly listeners = new Set<(run: Run) => void>();
  private stopped = false;
  /** A run begins in a process of its own: nothing of the caller's async context, the SDK's own included, reaches it. */
  private readonly outside = AsyncLocalStorage.snapshot();

  private constructor(options: HostOptions) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
  }

  /** Sets up the SDK of this process, and imports task files the way the platform's indexer does. */
  static async start(files: (() => Promise<unknown>)[], options: HostOptions = {}): Promise<TriggerHost> {
    const host = new TriggerHost(options);
    const catalog = installManagers(async ({ id }) => host.waitFor(id));
    installApi(host);
    for (const [index, load] of files.entries()) {
      catalog.setCurrentFileContext(`trigger/file-${index}.ts`, `trigger/file-${index}.mjs`);
      await load();
      catalog.clearCurrentFileContext();
    }
    return host;
  }

  // ---- what the API does

  trigger(taskId: string, body: TriggerTaskRequestBody): { id: string; isCached: boolean; publicAccessToken: string } {
    const task = resourceCatalog.getTask(taskId);
    if (task === undefined)
      throw Object.assign(new Error(`404 Task ${taskId} not found`), { name: 'TriggerApiError', status: 404 });
    const options = body.options ?? {};
    const key = options.idempotencyKey === undefined ? undefined : `${taskId}:${String(options.idempotencyKey)}`;
    const known = key === undefined ? undefined : this.keys.get(key);
    if (known !== undefined) return { id: known, isCached: true, publicAccessToken: '' };
    const { promise, resolve } = Promise.withResolvers<TaskRunExecutionResult>();
    const run: Run = {
      id: generateFriendlyId('run'),
      taskId,
      payload: String(body.payload),
      payloadType: options.payloadType ?? 'application/json',
      options,
      parentId: options.parentRunId,
      tags: [options.tags ?? []].flat(),
      metadata: typeof options.metadata === 'object' ? { ...(options.metadata as object) } : {},
      idempotencyKey: key,
      queue: { name: options.queue?.name ?? task.queue?.name ?? `task/${taskId}`, key: options.concurrencyKey ?? '' },
      createdAt: new Date(),
      ended: promise,
      end: resolve,
      status: options.delay === undefined ? 'QUEUED' : 'DELAYED',
      attempt: 0,
      errors: [],
      machine: task.machine?.preset ?? 'small-1x',
      result: undefined,
      current: undefined,
      wake: () => {},
    };
    this.runs.set(run.id, run);
    if (key !== undefined) this.keys.set(key, run.id);
    this.outside(() => void this.drive(run));
    return { id: run.id, isCached: false, publicAccessToken: '' };
  }

  /** Cancels a run and, as the platform does, all that was triggered from inside it. */
  cancel(id: string): void {
    const run = this.runs.get(id);
    if (run === undefined || !isLive(run.status)) return;
    const { current } = run;
    run.status = 'CANCELED';
    run.wake();
    if (current === undefined)
      this.finish(run, { ok: false, id, error: { type: 'STRING_ERROR', raw: 'Canceled by user' } });
    current?.abort.abort('run cancelled');
    void Promise.allSettled((current?.hooks.cancel ?? []).map((listener) => listener()));
    current?.interrupt('cancelled');
    for (const child of this.runs.values()) if (child.parentId === id) this.cancel(child.id);
  }

  all(): Run[] {
    return [...this.runs.values()];
  }

  // ---- what a test does to it

  /** Kills the process of a run (-9), or lets it exit with a code. */
  kill(id: string, how: Interruption = 'killed'): void {
    const current = this.runs.get(id)?.current;
    current?.process.kill();
    current?.interrupt(how);
  }

  /** A queued run that nobody takes in time. */
  expire(id: string): void {
    const run = this.runs.get(id);
    if (run === undefined || (run.status !== 'QUEUED' && run.status !== 'DELAYED')) return;
    run.status = 'EXPIRED';
    run.wake();
    this.finish(run, {
      ok: false,
      id,
      error: { type: 'STRING_ERROR', raw: 'Run expired because the TTL was reached' },
    });
  }

  /** Lets a task's new runs stay queued, as without a worker. */
  hold(taskId: string): void {
    this.held.set(taskId, this.held.get(taskId) ?? []);
  }

  letGo(taskId: string): void {
    const waiting = this.held.get(taskId) ?? [];
    this.held.delete(taskId);
    for (const go of waiting) go();
  }

  /** Forgets the runs that it holds: made, and in no queue, they stay as they are. New ones run. */
  lose(taskId: string): void {
    this.held.delete(taskId);
  }

  /** Resolves with the first run, there or to come, that fits: asked again after every change of a run. */
  async until(fits: (run: Run) => boolean): Promise<Run> {
    const found = this.all().find(fits);
    if (found !== undefined) return found;
    return new Promise((resolve) => {
      const listener = (run: Run): void => {
        if (!fits(run)) return;
        this.listeners.delete(listener);
        resolve(run);
      };
      this.listeners.add(listener);
    });
  }

  /** No run is queued, executing or waiting; delayed ones are left out. */
  get isIdle(): boolean {
    return this.busy().length === 0;
  }

  /** Resolves when that is so. */
  async idle(): Promise<void> {
    for (let runs = this.busy(); runs.length > 0; runs = this.busy())
      await Promise.race(runs.map(({ ended }) => ended));
  }

  private busy(): Run[] {
    return this.all().filter(({ status }) => isLive(status) && status !== 'DELAYED');
  }

  /** Ends everything without a word. */
  stop(): void {
    this.stopped = true;
    for (const run of this.runs.values()) {
      run.wake();
      run.current?.process.kill();
      run.current?.interrupt('killed');
    }
  }

  // ---- the life of a run

  private async drive(run: Run): Promise<void> {
    const task = resourceCatalog.getTask(run.taskId);
    const limit = task?.queue?.concurrencyLimit ?? undefined;
    if (task === undefined) return;
    if (run.options.delay !== undefined)
      await this.delay(run, new Date(run.options.delay).getTime() - this.clock.now());
    for (let at = 0; this.goesOn(run);) {
      if (at > 0) await this.delay(run, at - this.clock.now());
      this.become(run, 'QUEUED');
      const hold = this.held.get(run.taskId);
      if (hold !== undefined) await new Promise<void>((resolve) => hold.push(resolve));
      const release = await this.queues.acquire(run.queue, limit, orderOf(run));
      if (!this.goesOn(run)) return release();
      const attempt = newAttempt(release);
      run.attempt += 1;
      run.current = attempt;
      this.become(run, 'EXECUTING');
      const outcome = await Promise.race([
        executeAttempt(task, run, attempt, this.options.retries),
        attempt.interrupted,
      ]);
      attempt.release();
      run.current = undefined;
      if (typeof outcome !== 'string' && run.status !== 'CANCELED') attempt.process.kill();
      if (typeof outcome === 'string') run.errors.push(outcome);
      else if (!outcome.ok) run.errors.push(outcome.error);
      const result =
        typeof outcome === 'string' ? { ok: false as const, id: run.id, error: errorOf(outcome) } : outcome;
      const next = this.goesOn(run) ? nextAttempt(task, run, outcome, this.options, this.clock.now()) : undefined;
      if (next === undefined) {
        if (run.status !== 'CANCELED') run.status = endOf(outcome);
        return this.finish(run, result);
      }
      at = next;
    }
  }

  private goesOn(run: Run): boolean {
    return !this.stopped && run.result === undefined && run.status !== 'CANCELED';
  }

  private async delay(run: Run, milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const stop = this.clock.after(Math.max(0, milliseconds), resolve);
      run.wake = () => {
        stop();
        resolve();
      };
    });
  }

  private become(run: Run, status: RunStatus): void {
    run.status = status;
    for (const listener of this.listeners) listener(run);
  }

  private finish(run: Run, result: TaskRunExecutionResult): void {
    if (run.result !== undefined) return;
    run.result = result;
    if (run.idempotencyKey !== undefined && FREES_KEY.has(run.status)) this.keys.delete(run.idempotencyKey);
    run.end(result);
    for (const listener of this.listeners) listener(run);
  }

  /** triggerAndWait's second half: the place in the queue is free meanwhile, and one run has one wait at a time. */
  private async waitFor(id: string): Promise<TaskRunExecutionResult> {
    const here = currentRun();
    const child = this.runs.get(id);
    if (here === undefined || child === undefined) throw new Error('A wait is only there inside a run.');
    const { run, attempt } = here;
    if (attempt.waiting) {
      throw Object.assign(new Error('Parallel waits are not supported.'), {
        name: 'TriggerInternalError',
        code: 'TASK_DID_CONCURRENT_WAIT',
        skipRetrying: true,
      });
    }
    attempt.waiting = true;
    attempt.release();
    this.become(run, 'WAITING');
    const result = await attempt.process.survive(child.ended);
    attempt.release = await attempt.process.survive(
      this.queues.acquire(
        run.queue,
        resourceCatalog.getTask(run.taskId)?.queue?.concurrencyLimit ?? undefined,
        orderOf(run),
      ),
    );
    attempt.waiting = false;
    if (run.status === 'WAITING') this.become(run, 'EXECUTING');
    return { ...result, taskIdentifier: child.taskId } as TaskRunExecutionResult;
  }
}

/** The platform takes runs in order of their times, less their priority in seconds. */
function orderOf({ createdAt, options }: Run): number {
  return createdAt.getTime() - (options.priority ?? 0) * 1_000;
}
