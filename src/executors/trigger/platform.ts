import { idempotencyKeys, runs, tasks, TriggerClient } from '@trigger.dev/sdk';
import { DurachartError } from '../../core/error.ts';
import type { RunRow } from '../../engine/driver-store.ts';
import type { Millis, Wanted } from '../../engine/ports.ts';
import { QUICK_RETRY, type PlatformCalls } from './calls.ts';
import { DRIVER, instanceTag, queueName } from './names.ts';

export interface DriverPayload {
  instance: string;
  /** For people who look at the run. */
  why: string;
}

export interface StepPayload {
  instance: string;
  key: string;
  round: number;
}

/** How the run of a step is asked for. */
export interface StepAsk {
  workflow: string;
  priority: number;
  /** Not before this time. */
  at: Millis | null;
  /** Seconds by which it goes before others that were triggered now: what it has waited in rounds before this one. */
  waited: number;
  /** The step's limit counts for each key. */
  concurrencyKey: string | undefined;
}

interface TriggerOptions {
  tags: string[];
  priority: number;
  concurrencyKey?: string;
  idempotencyKey?: string;
  ttl?: string;
  delay?: Date;
}

/**
 * Triggers without a parent. What is triggered from inside a run is cancelled along with it: the timers of an instance and
 * the drivers of others must not go when somebody cancels a driver.
 */
let client: TriggerClient | undefined;
const apart = (): TriggerClient => (client ??= new TriggerClient());

/**
 * Seconds by which a run goes before others, for each level of priority. The platform takes them in order of their times less
 * this, so that one with a low priority has its turn some day. Below zero it would hold a run back though nothing else waits.
 */
const AHEAD = 60;

/** Gets somebody to look at an instance; harmless when somebody does already. Returns the run's id. */
export async function triggerDriver(
  { id: instance, priority }: Wanted,
  why: string,
  options: { at?: Millis; key?: string; ttl?: string; quick?: boolean } = {},
): Promise<string> {
  const full: TriggerOptions = { tags: [instanceTag(instance)], priority: priority * AHEAD };
  if (options.at !== undefined) full.delay = new Date(options.at);
  if (options.key !== undefined) full.idempotencyKey = await globalKey(options.key);
  if (options.ttl !== undefined) full.ttl = options.ttl;
  const { id } = await apart().tasks.trigger(DRIVER, { instance, why } satisfies DriverPayload, full, quick(options));
  return id;
}

const quick = ({ quick }: { quick?: boolean }): typeof QUICK_RETRY | undefined =>
  quick === true ? QUICK_RETRY : undefined;

/** Makes the run of a step's round, once however often it is asked for. Returns its id. */
export async function triggerStep(run: RunRow, ask: StepAsk): Promise<string> {
  const { id } = await apart().tasks.trigger(run.task, payloadOf(run), await stepOptions(run, ask));
  return id;
}

/**
 * The run of a step's round, which tells its id only when it begins: whoever asks for it anew under its key is told. Where it was
 * never made this makes it, delayed, for the caller to cancel.
 */
export async function findStepRun(run: RunRow): Promise<string> {
  const options: TriggerOptions = {
    tags: [instanceTag(run.instanceId)],
    priority: 0,
    idempotencyKey: await globalKey(stepKey(run)),
    delay: new Date(Date.now() + 3_600_000),
  };
  const { id } = await apart().tasks.trigger(run.task, payloadOf(run), options, QUICK_RETRY);
  return id;
}

/** Makes the run of a step's round, or joins the one that there is, and waits until it has ended, however it ends. Returns its id. */
export async function waitForStep(run: RunRow, ask: StepAsk): Promise<string> {
  const result = await tasks.triggerAndWait(run.task, payloadOf(run), await stepOptions(run, ask));
  // What it returned counts for nothing: the row tells.
  return result.id;
}

const OVER = new Set(['COMPLETED', 'CANCELED', 'FAILED', 'CRASHED', 'SYSTEM_FAILURE', 'EXPIRED', 'TIMED_OUT']);

