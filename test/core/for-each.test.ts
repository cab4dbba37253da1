import { createActor, fromPromise, toPromise } from 'xstate';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { DefinitionError } from '../../src/core/error.ts';
import { forEach, forEachInput, forEachOf, forEachOutput, type ForEachOptions } from '../../src/core/for-each.ts';
import { thrownBy } from './thrown-by.ts';

const step = fromPromise(async () => 1);

/** Options that make no sense, and what is said of them. */
const WRONG: [ForEachOptions, string][] = [
  [{ concurrency: 0 }, 'concurrency must be a whole number from 1 to 1000'],
  [{ concurrency: 1_001 }, 'concurrency must be a whole number from 1 to 1000'],
  [{ batch: 1.5 }, 'batch must be a whole number from 1 to 1000'],
  [{ pause: -1, batch: 1 }, 'pause must be milliseconds, 0 or more'],
  [{ pause: NaN, batch: 1 }, 'pause must be milliseconds, 0 or more'],
  [{ pause: 1_000 }, 'pause comes between batches; set batch to how many one has'],
  [{ onItemError: 'ignore' as never }, "onItemError must be 'continue' or 'fail'"],
];

test.each(WRONG)('options %j are refused where the fan-out is defined', (options, why) => {
  const error = thrownBy(() => forEach(step, options));
  expect(error).toBeInstanceOf(DefinitionError);
  expect(error).toMatchObject({ code: 'INVALID_FOR_EACH', message: `forEach: ${why}.`, details: { options } });
});

test('a fan-out knows its step and its options; other logic is none', () => {
  const options = { concurrency: 3 };
  expect(forEachOf(forEach(step, options))).toEqual({ step, options });
  expect(forEachOf(forEach(step))).toEqual({ step, options: {} });
  expect(forEachOf(step)).toBeUndefined();
});

test('driven by XState alone it says that it needs the engine', async () => {
  const actor = createActor(forEach(step), { input: [1] });
  const ended = toPromise(actor);
  actor.start();
  await expect(ended).rejects.toMatchObject({
    code: 'STEP_OUTSIDE_ENGINE',
    message: expect.stringContaining('provide({ actors })') as string,
  });
});

describe('what it is invoked with', () => {
  test('is a list, or items with options that go before those of the definition', () => {
    expect(forEachInput('f', {}, [1, 2])).toEqual({
      items: [1, 2],
      policy: { concurrency: 10, batch: null, pause: 0, onItemError: 'fail' },
    });
    expect(forEachInput('f', { batch: 4, onItemError: 'continue' }, [])).toEqual({
      items: [],
      policy: { concurrency: 4, batch: 4, pause: 0, onItemError: 'continue' },
    });
    const input = { items: ['a'], concurrency: 2, pause: 5 };
    expect(forEachInput('f', { concurrency: 9, batch: 3 }, input)).toEqual({
      items: ['a'],
      policy: { concurrency: 2, batch: 3, pause: 5, onItemError: 'fail' },
    });
  });

  test.each<[unknown, string]>([
    [undefined, 'its input must be a list of items, or { items } with options beside it'],
    [null, 'its input must be a list of items, or { items } with options beside it'],
    [{ items: 'text' }, 'its input must be a list of items, or { items } with options beside it'],
    [Array.from({ length: 100_001 }), 'it has 100001 items, and may have 100000; split them over several instances'],
    [{ items: [1], batch: 0 }, 'batch must be a whole number from 1 to 1000'],
  ])('is refused where it cannot begin (%#)', (input, why) => {
    expect(thrownBy(() => forEachInput('f', {}, input))).toMatchObject({
      code: 'INVALID_ITEMS',
      message: `The fan-out f cannot begin: ${why}.`,
    });
  });
});

describe('an output given by hand', () => {
  const nothing = { total: 0, done: 0, failed: 0, skipped: 0, results: [], failures: [] };

  test('has what is left out: the counts as they stand, else none', () => {
    expect(forEachOutput(undefined, null).parse({})).toEqual(nothing);
    const counts = { total: 3, done: 2, failed: 1, skipped: 0 };
    expect(forEachOutput(undefined, counts).parse({ done: 3 })).toEqual({ ...nothing, ...counts, done: 3 });
  });

  test('has outputs of the step', () => {
    const schema = forEachOutput(z.string(), null);
    const results = [{ index: 0, output: 'x' }];
    expect(schema.parse({ results })).toEqual({ ...nothing, results });
    expect(schema.safeParse({ results: [{ index: 0, output: 1 }] }).success).toBe(false);
    expect(schema.safeParse({ more: 1 }).success).toBe(false);
  });
});
