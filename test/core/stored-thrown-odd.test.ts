import { expect, test } from 'vitest';
import { stored } from '../../src/core/stored-thrown.ts';

const hostile = (target: object): object =>
  new Proxy(target, {
    ownKeys() {
      throw new Error('not yours');
    },
  });

test.each([
  ['an object', hostile({ a: 1 })],
  ['an error', hostile(new Error('no'))],
  [
    'a map',
    new Map<unknown, unknown>([
      ['a', 1],
      [{}, 2],
    ]),
  ],
  ['a list of more than is kept', Array.from({ length: 2_000 }, () => ({}))],
  ['a set of more than is kept', { list: new Set(Array.from({ length: 2_000 }, (_, n) => n)), last: [1] }],
  [
    'what fails as JSON',
    {
      at: {
        toJSON: () => {
          throw new Error('no');
        },
      },
    },
  ],
  ['an object of more fields than are kept', Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`f${n}`, n]))],
  [
    'a list that does not let itself be read',
    Object.assign([1], {
      [Symbol.iterator](): never {
        throw new Error('not yours');
      },
    }),
  ],
  ['a list of long texts', ['x'.repeat(20_000), 'y', 'z']],
  ['a long text behind long fields', { a: 'x'.repeat(20_000), b: 'y', c: 'z' }],
])('what is thrown that does not let itself be read is stored all the same: %s', (_, thrown) => {
  expect(() => JSON.stringify(stored(thrown))).not.toThrow();
  expect(JSON.stringify(stored(thrown)).length).toBeLessThan(40_000);
});
