import { describe, expect, test } from 'vitest';
import type { HistoryEntry, StepDetail } from '../../../src/http/types.ts';
import { rowsOf, type Row } from '../../../src/inspector/instance/timeline/rows.ts';
import { hasIdle, scaleOf } from '../../../src/inspector/instance/timeline/scale.ts';

const START = Date.UTC(2026, 0, 1);
const time = (ms: number): string => new Date(START + ms).toISOString();

function step(key: string, fields: Partial<StepDetail>): StepDetail {
  return {
    key,
    kind: 'step',
    step: key.slice(2),
    status: 'done',
    attempt: 1,
    maxAttempts: 3,
    nextAttemptAt: null,
    progress: null,
    message: null,
    errorCode: null,
    childId: null,
    queuedAt: time(0),
    startedAt: null,
    heartbeatAt: null,
    finishedAt: null,
    fanOut: null,
    input: null,
    output: null,
    error: null,
    attempts: [],
    logs: [],
    ...fields,
  };
}

const entry = (sequence: number, to: string, ms: number): HistoryEntry =>
  ({ sequence, to, at: time(ms) }) as HistoryEntry;

/** Segments as `kind from-to outcome`, from the start. */
const shown = (rows: Row[]): Record<string, string[]> =>
  Object.fromEntries(
    rows.map(({ id, segments }) => [
      id,
      segments.map(({ kind, from, to, outcome }) =>
        [kind, `${from - START}-${to - START}`, outcome ?? ''].join(' ').trim(),
      ),
    ]),
  );

const failed = (attempt: number, from: number, to: number): StepDetail['attempts'][number] => ({
  attempt,
  startedAt: time(from),
  finishedAt: time(to),
  outcome: 'failed',
});

describe('rows', () => {
  test('the attempts of a step, what was between them, and how each ended', () => {
    const done = step('1:pay', {
      attempt: 3,
      attempts: [failed(1, 10, 20), failed(2, 50, 60)],
      startedAt: time(100),
      finishedAt: time(130),
    });
    expect(shown(rowsOf([done], [], START + 500))).toEqual({
      '1:pay': [
        'queued 0-10',
        'work 10-20 failed',
        'backoff 20-50',
        'work 50-60 failed',
        'backoff 60-100',
        'work 100-130 done',
      ],
    });
  });

  test('a final failure is there once', () => {
    const last = step('1:pay', {
      status: 'failed',
      attempts: [failed(1, 5, 20)],
      startedAt: time(5),
      finishedAt: time(20),
    });
    expect(shown(rowsOf([last], [], START + 500))).toEqual({ '1:pay': ['queued 0-5', 'work 5-20 failed'] });
  });

  test('what is not over goes on to now: work, a pause before the next attempt, a place in line', () => {
    const running = step('1:a', { status: 'running', startedAt: time(0) });
    const retrying = step('1:b', { status: 'retrying', attempts: [failed(1, 0, 20)], startedAt: time(0) });
    const queued = step('1:c', { status: 'queued', attempt: 0 });
    expect(shown(rowsOf([running, retrying, queued], [], START + 90))).toEqual({
      '1:a': ['work 0-90 running'],
      '1:b': ['work 0-20 failed', 'backoff 20-90'],
      '1:c': ['queued 0-90'],
    });
  });

  test('a time in which nothing works is a wait in its state, in its place among the steps', () => {
    const first = step('1:read', { startedAt: time(0), finishedAt: time(50) });
    const last = step('3:send', { queuedAt: time(9_000), startedAt: time(9_000), finishedAt: time(9_050) });
    const history = [
      entry(1, 'READING', 0),
      entry(2, 'REVIEW', 50),
      entry(3, 'REVIEW', 4_000),
      entry(4, 'SENDING', 9_000),
    ];
    const rows = rowsOf([first, last], history, START + 9_050);
    expect(rows.map(({ id, kind, label }) => [id, kind, label])).toEqual([
      ['1:read', 'step', 'read'],
      ['wait:2', 'wait', 'REVIEW'],
      ['3:send', 'step', 'send'],
    ]);
    expect(shown(rows)['wait:2']).toEqual(['wait 50-4000', 'wait 4000-9000']);
  });
});

describe('the scale', () => {
  const rows = rowsOf(
    [
      step('1:a', { startedAt: time(0), finishedAt: time(1_000) }),
      step('2:b', { queuedAt: time(3_601_000), startedAt: time(3_601_000), finishedAt: time(3_602_000) }),
    ],
    [entry(1, 'A', 0), entry(2, 'WAIT', 1_000), entry(3, 'B', 3_601_000)],
    START + 3_602_000,
  );

  test('a long time without work can be folded, so that the work is seen', () => {
    expect(hasIdle(rows)).toBe(true);
    const plain = scaleOf(rows, false);
    const folded = scaleOf(rows, true);
    expect(plain.folds).toEqual([]);
    expect(plain.place(START + 1_000)).toBeLessThan(0.001);
    expect(folded.folds).toEqual([{ from: START + 1_000, to: START + 3_601_000 }]);
    expect(folded.place(START + 1_000)).toBeGreaterThan(0.45);
    for (const scale of [plain, folded]) {
      expect(scale.place(START)).toBe(0);
      expect(scale.place(START + 3_602_000)).toBeCloseTo(1);
      const places = [0, 500, 1_000, 60_000, 3_601_000, 3_601_500, 3_602_000].map((ms) => scale.place(START + ms));
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }
  });

  test('ticks are round, in order, and never in a fold', () => {
    const { ticks, folds } = scaleOf(rows, true);
    expect(ticks.length).toBeGreaterThan(2);
    for (const { time } of ticks) {
      expect(folds.some(({ from, to }) => time > from && time < to)).toBe(false);
      expect((time - START) % 100).toBe(0);
    }
  });

  test('short pauses stay, and so does work that overlaps', () => {
    const busy = rowsOf(
      [
        step('1:a', { startedAt: time(0), finishedAt: time(9_000) }),
        step('1:b', { startedAt: time(100), finishedAt: time(200) }),
      ],
      [],
      START + 9_000,
    );
    expect(hasIdle(busy)).toBe(false);
    expect(scaleOf([], true).ticks).toEqual([]);
    expect(hasIdle(rowsOf([], [entry(1, 'WAIT', 0)], START + 60_000))).toBe(false);
  });
});
