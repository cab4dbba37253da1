import { idempotencyKeys, runs, tasks, TriggerClient } from '@trigger.dev/sdk';
import { DurachartError } from '../../core/error.ts';
import type { RunRow } from '../../engine/driver-store.ts';
import type { Millis, Wanted } from '../../engine/ports.ts';
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
  options: { at?: Millis; key?: string; ttl?: string } = {},
): Promise<string> {
  const full: TriggerOptions = { tags: [instanceTag(instance)], priority: priority * AHEAD };
  if (options.at !== undefined) full.delay = new Date(options.at);
  if (options.key !== undefined) full.idempotencyKey = await globalKey(options.key);
  if (options.ttl !== undefined) full.ttl = options.ttl;
  const { id } = await apart().tasks.trigger(DRIVER, { instance, why } satisfies DriverPayload, full);
  return id;
}

/** Makes the run of a step's round, once however often it is asked for. Returns its id. */
export async function triggerStep(run: RunRow, ask: StepAsk): Promise<string> {
  const { id } = await apart().tasks.trigger(run.task, payloadOf(run), await stepOptions(run, ask));
  return id;
}

/** Makes the run of a step's round, or joins the one that there is, and waits until it has ended, however it ends. Returns its id. */
export async function waitForStep(run: RunRow, ask: StepAsk): Promise<string> {
  const result = await tasks.triggerAndWait(run.task, payloadOf(run), await stepOptions(run, ask));
  // What it returned counts for nothing: the row tells.
  return result.id;
}

const OVER = new Set(['COMPLETED', 'CANCELED', 'FAILED', 'CRASHED', 'SYSTEM_FAILURE', 'EXPIRED', 'TIMED_OUT']);

/** Whether a run has ended, however it did. Not by `runs.poll`: that does not end on TIMED_OUT and EXPIRED. */
export async function isOver(runId: string): Promise<boolean> {
  try {
    const { status } = await apart().runs.retrieve(runId);
    return OVER.has(status);
  } catch (error) {
    // A run that the platform no longer knows does nothing any more.
    if ((error as { status?: unknown } | null)?.status === 404) return true;
    throw error;
  }
}

export async function cancelRun(runId: string): Promise<void> {
  await apart().runs.cancel(runId);
}

/** All runs of an instance that the platform knows. */
export async function runsOf(instance: string): Promise<{ id: string; status: string; taskIdentifier: string }[]> {
  const page = await runs.list({ tag: instanceTag(instance) });
  return page.data.map(({ id, status, taskIdentifier }) => ({ id, status, taskIdentifier }));
}

function payloadOf({ instanceId, key, round }: RunRow): StepPayload {
  return { instance: instanceId, key, round };
}

async function stepOptions(run: RunRow, { workflow, priority, at, concurrencyKey }: StepAsk): Promise<TriggerOptions> {
  const options: TriggerOptions = {
    tags: [instanceTag(run.instanceId), `workflow:${workflow}`],
    priority: priority * AHEAD,
    // With the round in it: the key of a cancelled run is never free again.
    idempotencyKey: await globalKey(`${run.instanceId}:${run.key}:${run.round}`),
  };
  if (at !== null) options.delay = new Date(at);
  // It becomes part of a queue's name there, which a colon or a star in it would break.
  if (concurrencyKey !== undefined) options.concurrencyKey = queueName(concurrencyKey);
  return options;
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
    await apart().runs.list({ limit: 1 });
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
