import {
  calculateNextRetryDelay,
  shouldRetryError,
  taskRunErrorEnhancer,
  type RetryOptions,
  type RunStatus,
  type TaskRunContext,
  type TaskRunError,
  type TaskRunExecution,
  type TaskRunExecutionResult,
} from '@trigger.dev/core/v3';
import { TriggerTracer } from '@trigger.dev/core/v3/tracer';
import { TaskExecutor, type TaskExecutorOptions } from '@trigger.dev/core/v3/workers';
import type { HostOptions } from './host.ts';
import { Process } from './process.ts';
import { surroundings, type Interruption, type Run, type RunningAttempt } from './run.ts';

export type HostedTask = ConstructorParameters<typeof TaskExecutor>[0];

const tracer = new TriggerTracer({ name: 'double', version: '0' });
/** The real one changes the global console, for all runs of this process at once. */
const console = { intercept: async <T>(_console: unknown, callback: () => Promise<T>) => callback() };

/** One attempt of a run, by the SDK's own executor: hooks, catchError, serialisation are the real ones. */
export async function executeAttempt(
  task: HostedTask & { filePath?: string },
  run: Run,
  attempt: RunningAttempt,
  retries: RetryOptions | undefined,
): Promise<TaskRunExecutionResult> {
  const ctx = contextOf(task, run);
  const execution = { ...ctx, run: { ...ctx.run, payload: run.payload, payloadType: run.payloadType } };
  const executor = new TaskExecutor(
    { ...task, ...(task.retry === undefined ? {} : { retry: { ...task.retry } }) },
    {
      tracer,
      consoleInterceptor: console as unknown as TaskExecutorOptions['consoleInterceptor'],
      tracingSDK: undefined as unknown as TaskExecutorOptions['tracingSDK'],
      ...(retries === undefined ? {} : { retries: { default: retries } }),
    },
  );
  const { result } = await surroundings.run({ run, attempt, ctx }, async () =>
    executor.execute(execution as unknown as TaskRunExecution, ctx, attempt.abort.signal),
  );
  return attempt.process.survive(Promise.resolve(result));
}

/** The error that the platform gives a run whose process ended by itself. */
export function errorOf(how: Interruption): TaskRunError {
  switch (how) {
    case 'killed':
      return { type: 'INTERNAL_ERROR', code: 'TASK_PROCESS_OOM_KILLED', message: 'Process was killed.' };
    case 'exited':
      return {
        type: 'INTERNAL_ERROR',
        code: 'TASK_PROCESS_EXITED_WITH_NON_ZERO_CODE',
        message: 'Process exited with code 1.',
      };
    case 'timed out':
      return { type: 'INTERNAL_ERROR', code: 'MAX_DURATION_EXCEEDED', message: 'Run exceeded maximum compute time.' };
    case 'cancelled':
      return { type: 'STRING_ERROR', raw: 'Canceled by user' };
  }
}

/** When the next attempt begins, or undefined when the run has ended: the server's part, which the executor leaves to it. */
export function nextAttempt(
  task: HostedTask,
  run: Run,
  outcome: TaskRunExecutionResult | Interruption,
  options: HostOptions,
  now: number,
): number | undefined {
  const retry = task.retry ?? options.retries;
  if (outcome === 'cancelled' || outcome === 'timed out') return undefined;
  if (outcome === 'killed') {
    // A killed process counts as out of memory: once more, on the larger machine, if there is one.
    const larger = retry?.outOfMemory?.machine;
    if (larger === undefined || larger === run.machine || run.attempt >= (retry?.maxAttempts ?? 1)) return undefined;
    run.machine = larger;
    return now + (options.restartDelay ?? 20);
  }
  const maxAttempts = run.options.maxAttempts ?? retry?.maxAttempts ?? 1;
  if (run.attempt >= maxAttempts) return undefined;
  if (outcome === 'exited') return now + (calculateNextRetryDelay(retry ?? {}, run.attempt) ?? 0);
  if (outcome.ok || outcome.skippedRetrying === true || outcome.retry === undefined) return undefined;
  return shouldRetryError(taskRunErrorEnhancer(outcome.error)) ? outcome.retry.timestamp : undefined;
}

function contextOf(task: HostedTask & { filePath?: string }, run: Run): TaskRunContext {
  const context = {
    task: { id: task.id, filePath: task.filePath ?? '' },
    attempt: { number: run.attempt, startedAt: new Date() },
    run: {
      id: run.id,
      tags: run.tags,
      isTest: false,
      isReplay: false,
      createdAt: run.createdAt,
      startedAt: new Date(),
      maxAttempts: run.options.maxAttempts,
      parentTaskRunId: run.parentId,
      priority: 0,
    },
    machine: { name: run.machine, cpu: 1, memory: 1, centsPerMs: 0 },
    queue: { id: run.queue.name, name: run.queue.name },
    environment: { id: 'double', slug: 'double', type: 'PRODUCTION' },
    organization: { id: 'double', slug: 'double', name: 'double' },
    project: { id: 'double', ref: 'double', slug: 'double', name: 'double' },
  };
  return context as unknown as TaskRunContext;
}

/** An attempt that is about to begin, in a process of its own. */
export function newAttempt(release: () => void): RunningAttempt {
  const { promise, resolve } = Promise.withResolvers<Interruption>();
  return {
    process: new Process(),
    abort: new AbortController(),
    interrupt: resolve,
    interrupted: promise,
    hooks: { wait: [], resume: [], cancel: [] },
    waiting: false,
    release,
  };
}

/** The status of a run that ended so. */
export function endOf(outcome: TaskRunExecutionResult | Interruption): RunStatus {
  if (outcome === 'killed') return 'CRASHED';
  if (outcome === 'timed out') return 'TIMED_OUT';
  return typeof outcome !== 'string' && outcome.ok ? 'COMPLETED' : 'FAILED';
}
