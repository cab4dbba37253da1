import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { thrownBy } from './thrown-by.ts';
import { assertJson, MAX_DEPTH, NotJsonError } from '../../src/core/json.ts';

const refusal = (value: unknown): NotJsonError => {
  const error = thrownBy(() => assertJson(value, 'The input'));
  expect(error).toBeInstanceOf(NotJsonError);
  return error as NotJsonError;
};

test('the key of references is kept for them, however deep', () => {
  const error = thrownBy(() => assertJson({ a: [{ $durachart: 'payload' }] }, 'The input'));
  expect(error).toMatchObject({ code: 'RESERVED_KEY', details: { where: 'The input', path: 'a[0].$durachart' } });
});

test('lets everything pass that comes back from JSON as it went in', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      fc.pre(
        !JSON.stringify(value).includes('\\u0000') &&
          JSON.stringify(value).isWellFormed() &&
          !/\\ud[89a-f]/i.test(JSON.stringify(value)),
      );
      expect(() => assertJson(value, 'The input')).not.toThrow();
    }),
  );
});

test.each([
  [{ a: undefined }, true],
  [[1, [undefined]], true],
  [Object.assign(['x'], { 2: 'y' }), true],
  [{ a: [undefined], b: 1 }, true],
  [undefined, false],
  [{ a: [null, 1, 'x', true, {}] }, false],
])('says of %o whether there is undefined in it', (value, has) => {
  expect(assertJson(value, 'The input')).toBe(has);
});

test('lets undefined properties and objects without a prototype pass', () => {
  expect(() => assertJson(undefined, 'The input')).not.toThrow();
  expect(() =>
    assertJson({ a: undefined, b: Object.assign(Object.create(null), { c: 1 }) }, 'The input'),
  ).not.toThrow();
});

test('names the path of the value', () => {
  const error = refusal({ a: [{ b: new Date(0) }] });
  expect(error.message).toBe('The input: a[0].b is a Date, which JSON would lose. Use toISOString().');
  expect(error.code).toBe('NOT_JSON');
  expect(error.details).toEqual({ where: 'The input', path: 'a[0].b', found: 'a Date' });
});

class Money {
  cents = 1;
}

test.each<[unknown, string]>([
  [Number.NaN, 'the value is NaN'],
  [Infinity, 'is Infinity'],
  [1n, 'Use a string'],
  [() => {}, 'is a function'],
  [Symbol('s'), 'is a symbol'],
  [new Map(), 'Use Object.fromEntries()'],
  [new Set(), 'Use an array'],
  [new Error('x'), 'is a Error'],
  [Buffer.from('x'), 'artifact store'],
  [new Uint8Array(1), 'artifact store'],
  [new Money(), 'is a Money'],
  [
    new (class {
      cents = 1;
    })(),
    'is a class instance',
  ],
  [Object.create(Object.create(Object.create(null))), 'is a class instance'],
  ['a\0b', 'NUL'],
  ['a\uD800b', 'lone surrogate'],
  [{ 'a\uDC00': 1 }, 'lone surrogate'],
  [{ 'a\0': 1 }, 'NUL'],
])('refuses %o', (value, message) => {
  expect(refusal(value).message).toContain(message);
});

test('refuses cycles, but not a value that is in two places', () => {
  const twice = { a: 1 };
  assertJson({ x: twice, y: [twice] }, 'The input');
  const loop: Record<string, unknown> = {};
  loop['self'] = [loop];
  expect(refusal(loop).details['path']).toBe('self[0]');
});

test('refuses nesting that a parser would overflow on', () => {
  const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
  assertJson(nested(MAX_DEPTH), 'The input');
  expect(refusal(nested(MAX_DEPTH + 1)).message).toContain('nested deeper than');
  expect(refusal(nested(100_000)).message).toContain('nested deeper than');
});
