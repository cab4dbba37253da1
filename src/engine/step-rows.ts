import { classify } from '../core/classify.ts';
import type { DurachartError, ErrorRecord } from '../core/error.ts';
import { SkipItem } from '../core/for-each.ts';
import { ActorArguments } from '../core/outlet.ts';
import { DEFAULT_RETRY, retryDelay } from '../core/retry.ts';
import type { StepDefinition } from '../core/step.ts';
import { stored } from '../core/stored-thrown.ts';
import { live } from '../core/thrown-value.ts';
import type { Workflow } from '../core/workflow.ts';
import { LATEST } from './clock.ts';
import type { AttemptRecord, Millis, Outcome, StepRow } from './ports.ts';

/** A step whose worker died under it so often is taken for the cause of it. */
export const MAX_LOST = 5;

/** What a custom action's row has as its input. */
interface ActionInput {
  params: unknown;
  context: unknown;
  event: unknown;
  /** The id under which a parent started the instance; missing where nobody did. */
  actorId?: string;
}

/** Whether it is run by an executor: a child workflow and a fan-out are moved by the engine itself. */
export function isRun({ kind }: Pick<StepRow, 'kind'>): boolean {
  return kind !== 'workflow' && kind !== 'fan-out';
}

/** The step definition behind a row; a custom action is a step that runs the machine's own function. */
export function definitionOf(workflow: Workflow, row: StepRow): StepDefinition | undefined {
  if (row.kind === 'step' || row.kind === 'item') return workflow.steps.get(row.step);
  const action = workflow.machine.action(row.step);
  if (action === undefined) return undefined;
  return {
    input: undefined,
    output: undefined,
    retry: DEFAULT_RETRY,
    ownRetry: {},
    timeout: undefined,
    heartbeat: undefined,
    queue: undefined,
    concurrency: undefined,
    transactional: false,
    run: async ({ input, outlet }) => {
      const { params, context, event, actorId } = input as ActionInput;
      const actors = new ActorArguments(outlet, actorId);
      const { self, system } = actors;
      await action({ context: actors.inContext(live(context)), event: live(event), self, system }, params);
    },
  };
}

/** The row of an attempt that begins. */
export function begun(row: StepRow, worker: number, now: Millis): StepRow {
  return {
    ...row,
    status: 'running',
    attempt: row.attempt + 1,
    worker,
    startedAt: now,
    heartbeatAt: null,
    finishedAt: null,
    nextAttemptAt: null,
    progress: null,
    message: null,
    error: null,
    logs: null,
  };
}

/** The row after an attempt: done, failed for good, or waiting for the next one. */
export function concluded(
  row: StepRow,
  outcome: Outcome,
  context: { definition: StepDefinition; errors: Workflow['errors']; now: Millis; random: number },
): StepRow {
  const { now } = context;
  if (outcome.type === 'done') {
    const { output } = outcome;
    return { ...row, status: 'done', output, error: null, finishedAt: now, progress: row.progress === null ? null : 1 };
  }
  if (isSkip(row, outcome)) return skipped(row, (outcome.error as Error).message, now);
  const { retryAfter, ...error } = understood(outcome.error, context.errors, row.attempt, now);
  const delay =
    error.class === 'retryable'
      ? retryDelay(context.definition.retry, row.attempt, context.random, retryAfter)
      : undefined;
  return withAttempt({ ...row, error, finishedAt: now }, 'failed', error, now, delay);
}

/** Whether a step has said of its item that there is nothing to be done. */
export function isSkip({ kind }: StepRow, outcome: Outcome): boolean {
  return kind === 'item' && outcome.type === 'failed' && outcome.error instanceof SkipItem;
}

function skipped(row: StepRow, why: string, now: Millis): StepRow {
  const { attempt, startedAt, logs } = row;
  const record: AttemptRecord = { attempt, startedAt: startedAt ?? now, finishedAt: now, outcome: 'skipped' };
  if (logs !== null) record.logs = logs;
  return {
    ...row,
    status: 'done',
    output: undefined,
    error: null,
    message: shownMessage(why),
    attempts: [...(row.attempts ?? []), record],
    finishedAt: now,
  };
}

/** A message for people as it is stored. */
export function shownMessage(text: string): string {
  return text.replaceAll('\0', '').toWellFormed().slice(0, 500);
}

/** What a step has thrown, whatever it is: even one that throws again when it is looked at. */
function understood(
  error: unknown,
  ...rest: Parameters<typeof classify> extends [unknown, ...infer Rest] ? Rest : never
): ReturnType<typeof classify> {
  try {
    return classify(error, ...rest);
  } catch {
    const unreadable = new Error('The step threw something that cannot be read.');
    return { ...classify(unreadable, ...rest), thrown: { value: stored(error) } };
  }
}

