import { expect, test } from 'vitest';
import { begunFanOut, withEnded, type FanOutRow } from '../../src/engine/fan-out.ts';
import type { Owned } from '../../src/engine/owned.ts';
import type { StepRow } from '../../src/engine/ports.ts';
import { SeenResults } from '../../src/engine/seen-results.ts';

const owned = (): Owned => ({}) as Owned;
const NONE = new Map<string, StepRow>();

/** A fan-out of so many items, and each of them as it has ended with an output. */
function fanOut(key: string, outputs: readonly unknown[]): { row: FanOutRow; items: StepRow[] } {
  const at = { key, step: 'work', maxAttempts: 1, queue: null };
  const { row, items } = begunFanOut(at, { concurrency: 1_000 }, { items: outputs }, 0);
  return { row, items: items.map((item, i) => ({ ...item, status: 'done', output: outputs[i] })) };
}

/** All of them end, one after the other; gives the fan-out as it is then. */
function allEnd(seen: SeenResults, of: Owned, { row, items }: ReturnType<typeof fanOut>): FanOutRow {
  return items.reduce<FanOutRow>((before, item) => {
    const after = withEnded(before, item, NONE, 0);
    seen.ended(of, after, item);
    return after;
  }, row);
}

test('of what is too large together nothing is kept, and there is room again when others are forgotten', () => {
  const seen = new SeenResults();
  const large = 'x'.repeat(1_000_000);
  const [first, second] = [owned(), owned()];
  const fits = fanOut('1:a', [large, large, 'small']);
  const after = allEnd(seen, first, fits);
  expect(seen.of(first, after)?.results).toHaveLength(3);
  const tooMuch = fanOut(
    '1:b',
    Array.from({ length: 20 }, () => large),
  );
  expect(seen.of(second, allEnd(seen, second, tooMuch))).toBeUndefined();
  expect(seen.of(first, after)?.results.map(({ index }) => index)).toEqual([0, 1, 2]);
  // Beside what is kept of the first there is no room for these.
  const many = fanOut(
    '1:c',
    Array.from({ length: 15 }, () => large),
  );
  expect(seen.of(second, allEnd(seen, second, many))).toBeUndefined();
  seen.forget(first);
  expect(seen.of(first, after)).toBeUndefined();
  expect(seen.of(second, allEnd(seen, second, many))?.results).toHaveLength(15);
});

test('where an item ended elsewhere, or the fan-out was begun anew, what was seen counts for nothing', () => {
  const seen = new SeenResults();
  const who = owned();
  const three = fanOut('1:a', [1, 2, 3]);
  const [one, two, last] = three.items as [StepRow, StepRow, StepRow];
  let row = withEnded(three.row, one, NONE, 0);
  seen.ended(who, row, one);
  // Its end was not seen: it was skipped by hand, say.
  row = withEnded(row, two, NONE, 0);
  row = withEnded(row, last, NONE, 0);
  seen.ended(who, row, last);
  expect(seen.of(who, row)).toBeUndefined();
  // Begun anew under the same key after a part of it had ended: what is told is of the new one, or nothing.
  for (const before of [[one], [two], [one, two]]) {
    let old = three.row;
    for (const item of before) {
      old = withEnded(old, item, NONE, 0);
      seen.ended(who, old, item);
    }
    const known = seen.of(who, allEnd(seen, who, fanOut('1:a', ['a', 'b', 'c'])));
    expect(known?.results.map(({ output }) => output) ?? ['a', 'b', 'c']).toEqual(['a', 'b', 'c']);
    seen.forget(who);
  }
});
