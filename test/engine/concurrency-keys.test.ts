import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineStep } from '../../src/index.ts';
import { standing, useBench } from '../support/engine.ts';
import { HeldStep, oneStep } from '../support/machines.ts';

const bench = useBench();

/** Counts how many run at a time, in all and of each key. The first ones wait for each other, up to as many as are expected. */
class Meter {
  readonly most = new Map<string, number>();
  private readonly now = new Map<string, number>();
  private readonly expected: number;
  private readonly met = Promise.withResolvers<void>();

  constructor(expected: number) {
    this.expected = expected;
  }

  async run(key: string): Promise<void> {
    this.count(key, 1);
    if (this.count('all', 1) === this.expected) this.met.resolve();
    await Promise.race([this.met.promise, sleep(5_000)]);
    await sleep(3);
    this.count(key, -1);
    this.count('all', -1);
  }

  private count(key: string, by: number): number {
    const now = (this.now.get(key) ?? 0) + by;
    this.now.set(key, now);
    this.most.set(key, Math.max(now, this.most.get(key) ?? 0));
    return now;
  }
}

test('of one key no more run at a time than concurrency says, and other keys run beside it', async () => {
  const meter = new Meter(6);
  const step = defineStep({
    input: z.object({ account: z.string(), fails: z.boolean() }),
    concurrency: 2,
    concurrencyKey: ({ account }) => account,
    retry: { maxAttempts: 2, minDelay: 1 },
    run: async ({ input, attempt }) => {
      await meter.run(input.account);
      // A retry gets in line anew.
      if (input.fails && attempt === 1) throw new Error('once');
      return null;
    },
  });
  const engine = await bench.worker([oneStep('keyed', step)]);
  const inputs = Array.from({ length: 24 }, (_, n) => ({ account: 'abc'[n % 3] as string, fails: n % 5 === 0 }));
  const started = await Promise.all(inputs.map((input) => engine.start('keyed', input)));
  await Promise.all(started.map(({ id }) => engine.result(id, { timeout: 20_000 })));
  expect(Object.fromEntries(meter.most)).toEqual({ a: 2, b: 2, c: 2, all: 6 });
});

test('the key is made of the input as the schema gives it', async () => {
  const meter = new Meter(2);
  const step = defineStep({
    input: z.object({ account: z.string().toLowerCase() }),
    concurrency: 1,
    concurrencyKey: ({ account }) => account,
    run: async ({ input }) => meter.run(input.account),
  });
  const engine = await bench.worker([oneStep('lower-case', step)]);
  const started = await Promise.all(['A', 'a', 'b', 'B'].map((account) => engine.start('lower-case', { account })));
  await Promise.all(started.map(({ id }) => engine.result(id, { timeout: 20_000 })));
  expect(Object.fromEntries(meter.most)).toEqual({ a: 1, b: 1, all: 2 });
});

test('any text is a key, and no two are taken for one', async () => {
  const keys = ['*', ':', 'a:b', 'a:c', 'a\nb', 'a","b', 'a\0b', 'ä', '🙂', ' ', 'x'.repeat(128)];
  const meter = new Meter(keys.length);
  const step = defineStep<string, null>({
    concurrency: 1,
    concurrencyKey: (input) => keys[Number(input)] as string,
    run: async ({ input }) => {
      await meter.run(input);
      return null;
    },
  });
  const engine = await bench.worker([oneStep('odd-keys', step)]);
  const started = await Promise.all(
    [...keys, ...keys].map((_, n) => engine.start('odd-keys', String(n % keys.length))),
  );
  await Promise.all(started.map(({ id }) => engine.result(id, { timeout: 20_000 })));
  const { all, ...each } = Object.fromEntries(meter.most);
  expect(all).toBe(keys.length);
  expect(new Set(Object.values(each))).toEqual(new Set([1]));
});

describe('no key can be had', () => {
  const refuse = (): never => {
    throw new TypeError('no account');
  };
  test.each<[string, () => unknown, string]>([
    ['the function throws', refuse, 'concurrencyKey of work threw: no account.'],
    ['it gives a number', () => 7, 'concurrencyKey of work gave a value of type number.'],
    ['it gives nothing', () => undefined, 'concurrencyKey of work gave undefined.'],
    ['it is asynchronous, and fails', async () => refuse(), 'concurrencyKey of work gave a promise.'],
    ['the text is empty', () => '', 'concurrencyKey of work gave 0 characters.'],
    ['the text is too long', () => 'x'.repeat(129), 'concurrencyKey of work gave 129 characters.'],
  ])('%s: the step fails, is not called, and the others go on', async (_, concurrencyKey, words) => {
    const held = new HeldStep();
    const step = held.step({
      concurrency: 1,
      concurrencyKey: ((input: unknown) => (input === 'bad' ? concurrencyKey() : 'good')) as () => string,
    });
    const engine = await bench.worker([oneStep('badly-keyed', step)]);
    const { id: good } = await engine.start('badly-keyed', 'good');
    await held.called(1);
    const { id: bad } = await engine.start('badly-keyed', 'bad');
    const { error } = await standing(engine, bad, 'failed');
    expect(error).toMatchObject({ code: 'INVALID_CONCURRENCY_KEY', class: 'final', attempt: 1 });
    expect(error?.message).toContain(words);
    held.release(1, 'done');
    expect(await engine.result(good, { timeout: 10_000 })).toBe('done');
    expect(held.calls).toEqual(['good']);
    expect(bench.faults).toEqual([]);
  });

  test('because the input itself is wrong: that is what the error says', async () => {
    const step = defineStep({
      input: z.object({ account: z.object({ id: z.string() }) }),
      concurrency: 1,
      concurrencyKey: ({ account }) => account.id,
      run: () => null,
    });
    const engine = await bench.worker([oneStep('wrong-input', step as never)]);
    const { id } = await engine.start('wrong-input', {});
    expect((await standing(engine, id, 'failed')).error).toMatchObject({ code: 'INVALID_INPUT' });
  });
});
