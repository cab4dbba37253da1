import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { DefinitionError } from '../../src/core/error.ts';
import { DEFAULT_RETRY, retryDelay, retryPolicy, type RetryPolicy } from '../../src/core/retry.ts';

test('fills in what is left out', () => {
  expect(retryPolicy()).toEqual(DEFAULT_RETRY);
  expect(retryPolicy({ maxAttempts: 7 })).toEqual({ ...DEFAULT_RETRY, maxAttempts: 7 });
});

test.each<[Partial<RetryPolicy>, string]>([
  [{ maxAttempts: 0 }, 'maxAttempts'],
  [{ maxAttempts: 1.5 }, 'maxAttempts'],
  [{ minDelay: -1 }, 'delays'],
  [{ minDelay: Number.NaN }, 'delays'],
  [{ minDelay: 10, maxDelay: 5 }, 'delays'],
  [{ maxDelay: Infinity }, 'delays'],
  [{ factor: 0.5 }, 'factor'],
  [{ factor: Infinity }, 'factor'],
  [{ jitter: -0.1 }, 'jitter'],
  [{ jitter: 1.1 }, 'jitter'],
])('refuses %o', (policy, field) => {
  expect(() => retryPolicy(policy)).toThrow(DefinitionError);
  expect(() => retryPolicy(policy)).toThrow(`retry: ${field}`);
});

test('doubles the delay up to the longest, and ends', () => {
  const policy = retryPolicy({ maxAttempts: 8, minDelay: 1_000, maxDelay: 30_000 });
  const delays = [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => retryDelay(policy, attempt, 0.5));
  expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, undefined]);
});

test('takes jitter off', () => {
  const policy = retryPolicy({ jitter: 0.5 });
  expect(retryDelay(policy, 1, 0)).toBe(1_000);
  expect(retryDelay(policy, 1, 0.5)).toBe(750);
});

test('waits as long as the other side asks, and no shorter than it would anyway', () => {
  const policy = retryPolicy();
  expect(retryDelay(policy, 1, 0, 90_000)).toBe(90_000);
  expect(retryDelay(policy, 1, 0, 10)).toBe(1_000);
  expect(retryDelay(policy, 3, 0, 90_000)).toBeUndefined();
});

test('is always a time in the future that can be stored', () => {
  const policies = fc.record({
    minDelay: fc.nat(),
    factor: fc.double({ min: 1, max: 1e9, noNaN: true }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(
      policies,
      fc.integer({ min: 1, max: 99_999 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (partial, attempt, random) => {
        const policy = retryPolicy({ ...partial, maxAttempts: 100_000, maxDelay: 2 ** 32 });
        const delay = retryDelay(policy, attempt, random) as number;
        expect(Number.isInteger(delay) && delay >= 0 && delay <= policy.maxDelay).toBe(true);
      },
    ),
  );
});
