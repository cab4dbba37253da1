/** Whether another attempt of the same step may succeed. */
export type ErrorClass = 'retryable' | 'final';

/**
 * Base of every error that durachart throws on purpose.
 * `code` is stable and meant for programs; `message` says what, where and what to do.
 */
export class DurachartError extends Error {
  readonly code: string;
  /** Facts about the error, as JSON: what was found, what would have been accepted. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: { details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DurachartError';
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** A workflow or step that cannot be made durable. Thrown while it is being defined; names the place and the remedy. */
export class DefinitionError extends DurachartError {
  constructor(code: string, message: string, details?: Record<string, unknown>) {
    super(code, message, details === undefined ? {} : { details });
    this.name = 'DefinitionError';
  }
}

/** Code of the machine (an assign, a guard, an input function) threw, or asked for what cannot be stored. */
export class TransitionError extends DurachartError {
  constructor(message: string, cause?: unknown, code = 'TRANSITION_FAILED') {
    super(code, message, { cause });
    this.name = 'TransitionError';
  }
}

/** Options of a {@link StepError}. */
export interface StepErrorOptions {
  /** Overrides the class that the code has in the table of the workflow. */
  retryable?: boolean;
  /** Milliseconds until the next attempt, as the other side asked for it (Retry-After). */
  retryAfter?: number;
  cause?: unknown;
  /** Facts for people and for guards, as JSON. */
  details?: Record<string, unknown>;
}

/**
 * The error a step throws on purpose. Machines branch on `code` in `onError`:
 * `guard: ({ event }) => event.error.code === 'QUOTA_EXCEEDED'`.
 */
export class StepError extends DurachartError {
  readonly retryable: boolean | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, options: StepErrorOptions = {}) {
    super(code, message, options);
    this.name = 'StepError';
    this.retryable = options.retryable;
    this.retryAfter = options.retryAfter;
  }
}

/** An error as it is stored. Plain JSON; a machine's `onError` receives what was thrown, made from it again. */
export interface ErrorRecord {
  code: string;
  class: ErrorClass;
  name: string;
  message: string;
  stack?: string;
  /** Which attempt it ended, from 1. */
  attempt?: number;
  details?: Record<string, unknown>;
  /** What caused it, as far down as it goes. */
  cause?: CauseRecord;
  /** One line for people that says why, with its causes; missing where `message` says it all. */
  reason?: string;
  /** What was thrown, where the fields above do not say all of it; `value` is missing where that was undefined. */
  thrown?: { value?: unknown };
}

/** What caused an error, as it is stored. */
export interface CauseRecord {
  name: string;
  message: string;
  code?: string;
  cause?: CauseRecord;
}

/** An error of the engine's as it is stored: nothing that happens by itself mends it. */
export function errorRecord({ code, name, message, details }: DurachartError): ErrorRecord {
  const record: ErrorRecord = { code, class: 'final', name, message };
  return Object.keys(details).length === 0 ? record : { ...record, details: { ...details } };
}

/** Codes that every workflow knows; a workflow adds its own by `errors` in `defineWorkflow`. */
export const ERROR_CLASSES: Readonly<Record<string, ErrorClass>> = {
  UPLOAD_FAILED: 'retryable',
  TRANSCRIPTION_FAILED: 'retryable',
  GENERATION_FAILED: 'retryable',
  RATE_LIMITED: 'retryable',
  TIMEOUT: 'retryable',
  NETWORK_ERROR: 'retryable',
  UNAVAILABLE: 'retryable',
  DATABASE_ERROR: 'retryable',
  UNKNOWN: 'retryable',
  INVALID_INPUT: 'final',
  INVALID_OUTPUT: 'final',
  QUOTA_EXCEEDED: 'final',
  API_KEY_INVALID: 'final',
  CONTENT_POLICY_VIOLATION: 'final',
  NOT_FOUND: 'final',
  CONFLICT: 'final',
  PAYLOAD_TOO_LARGE: 'final',
  PAYLOAD_NOT_STORED: 'retryable',
  WORKER_LOST: 'final',
  INVALID_CONCURRENCY_KEY: 'final',
};
