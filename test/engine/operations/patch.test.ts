import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { decoded } from '../../../src/core/undefined.ts';
import { patched } from '../../../src/engine/operations/patch.ts';

const context = () => ({ amount: 1, name: 'ada', items: ['a', 'b'], nested: { deep: { on: true } }, values: 3 });
const apply = (...patch: unknown[]) => patched(context(), patch as never, undefined);
const refused = (code: string, words: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(words) as string }) as Error;

test.each<[string, object, object]>([
  ['add', { op: 'add', path: '/new', value: null }, { new: null }],
  ['add to a list', { op: 'add', path: '/items/-', value: 'c' }, { items: ['a', 'b', 'c'] }],
  ['remove', { op: 'remove', path: '/items/0' }, { items: ['b'] }],
  ['replace', { op: 'replace', path: '/nested/deep/on', value: false }, { nested: { deep: { on: false } } }],
  ['move', { op: 'move', from: '/nested/deep', path: '/nested/other' }, { nested: { other: { on: true } } }],
  [
    'copy',
    { op: 'copy', from: '/items', path: '/nested/items' },
    { nested: { deep: { on: true }, items: ['a', 'b'] } },
  ],
  ['test', { op: 'test', path: '/name', value: 'ada' }, {}],
  ['a name that lists have too', { op: 'replace', path: '/values', value: 4 }, { values: 4 }],
  ['a name that every object has', { op: 'add', path: '/toString', value: 'x' }, { toString: 'x' }],
])('%s', (_, operation, changed) => {
  expect(apply(operation)).toEqual({ ...context(), ...changed });
});

test('the whole context can be replaced, and the one that was given stays', () => {
  const before = context();
  expect(patched(before, [{ op: 'replace', path: '', value: { a: 1 } }], undefined)).toEqual({ a: 1 });
  expect(before).toEqual(context());
});

test.each<[string, unknown, RegExp]>([
  ['no list', {}, /expected array/],
  ['another operation', [{ op: 'set', path: '/amount', value: 1 }], /not valid/],
  ['null', [null], /not valid/],
  ['no pointer', [{ op: 'remove', path: 'amount' }], /JSON Pointer/],
  ['a pointer with a stray ~', [{ op: 'remove', path: '/a~2' }], /JSON Pointer/],
  ['no value', [{ op: 'add', path: '/amount' }], /\[0\]\.value: /],
  ['no from', [{ op: 'move', path: '/amount' }], /from/],
  ['a field too many', [{ op: 'remove', path: '/amount', value: 1 }], /value/],
  [
    'a failing test',
    [{ op: 'test', path: '/name', value: 'bob' }],
    /^Operation 0 of the patch \(test "\/name"\) does not fit the context: another value stands there\.$/,
  ],
  ['something that is not there', [{ op: 'replace', path: '/nope', value: 1 }], /nothing at \/nope/],
  ['a parent that is not there', [{ op: 'add', path: '/nope/at', value: 1 }], /nothing at/],
  ['a plain value', [{ op: 'add', path: '/name/x', value: 1 }], /plain value/],
  ['an index that is none', [{ op: 'replace', path: '/items/length', value: 0 }], /index/],
  ['an index behind the list', [{ op: 'add', path: '/items/9', value: 0 }], /path/],
  ['the end of a list', [{ op: 'replace', path: '/items/-', value: 0 }], /index/],
])('refuses %s', (_, patch, words) => {
  expect(() => patched(context(), patch as never, undefined)).toThrow(refused('INVALID_PATCH', words));
});

