import { expect, test } from 'vitest';
import type { Step } from '../../src/http/types.ts';
import { eventName, standing } from '../../src/cli/standing.ts';
import { bytes, duration, pad, plain, relative, safeJson, truncate, width } from '../../src/cli/text.ts';

const now = new Date('2026-01-31T12:00:00Z');
const ago = (ms: number): string => new Date(now.getTime() - ms).toISOString();
const step = (over: Partial<Step>): Step => ({
  key: '1:ingest',
  kind: 'step',
  step: 'ingest',
  status: 'running',
  attempt: 2,
  maxAttempts: 3,
  nextAttemptAt: null,
  progress: null,
  message: null,
  errorCode: null,
  childId: null,
  queuedAt: ago(13_000),
  startedAt: ago(12_000),
  heartbeatAt: null,
  finishedAt: null,
  fanOut: null,
  ...over,
});
const at = (
  state: string,
  status: 'running' | 'waiting' | 'done' | 'failed' | 'cancelled' | 'scheduled',
  steps: Step[] = [],
  errorCode: string | null = null,
): string => standing({ state, status, steps, errorCode }, now);

test('where an instance stands is one line', () => {
  expect(at('VALIDATED', 'running', [step({})])).toBe('VALIDATED · ingest running, attempt 2 of 3, 12s');
  expect(at('VALIDATED', 'running', [step({ progress: 0.404, attempt: 1 })])).toBe(
    'VALIDATED · ingest running 40%, attempt 1 of 3, 12s',
  );
  expect(at('VALIDATED', 'running', [step({ status: 'queued', attempt: 0, startedAt: null })])).toBe(
    'VALIDATED · ingest queued, 13s',
  );
  expect(
    at('VALIDATED', 'waiting', [
      step({ status: 'retrying', attempt: 1, errorCode: 'RATE_LIMITED', nextAttemptAt: ago(-4_000) }),
    ]),
  ).toBe('VALIDATED · ingest failed with RATE_LIMITED, attempt 1 of 3, next in 4.0s');
  expect(
    at('A', 'waiting', [step({ kind: 'workflow', step: 'mockups', childId: 'x.1.m' }), step({ maxAttempts: 1 })]),
  ).toBe('A · mockups (x.1.m) running, 12s; ingest running, 12s');
  expect(at('INSIGHTS', 'running', [step({ key: '6:draft-blog', step: 'generate-draft', maxAttempts: 1 })])).toBe(
    'INSIGHTS · generate-draft (draft-blog) running, 12s',
  );
  expect(at('PAID', 'running', [step({ key: '2:0.order.PAID', step: 'book', maxAttempts: 1 })])).toBe(
    'PAID · book running, 12s',
  );
  expect(at('NEEDS_USER_INPUT', 'waiting')).toBe('NEEDS_USER_INPUT · waiting');
  expect(at('DONE', 'done')).toBe('DONE');
  expect(at('A', 'failed', [], 'TIMEOUT')).toBe('A · failed: TIMEOUT');
  expect(at('A', 'cancelled')).toBe('A · cancelled');
  expect(at('', 'scheduled')).toBe('scheduled');
});

test('events have names for people', () => {
  expect(
    [
      'xstate.init',
      'xstate.done.actor.0.a.B',
      'xstate.error.actor.x',
      'xstate.after.86400000.a.B',
      'approve',
      'user.created',
    ].map(eventName),
  ).toEqual(['start', 'done', 'error', 'after 1d', 'approve', 'user.created']);
});

test('durations and times', () => {
  expect([-5, 0, 999, 1_000, 9_940, 12_400, 60_000, 192_000, 7_500_000, 280_800_000].map(duration)).toEqual([
    '0ms',
    '0ms',
    '999ms',
    '1.0s',
    '9.9s',
    '12s',
    '1m',
    '3m 12s',
    '2h 5m',
    '3d 6h',
  ]);
  expect([500, 12_000, 200_000, 7_500_000, 280_800_000, -7_500_000].map((ms) => relative(ago(ms), now))).toEqual([
    'just now',
    '12s ago',
    '3m ago',
    '2h ago',
    '3d ago',
    'in 2h',
  ]);
  expect([0, 999, 1_400_000, 123_456_789_000].map(bytes)).toEqual(['0 B', '999 B', '1.4 MB', '123 GB']);
});

test('text is as wide as it is shown', () => {
  expect(['abc', 'naïve', 'e\u0301', '日本', '👩‍👩‍👧', ''].map(width)).toEqual([3, 5, 1, 4, 2, 0]);
  expect(truncate('日本語', 5)).toBe('日本…');
  expect(truncate('abcdef', 4)).toBe('abc…');
  expect(truncate('abcd', 4)).toBe('abcd');
  expect(pad('日', 4)).toBe('日  ');
});

test('text and JSON from elsewhere are harmless', () => {
  expect(plain('a\u001b[31mb\u009bc\r\nd\te\u202ef\0\ud800')).toBe('a[31mbc d ef\u{fffd}');
  const value = { '\u001b': ['\u009b', '\u202e', '\u007f', 'ä\n'] };
  expect(safeJson(value, 2)).toMatch(/^[\n -~ä]*$/);
  expect(JSON.parse(safeJson(value))).toEqual(value);
});
