import { expect, test } from 'vitest';
import { z } from 'zod';
import { concurrencyKeyOf, placeKeyOf } from '../../src/core/concurrency-key.ts';
import { DefinitionError } from '../../src/core/error.ts';
import { defineStep, stepOf, type StepDefinition } from '../../src/core/step.ts';
import { thrownBy } from './thrown-by.ts';

const keyed = (concurrencyKey: (input: { account: string }) => unknown, input?: z.ZodType<{ account: string }>) =>
  stepOf(
    defineStep<{ account: string }, null>({
      ...(input === undefined ? {} : { input }),
      concurrency: 1,
      concurrencyKey: concurrencyKey as () => string,
      run: () => null,
    }),
  ) as StepDefinition;

test('a step has the key that its function gives, of 1 to 128 characters; without one it has none', () => {
  for (const account of ['a', 'x'.repeat(128)]) {
    const step = keyed((input) => input.account);
    expect(concurrencyKeyOf(step, 's', { account })).toBe(account);
    expect(placeKeyOf(step, 's', { account })).toBe(account);
  }
  const plain = stepOf(defineStep({ concurrency: 1, run: () => null })) as StepDefinition;
  expect([concurrencyKeyOf(plain, 's', null), placeKeyOf(plain, 's', null)]).toEqual([undefined, undefined]);
});

test('a stored input goes through the schema first; one that it refuses has no key', () => {
  const step = keyed((input) => input.account, z.object({ account: z.string().trim() }));
  expect(placeKeyOf(step, 's', { account: ' a ' })).toBe('a');
  expect(placeKeyOf(step, 's', {})).toBeUndefined();
});

const hostile = {
  get message(): string {
    throw new Error('no');
  },
};

test.each<[string, () => unknown, string]>([
  [
    'an error',
    () => {
      throw new Error('no account');
    },
    'threw: no account.',
  ],
  [
    'what cannot be read',
    () => {
      // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error -- what users may do
      throw hostile;
    },
    'threw: something that cannot be read.',
  ],
  ['null', () => null, 'gave null.'],
  ['nothing', () => undefined, 'gave undefined.'],
  ['an object', () => ({}), 'gave a value of type object.'],
  ['a promise', async () => 'a', 'gave a promise.'],
  ['no characters', () => '', 'gave 0 characters.'],
  ['too many', () => 'x'.repeat(129), 'gave 129 characters.'],
])('a function that gives %s', (_, concurrencyKey, words) => {
  const step = keyed(concurrencyKey);
  const error = thrownBy(() => concurrencyKeyOf(step, 's', { account: 'a' })) as Error;
  expect(error).toMatchObject({ name: 'StepError', code: 'INVALID_CONCURRENCY_KEY' });
  expect(error.message).toContain(`concurrencyKey of s ${words}`);
  expect(placeKeyOf(step, 's', { account: 'a' })).toBeUndefined();
});

test('a key without a limit is refused when the step is defined', () => {
  const error = thrownBy(() => defineStep<string, null>({ concurrencyKey: (input) => input, run: () => null }));
  expect(error).toBeInstanceOf(DefinitionError);
  expect(error).toMatchObject({ code: 'CONCURRENCY_MISSING' });
});

test('the function is typed by the schema', () => {
  defineStep({
    input: z.object({ account: z.string(), n: z.number() }),
    concurrency: 1,
    // @ts-expect-error -- a key is text
    concurrencyKey: (input) => input.n,
    run: ({ input }) => input.account,
  });
  defineStep({
    input: z.object({ account: z.string() }),
    concurrency: 1,
    concurrencyKey: (input) => input.account,
    run: ({ input }) => input.account,
  });
});
