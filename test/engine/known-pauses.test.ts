import { expect, test } from 'vitest';
import { KnownPauses } from '../../src/engine/known-pauses.ts';
import { NOTHING_PAUSED, type Pauses } from '../../src/engine/pauses.ts';

const paused: Pauses = { workflows: new Set(['w']), queues: new Set() };

/** Answers when, and in which order, the test says so. */
function asking() {
  const answers: ((pauses: Pauses) => void)[] = [];
  const known = new KnownPauses(async () => new Promise((resolve) => void answers.push(resolve)));
  return { known, answer: (question: number, pauses: Pauses) => answers[question]?.(pauses) };
}

test('an answer that was overtaken does not undo a pause', async () => {
  const { known, answer } = asking();
  const [before, after] = [known.read(), known.read()];
  answer(1, paused);
  expect(await after).toBe(true);
  answer(0, NOTHING_PAUSED);
  expect(await before).toBe(false);
  expect(known.current).toBe(paused);
});

test('tells whether anything has changed', async () => {
  const { known, answer } = asking();
  const reads = [known.read(), known.read(), known.read()];
  answer(0, paused);
  answer(1, { workflows: new Set(['w']), queues: new Set() });
  answer(2, NOTHING_PAUSED);
  expect(await Promise.all(reads)).toEqual([true, false, true]);
  expect(known.current).toBe(NOTHING_PAUSED);
});