describe('what every object inherits is out of reach', () => {
  test.each([
    '/__proto__/polluted',
    '/__proto__',
    '/constructor/prototype/polluted',
    '/nested/__proto__/polluted',
    '/toString/polluted',
    '/hasOwnProperty/call',
    '/items/push/polluted',
    '/name/at/polluted',
    '/amount/toFixed/polluted',
  ])('%s', (path) => {
    for (const operation of [
      { op: 'add', path, value: 'x' },
      { op: 'replace', path, value: 'x' },
      { op: 'copy', from: '/name', path },
      { op: 'move', from: path, path: '/name' },
      { op: 'remove', path },
    ])
      expect(() => apply(operation), operation.op).toThrow(refused('INVALID_PATCH', /./));
    for (const inherited of [Object.prototype, Object.prototype.toString, Array.prototype.push, String.prototype.at])
      expect(inherited).not.toHaveProperty('polluted');
    expect(typeof Object.prototype.hasOwnProperty.call).toBe('function');
  });
});

test('the schema of the context has the last word', () => {
  const schema = z.object({ amount: z.number() });
  expect(() => patched({ amount: 1 }, [{ op: 'replace', path: '/amount', value: 'x' }], schema)).toThrow(
    refused('INVALID_CONTEXT', /amount: Invalid input/),
  );
  expect(() => apply({ op: 'replace', path: '', value: [1] })).toThrow(refused('INVALID_CONTEXT', /no object/));
  expect(() => apply({ op: 'remove', path: '' })).toThrow(refused('INVALID_CONTEXT', /no object/));
});

describe('a patch that makes much of little', () => {
  const doubling = (times: number) => [
    { op: 'add', path: '/d', value: Array.from({ length: 100 }, () => 'x') },
    ...Array.from({ length: times }, () => ({ op: 'copy', from: '/d', path: '/d/-' })),
  ];
  test('is refused before it is made, with the operation that is too much', () => {
    for (const times of [24, 900])
      expect(() => apply(...doubling(times))).toThrow(
        expect.objectContaining({ code: 'CONTEXT_TOO_LARGE', details: { index: 13, limit: 16_777_216 } }),
      );
    expect(apply(...doubling(5))).toHaveProperty('d');
  });

  test('and one that only adds to what it takes away again', () => {
    const value = 'x'.repeat(1_000_000);
    const patch = Array.from({ length: 40 }, (_, n) => ({ op: n % 2 === 0 ? 'add' : 'remove', path: '/big', value }));
    const given = patch.map(({ op, path, value: added }) => (op === 'add' ? { op, path, value: added } : { op, path }));
    expect(() => apply(...given)).toThrow(refused('CONTEXT_TOO_LARGE', /adds more than 16.0 MB/));
  });

  test('quotes no value', () => {
    for (const operation of [
      { op: 'test', path: '/name', value: 's3cret' },
      { op: 'add', path: '/nope/x', value: 's3cret' },
      { op: 'replace', path: '/nope', value: 's3cret' },
    ])
      expect(() => apply(operation)).toThrow(refused('INVALID_PATCH', /^(?!.*(s3cret|ada))/));
  });
});

describe('a value that is undefined is there, and can be', () => {
  const given = () => ({ a: undefined, list: [1, undefined, 3], b: { c: undefined } });
  test.each<[what: string, operation: object, context: object]>([
    ['replaced', { op: 'replace', path: '/a', value: 1 }, { ...given(), a: 1 }],
    ['removed', { op: 'remove', path: '/a' }, { list: [1, undefined, 3], b: { c: undefined } }],
    ['moved', { op: 'move', from: '/a', path: '/z' }, { list: [1, undefined, 3], b: { c: undefined }, z: undefined }],
    ['copied', { op: 'copy', from: '/a', path: '/list/0' }, { ...given(), list: [undefined, 1, undefined, 3] }],
    ['replaced in a list', { op: 'replace', path: '/list/1', value: 2 }, { ...given(), list: [1, 2, 3] }],
    ['removed from a list', { op: 'remove', path: '/list/1' }, { ...given(), list: [1, 3] }],
    ['moved within a list', { op: 'move', from: '/list/1', path: '/list/0' }, { ...given(), list: [undefined, 1, 3] }],
    ['copied with what is around it', { op: 'copy', from: '/b', path: '/d' }, { ...given(), d: { c: undefined } }],
  ])('%s', (_, operation, context) => {
    expect(decoded(patched(given(), [operation] as never, undefined))).toStrictEqual(context);
  });
});
