import { AsyncLocalStorage } from 'node:async_hooks';
import type { RunStatus, TaskRunContext, TaskRunExecutionResult, TriggerTaskRequestBody } from '@trigger.dev/core/v3';
import type { Process } from './process.ts';

export type TriggerOptions = NonNullable<TriggerTaskRequestBody['options']>;

/** A run, as the double keeps it. */
export interface Run {
  readonly id: string;
  readonly taskId: string;
  readonly payload: string;
  readonly payloadType: string;
  readonly options: TriggerOptions;
  readonly parentId: string | undefined;
  readonly tags: string[];
  readonly metadata: Record<string, unknown>;
  readonly idempotencyKey: string | undefined;
  readonly queue: { name: string; key: string };
  readonly createdAt: Date;
  /** Resolves with the result when the run has ended, whatever the end. */
  readonly ended: Promise<TaskRunExecutionResult>;
  readonly end: (result: TaskRunExecutionResult) => void;
  status: RunStatus;
  attempt: number;
  /** What ended the attempts that failed. */
  readonly errors: unknown[];
  machine: string;
  result: TaskRunExecutionResult | undefined;
  /** The attempt under way. */
  current: RunningAttempt | undefined;
  /** Ends the wait for the time of a delayed run. */
  wake: () => void;
}

/** How an attempt ends other than by its own code. */
export type Interruption = 'killed' | 'exited' | 'cancelled' | 'timed out';

export interface RunningAttempt {
  readonly process: Process;
  readonly abort: AbortController;
  readonly interrupt: (how: Interruption) => void;
  readonly interrupted: Promise<Interruption>;
  readonly hooks: { wait: WaitListener[]; resume: WaitListener[]; cancel: (() => Promise<void>)[] };
  waiting: boolean;
  /** Gives its place in the queue back, for the time of a wait. */
  release: () => void;
}

export type WaitListener = (wait: WaitInfo) => Promise<void>;
export type WaitInfo = { type: 'task'; runId: string };

/** What the SDK finds around a piece of code: on the platform a process, here an async context. */
export interface Surroundings {
  run: Run;
  attempt: RunningAttempt;
  ctx: TaskRunContext;
}

export const surroundings = new AsyncLocalStorage<Surroundings>();

/** The run that the calling code belongs to. */
export function currentRun(): Surroundings | undefined {
  return surroundings.getStore();
}

/** A run in one of these goes on some day. */
export function isLive(status: RunStatus): boolean {
  return ['PENDING_VERSION', 'QUEUED', 'DEQUEUED', 'EXECUTING', 'WAITING', 'DELAYED'].includes(status);
}
