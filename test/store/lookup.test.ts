import { expect, test } from 'vitest';
import { lookup } from '../../src/store/lookup.ts';

interface Row {
  id: number;
  list: number[];
}

/** Reads whose answers are held back until a test lets them go. */
function reads() {
  const calls: { keys: readonly number[]; answer: () => void; fail: (error: Error) => void }[] = [];
  const find = lookup<number, Row>(
    async (keys) =>
      new Promise((resolve, reject) => {
        const rows = keys.filter((key) => key >= 0).map((id) => ({ id, list: [id] }));
        calls.push({ keys, answer: () => resolve(rows.toReversed()), fail: reject });
      }),
    ({ id }) => id,
  );
  return { calls, find };
}

test('the first are read at once, each by itself, and what comes meanwhile in a group', async () => {
  const { calls, find } = reads();
  const found = Promise.all([1, 2, 3, 4, 5, 6, -7, 5].map(find));
  expect(calls.map(({ keys }) => keys)).toEqual([[1], [2], [3], [4]]);
  calls[2]?.answer();
  await expect.poll(() => calls.length).toBe(5);
  expect(calls[4]?.keys).toEqual([5, 6, -7]);
  for (const { answer } of calls) answer();
  expect((await found).map((row) => row?.id)).toEqual([1, 2, 3, 4, 5, 6, undefined, 5]);
});

test('who asks for the same has a row of their own', async () => {
  const { calls, find } = reads();
  const found = Promise.all([0, 1, 2, 3, 9, 9].map(find));
  calls[0]?.answer();
  await expect.poll(() => calls.length).toBe(5);
  for (const { answer } of calls) answer();
  const [one, other] = (await found).slice(4);
  one?.list.push(1);
  expect(other).toEqual({ id: 9, list: [9] });
});

test('what fails, fails for its own group only', async () => {
  const { calls, find } = reads();
  const found = Promise.allSettled([0, 1, 2, 3, 4, 5].map(find));
  calls[0]?.answer();
  await expect.poll(() => calls.length).toBe(5);
  calls[4]?.fail(new Error('away'));
  for (const { answer } of calls) answer();
  expect((await found).map(({ status }) => status)).toEqual([
    ...Array<string>(4).fill('fulfilled'),
    'rejected',
    'rejected',
  ]);
  const later = find(7);
  calls.at(-1)?.answer();
  expect(await later).toEqual({ id: 7, list: [7] });
});
