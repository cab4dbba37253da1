import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { pace } from '../../../src/inspector/api/pace.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the first is at once, those that come soon after are one, and none is lost', () => {
  let runs = 0;
  const { ask } = pace(100, () => void runs++);
  ask();
  expect(runs).toBe(1);
  vi.advanceTimersByTime(10);
  ask();
  ask();
  expect(runs).toBe(1);
  vi.advanceTimersByTime(90);
  expect(runs).toBe(2);
  vi.advanceTimersByTime(1_000);
  expect(runs).toBe(2);
  ask();
  expect(runs).toBe(3);
});

test('what asks while it is done is done again', () => {
  let runs = 0;
  const { ask } = pace(100, () => {
    if (++runs === 1) ask();
  });
  ask();
  vi.advanceTimersByTime(100);
  expect(runs).toBe(2);
});

test('nothing comes after it was stopped', () => {
  let runs = 0;
  const { ask, stop } = pace(100, () => void runs++);
  ask();
  ask();
  stop();
  vi.advanceTimersByTime(1_000);
  expect(runs).toBe(1);
});
