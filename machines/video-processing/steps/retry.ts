import type { RetryPolicy } from '../../../src/index.ts';

/** How every step of the pipeline is tried again. */
export const RETRY: Partial<RetryPolicy> = { maxAttempts: 3, minDelay: 1_000, factor: 2, maxDelay: 30_000 };
