import type { InstanceStatus, StepKind, StepStatus } from '../ports.ts';

/** What people can do to one instance. */
export const OPERATIONS = [
  'retry',
  'resume',
  'skip',
  'rewind',
  'fork',
  'edit',
  'pause',
  'unpause',
  'cancel',
  'send',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What decides whether an operation is legal: plain data, so that a row that was read and an instance in memory both give it. */
export interface Standing {
  status: InstanceStatus;
  /** 0 before the first transition: then there is no snapshot. */
  sequence: number;
  /** The live invocations. */
  steps: readonly {
    key: string;
    kind: StepKind;
    status: StepStatus;
    fanOut?: { failed: number } | null | undefined;
  }[];
  /** The current state was entered by a step's error. */
  enteredByError: boolean;
  /** The code still has the current state. */
  stateKnown: boolean;
  /** Event types that the state takes; only `send` asks. */
  accepts?: readonly string[];
}

/** `reason` is a sentence about "the instance". */
export type Verdict = { ok: true } | { ok: false; code: string; reason: string };

/**
 * Whether an operation can be done to an instance that stands like this. Pure: `explain` offers by it, the engine refuses by it.
 *
 * @param step the key that is to be skipped; without it, whether there is any
 */
export function legal(operation: Operation, standing: Standing, step?: string): Verdict {
  switch (operation) {
    case 'retry':
      return standing.status === 'failed' ||
        (standing.status === 'running' && standing.steps.some(hasFailedItems)) ||
        hasLostAction(standing)
        ? LEGAL
        : no(
            'NOT_FAILED',
            `The instance is ${standing.status}; only a failed one can be retried.${standing.enteredByError ? ' Resume takes up one that left its way by an error.' : ''}`,
          );
    case 'resume':
      return resume(standing);
    case 'skip':
      return skip(standing, step);
    case 'rewind':
    case 'fork':
      return standing.sequence >= 1 ? LEGAL : notStarted();
    case 'edit':
      return edit(standing);
    case 'pause':
      return pause(standing);
    case 'unpause':
      return standing.status === 'paused'
        ? LEGAL
        : no('NOT_PAUSED', `The instance is ${standing.status}, not paused; there is nothing to unpause.`);
    case 'cancel':
      return isEnded(standing) ? ended(standing) : LEGAL;
    case 'send':
      return send(standing);
  }
}

function resume(standing: Standing): Verdict {
  if (isEnded(standing)) return ended(standing);
  const stuck =
    standing.status === 'failed' || standing.status === 'paused' || standing.enteredByError || !standing.stateKnown;
  return stuck
    ? LEGAL
    : no('NOT_STUCK', `The instance is ${standing.status} and got there without an error; there is nothing to resume.`);
}

function skip(standing: Standing, step: string | undefined): Verdict {
  if (isEnded(standing) && !hasLostAction(standing)) return ended(standing);
  if (standing.steps.some((row) => (step === undefined || row.key === step) && canSkip(row))) return LEGAL;
  const which = step === undefined ? 'no step' : `no step ${step}`;
  return no('NOTHING_TO_SKIP', `The instance waits for ${which} that could be skipped.`);
}

/** A fan-out that goes on beside items that have failed: a retry gives them another turn. */
export function hasFailedItems({ status, fanOut }: Standing['steps'][number]): boolean {
  return status === 'running' && (fanOut?.failed ?? 0) > 0;
}

/** A custom action that has failed for good: nobody waits for it, but somebody should know. */
export function isFailedAction({ kind, status }: Pick<Standing['steps'][number], 'kind' | 'status'>): boolean {
  return kind === 'action' && status === 'failed';
}

/** Beside it the instance has gone on, or has ended. */
function hasLostAction({ status, steps }: Standing): boolean {
  return (status === 'running' || status === 'waiting' || status === 'done') && steps.some(isFailedAction);
}

/** A custom action has no result that anybody waits for; one that has failed is let be. */
export function canSkip(row: Standing['steps'][number]): boolean {
  if (row.kind === 'action') return isFailedAction(row);
  return row.status !== 'done' && row.status !== 'stopped';
}

function edit(standing: Standing): Verdict {
  if (isEnded(standing)) return ended(standing);
  if (standing.sequence < 1) return notStarted();
  const held = standing.status === 'paused' || standing.status === 'failed';
  const inFlight = standing.steps.find(
    ({ kind, status }) =>
      // A fan-out that is held begins nothing; its items that run are in flight.
      (kind === 'fan-out' ? !held && status === 'running' : kind !== 'workflow' && status === 'running') ||
      (!held && (status === 'queued' || status === 'retrying')),
  );
  if (inFlight === undefined) return LEGAL;
  return no(
    'IN_FLIGHT',
    `The instance has ${inFlight.key} ${inFlight.status}. Pause it and wait until nothing runs, then edit it.`,
  );
}

function pause(standing: Standing): Verdict {
  if (isEnded(standing)) return ended(standing);
  if (standing.status === 'paused') return no('ALREADY_PAUSED', 'The instance is paused already.');
  return standing.status === 'failed' ? no('NOT_ACTIVE', 'The instance is failed; it stands still already.') : LEGAL;
}

/** A failed or paused instance keeps what is sent to it for later; here it is asked whether it moves by an event now. */
function send(standing: Standing): Verdict {
  if (isEnded(standing)) return ended(standing);
  if (standing.status !== 'running' && standing.status !== 'waiting')
    return no('NOT_ACTIVE', `The instance is ${standing.status}; it takes events only once it goes on.`);
  return (standing.accepts ?? []).length > 0
    ? LEGAL
    : no('EVENT_NOT_ACCEPTED', 'The state that the instance is in takes no events.');
}

const LEGAL: Verdict = { ok: true };

function no(code: string, reason: string): Verdict {
  return { ok: false, code, reason };
}

function isEnded({ status }: Standing): boolean {
  return status === 'done' || status === 'cancelled';
}

function ended({ status }: Standing): Verdict {
  return no('INSTANCE_ENDED', `The instance is ${status}; it can be rewound or forked, and nothing else.`);
}

function notStarted(): Verdict {
  return no(
    'NOT_STARTED',
    'The instance has not made its first transition; there is nothing to go back to or to change.',
  );
}
