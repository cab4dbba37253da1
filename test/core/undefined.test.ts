import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { storable } from '../../src/core/json.ts';
import { decoded, encoded } from '../../src/core/undefined.ts';
import { restoredContext, settleContext, storedContext } from '../../src/core/context.ts';

const SEED = Number(process.env['FC_SEED'] ?? 20_260_302);

const noActor = (): never => {
  throw new Error('There is no actor.');
};

/** JSON in which anything may be undefined. */
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(undefined, null, true, 0, 1.5, 'x', '2', ''),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'undefined', '__proto__', '2', '10', 'toString'), tie('value'), {
      maxKeys: 5,
      noNullPrototype: true,
    }),
  ),
})).value;

/** Names, values and their order. */
function exact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(exact);
  if (typeof value !== 'object' || value === null) return value === undefined ? 'undefined' : JSON.stringify(value);
  return ['object', ...Object.keys(value).map((key) => [key, exact((value as Record<string, unknown>)[key])])];
}

test('any JSON with undefined in it comes back from its stored form as it was, keys in their order', () => {
  fc.assert(
    fc.property(json, (value) => {
      const stored = JSON.parse(JSON.stringify({ value: encoded(value) })) as { value?: unknown };
      expect(exact(decoded(stored.value))).toEqual(exact(value));
      // Known by the same rule to whoever only checks.
      expect(storable(value, 'The value') === value).toBe(encoded(value) === value);
    }),
    { seed: SEED, numRuns: 2_000 },
  );
});

test('a context with undefined in it is the same kept and restored', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', '7'), json), (context) => {
      const settled = settleContext(context, 'The context');
      const text = JSON.stringify(storedContext(settled));
      expect(exact(settled)).toEqual(exact(context));
      expect(exact(restoredContext(JSON.parse(text) as typeof context, noActor))).toEqual(exact(context));
      expect(JSON.stringify(encoded(context))).toBe(text);
    }),
    { seed: SEED, numRuns: 2_000 },
  );
});

test('what is undefined is absent for who reads the stored form as it is', () => {
  expect(encoded({ a: undefined, b: { c: undefined, d: [undefined] } })).toEqual({
    b: { d: [{ $durachart: 'undefined' }], $durachart: { undefined: [['c', 0]] } },
    $durachart: { undefined: [['a', 0]] },
  });
});

test('a value without it is its own stored form, and not copied', () => {
  const value = { a: [{ b: 1 }, 'x', null] };
  expect(encoded(value)).toBe(value);
  expect(decoded(value)).toBe(value);
  const mixed = { same: value, other: { a: undefined } };
  expect((encoded(mixed) as typeof mixed).same).toBe(value);
});

test('a property that was set in the stored form is not undefined any more', () => {
  expect(decoded({ a: 1, $durachart: { undefined: [['a', 0]] } })).toEqual({ a: 1 });
  expect(restoredContext({ a: 1, $durachart: { undefined: [['a', 0]] } }, noActor)).toEqual({ a: 1 });
});

test.each([
  [{ $durachart: 'payload' }],
  [{ $durachart: null }],
  [{ $durachart: { undefined: 'a' } }],
  [{ $durachart: { undefined: [['a']] } }],
  [{ $durachart: { undefined: [7] } }],
])('%o is no stored form, and stays as it is', (value) => {
  expect(decoded(value)).toEqual(value);
});