/** What the platform knows of a run. `in line`: it has not begun, although nothing but its place in the queue keeps it. */
export type RunState = 'in line' | 'under way' | 'over';

/** Whether a run has begun, and whether it has ended, however it did. Not by `runs.poll`: that does not end on TIMED_OUT and EXPIRED. */
export async function runState(runId: string, options: { quick?: boolean } = {}): Promise<RunState> {
  try {
    const { status } = await apart().runs.retrieve(runId, quick(options));
    if (OVER.has(status)) return 'over';
    return status === 'QUEUED' || status === 'DELAYED' ? 'in line' : 'under way';
  } catch (error) {
    // A run that the platform no longer knows does nothing any more.
    if ((error as { status?: unknown } | null)?.status === 404) return 'over';
    throw error;
  }
}

export async function isOver(runId: string): Promise<boolean> {
  return (await runState(runId)) === 'over';
}

/** Ends a run, and with it what waits for it. */
export async function cancelRun(runId: string): Promise<void> {
  await apart().runs.cancel(runId, QUICK_RETRY);
}

/** All runs of an instance that the platform knows. */
export async function runsOf(instance: string): Promise<{ id: string; status: string; taskIdentifier: string }[]> {
  const page = await runs.list({ tag: instanceTag(instance) });
  return page.data.map(({ id, status, taskIdentifier }) => ({ id, status, taskIdentifier }));
}

function payloadOf({ instanceId, key, round }: RunRow): StepPayload {
  return { instance: instanceId, key, round };
}

async function stepOptions(
  run: RunRow,
  { workflow, priority, at, waited, concurrencyKey }: StepAsk,
): Promise<TriggerOptions> {
  const options: TriggerOptions = {
    tags: [instanceTag(run.instanceId), `workflow:${workflow}`],
    priority: priority * AHEAD + waited,
    idempotencyKey: await globalKey(stepKey(run)),
  };
  if (at !== null) options.delay = new Date(at);
  // It becomes part of a queue's name there, which a colon or a star in it would break.
  if (concurrencyKey !== undefined) options.concurrencyKey = queueName(concurrencyKey);
  return options;
}

/** With the round in it: the key of a cancelled run is never free again. */
function stepKey({ instanceId, key, round }: RunRow): string {
  return `${instanceId}:${key}:${round}`;
}

async function globalKey(key: string): Promise<string> {
  return idempotencyKeys.create(key, { scope: 'global' });
}

/**
 * Whether the platform takes the key.
 * @throws DurachartError `TRIGGER_KEY_MISSING`, `TRIGGER_KEY_INVALID`; a platform that does not answer is told to `onFault` only
 */
export async function checkKey(
  environment: Readonly<Record<string, string | undefined>>,
  calls: PlatformCalls,
  onFault: (message: string, error: unknown) => void,
): Promise<void> {
  const url = environment['TRIGGER_API_URL'] ?? 'https://api.trigger.dev';
  if (!environment['TRIGGER_SECRET_KEY']) {
    throw new DurachartError(
      'TRIGGER_KEY_MISSING',
      'Instances are to run on Trigger.dev, but TRIGGER_SECRET_KEY is not set. Set it to the secret key of an environment (dashboard, page API keys), or DURACHART_EXECUTOR=local.',
    );
  }
  try {
    await calls.call(() => apart().runs.list({ limit: 1 }, QUICK_RETRY));
  } catch (error) {
    const { status } = error as { status?: unknown };
    if (status === 401 || status === 403) {
      throw new DurachartError(
        'TRIGGER_KEY_INVALID',
        `Trigger.dev at ${url} does not take the key in TRIGGER_SECRET_KEY. Is it the key of another platform or project? TRIGGER_API_URL names the platform.`,
        { cause: error },
      );
    }
    onFault(`Trigger.dev at ${url} does not answer; instances start to move when it does`, error);
  }
}
