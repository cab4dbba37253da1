import { DefinitionError } from './error.ts';

/** How often and how fast a failed step is tried again. All times in milliseconds. */
export interface RetryPolicy {
  /** Attempts in all, the first one included. */
  maxAttempts: number;
  /** Delay before the second attempt. */
  minDelay: number;
  /** No delay is longer than this; a Retry-After is. */
  maxDelay: number;
  /** What a delay is multiplied with after each attempt. */
  factor: number;
  /** Share of a delay, 0 to 1, that is drawn at random and taken off, so that failed steps do not come back all at once. */
  jitter: number;
}

/** At most 3 attempts, 1 s, doubled, at most 30 s. */
export const DEFAULT_RETRY: RetryPolicy = {
  maxAttempts: 3,
  minDelay: 1_000,
  maxDelay: 30_000,
  factor: 2,
  jitter: 0,
};

/** Milliseconds that another side may have a step wait, 31 days: a quota of a month. Who asks for more is asked again by then. */
const LONGEST_ASKED_FOR = 31 * 24 * 60 * 60 * 1_000;

/** Fills in what a policy leaves out. @throws DefinitionError `INVALID_RETRY` */
export function retryPolicy(partial: Partial<RetryPolicy> = {}): RetryPolicy {
  const policy = { ...DEFAULT_RETRY, ...partial };
  const bad =
    !Number.isInteger(policy.maxAttempts) || policy.maxAttempts < 1
      ? 'maxAttempts must be a whole number from 1'
      : !(policy.minDelay >= 0) || !(policy.maxDelay >= policy.minDelay) || policy.maxDelay === Infinity
        ? 'delays must be milliseconds with 0 <= minDelay <= maxDelay'
        : !(policy.factor >= 1 && policy.factor < Infinity)
          ? 'factor must be a number from 1'
          : !(policy.jitter >= 0 && policy.jitter <= 1)
            ? 'jitter must be between 0 and 1'
            : undefined;
  if (bad !== undefined) throw new DefinitionError('INVALID_RETRY', `retry: ${bad}`, { policy });
  return policy;
}

/**
 * Milliseconds until the attempt after `attempt`, or undefined when that was the last one.
 * @param random a number from 0 up to 1, for the jitter
 * @param retryAfter what the other side asked for; it wins when it is longer, up to 31 days
 */
export function retryDelay(
  policy: RetryPolicy,
  attempt: number,
  random: number,
  retryAfter?: number,
): number | undefined {
  if (attempt >= policy.maxAttempts) return undefined;
  // Kept finite: no delay at all, however often it is doubled, stays none.
  const growth = Math.min(Number.MAX_VALUE, policy.factor ** (attempt - 1));
  const backoff = Math.min(policy.maxDelay, policy.minDelay * growth);
  return Math.round(Math.max(backoff * (1 - policy.jitter * random), Math.min(retryAfter ?? 0, LONGEST_ASKED_FOR)));
}