/** The row of a step whose worker died under it: it begins again, unless it has been the death of too many. */
export function lostWorker(row: StepRow, now: Millis): StepRow {
  return lostAttempt(row, now, {
    code: 'WORKER_LOST',
    class: 'final',
    name: 'WorkerLostError',
    message: `The worker died while ${row.step} ran, ${row.lost + 1} times.`,
    attempt: row.attempt,
  });
}

/** The row of a transactional step that has lost its transaction to trouble of the database: it begins again, but not for ever. */
export function lostTransaction(row: StepRow, error: DurachartError, now: Millis): StepRow {
  const { code, name, details, cause } = error;
  const reason = cause instanceof Error ? `${error.message} (${cause.message})` : error.message;
  return lostAttempt(row, now, {
    code,
    class: 'final',
    name,
    message: shownMessage(`The transaction of ${row.step} was lost, ${row.lost + 1} times: ${reason}`),
    attempt: row.attempt,
    details: { ...details },
  });
}

/** The attempt was not the step's failure, so it does not count as one. */
function lostAttempt(row: StepRow, now: Millis, error: ErrorRecord): StepRow {
  const lost = row.lost + 1;
  const ended = withAttempt({ ...row, lost }, 'lost', error, now, lost < MAX_LOST ? 0 : undefined);
  return lost < MAX_LOST
    ? { ...ended, status: 'queued', attempt: row.attempt - 1, nextAttemptAt: null, error: null }
    : { ...ended, error };
}

/** The row of a step that a stopping worker had to interrupt: another one begins it again. */
export function interrupted(row: StepRow, now: Millis): StepRow {
  const error: ErrorRecord = {
    code: 'INTERRUPTED',
    class: 'retryable',
    name: 'InterruptedError',
    message: 'The worker stopped.',
    attempt: row.attempt,
  };
  return {
    ...withAttempt(row, 'stopped', error, now, 0),
    status: 'queued',
    attempt: row.attempt - 1,
    nextAttemptAt: null,
  };
}

function withAttempt(
  row: StepRow,
  outcome: AttemptRecord['outcome'],
  error: ErrorRecord,
  now: Millis,
  delay: number | undefined,
): StepRow {
  // What was thrown is on the row as long as the machine may take it.
  const { thrown: _, ...shown } = error;
  const record: AttemptRecord = {
    attempt: row.attempt,
    startedAt: row.startedAt ?? now,
    finishedAt: now,
    outcome,
    error: shown,
  };
  if (row.logs !== null) record.logs = row.logs;
  const attempts = [...(row.attempts ?? []), record];
  if (delay === undefined) return { ...row, status: 'failed', attempts, nextAttemptAt: null, finishedAt: now };
  return { ...row, status: 'retrying', attempts, nextAttemptAt: Math.min(now + delay, LATEST) };
}

/** The row of an invocation whose step the code no longer has. */
export function unknownStep(workflow: Workflow, row: StepRow, now: Millis): StepRow {
  const message = `Workflow ${workflow.name} ${workflow.version} has no ${row.kind} ${row.step}.`;
  const error: ErrorRecord = {
    code: 'STEP_UNKNOWN',
    class: 'final',
    name: 'StepUnknownError',
    message,
    attempt: row.attempt,
  };
  return { ...row, status: 'failed', error, finishedAt: now };
}

/** A row that is to be run anew, with fresh attempts. */
export function blankAgain(row: StepRow, now: Millis): StepRow {
  return {
    ...row,
    status: row.kind === 'workflow' ? 'running' : 'queued',
    attempt: 0,
    lost: 0,
    error: null,
    nextAttemptAt: null,
    queuedAt: now,
    startedAt: null,
    finishedAt: null,
  };
}

/** The row of an invocation that has just been asked for. */
export function blankRow(key: string, step: string, now: Millis): StepRow {
  return {
    key,
    kind: 'step',
    step,
    status: 'queued',
    attempt: 0,
    maxAttempts: DEFAULT_RETRY.maxAttempts,
    lost: 0,
    nextAttemptAt: null,
    input: undefined,
    output: undefined,
    error: null,
    attempts: null,
    logs: null,
    progress: null,
    message: null,
    queue: null,
    worker: null,
    childId: null,
    queuedAt: now,
    startedAt: null,
    heartbeatAt: null,
    finishedAt: null,
  };
}
