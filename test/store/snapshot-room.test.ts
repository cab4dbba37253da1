import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { withRoom } from '../../src/store/snapshot-room.ts';
import { birth, commit, state } from './contract/made.ts';

const SEED = Number(process.env['FC_SEED'] ?? 20_261_130);

const text = (length: number): string => JSON.stringify('x'.repeat(length - 2));
let ids = 0;
const newId = (): string => `room-${++ids}`;
/** Lengths that an instance's row has, as its snapshots have these. */
const stored = (id: string, [first = 2, ...lengths]: number[]): number[] => [
  withRoom(birth(id), text(first)).length,
  ...lengths.map((length) => withRoom(commit(id), text(length)).length),
];

test('is as long as the one before, where it is a little shorter; one that grows gets room once', () => {
  expect(stored(newId(), [1_000, 1_000, 980, 1_000, 900, 1_001, 1_024, 1_010, 1_025])).toEqual([
    1_000, 1_000, 1_000, 1_000, 1_000, 1_024, 1_024, 1_024, 1_152,
  ]);
});

test('gives no room for nothing: much shorter, or so long that it is kept elsewhere', () => {
  expect(stored(newId(), [1_000, 800, 700, 300])).toEqual([1_000, 800, 800, 300]);
  expect(stored(newId(), [1_790, 1_795, 1_801, 1_810, 1_750])).toEqual([1_790, 1_920, 1_801, 1_810, 1_810]);
});

test('knows nothing of an instance that has been given back, has ended or begins', () => {
  const id = newId();
  const length = (over: Parameters<typeof commit>[1]) => withRoom(commit(id, over), text(500)).length;
  stored(id, [550]);
  expect(length({ release: { wakeAt: null, wake: 0 } })).toBe(550);
  expect(length({})).toBe(500);
  stored(id, [550]);
  expect(length({ after: state({ status: 'done' }) })).toBe(550);
  expect(length({})).toBe(500);
  stored(id, [550]);
  expect(stored(id, [500])).toEqual([500]);
});

test('adds spaces at the end, and never many', () => {
  console.log(`FC_SEED=${SEED}`);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 2, max: 4_000 }), { minLength: 1, maxLength: 30 }), (lengths) => {
      const id = newId();
      lengths.forEach((length, i) => {
        const made = withRoom(i === 0 ? birth(id) : commit(id), text(length));
        expect(made.trimEnd()).toBe(text(length));
        expect(made.length - length).toBeLessThanOrEqual(Math.max(128, made.length / 8));
      });
    }),
    { seed: SEED, numRuns: 300 },
  );
});
