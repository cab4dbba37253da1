import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classify } from '../../src/core/classify.ts';
import { ERROR_CLASSES, StepError, type ErrorRecord } from '../../src/core/error.ts';
import { assertJson } from '../../src/core/json.ts';
import { stored } from '../../src/core/stored-thrown.ts';
import { live, reworded, thrownOf, withoutErrors, withStoredErrors } from '../../src/core/thrown-value.ts';
import { factsOf, thrown } from '../support/thrown.ts';

// FC_SEED=… looks at other values; a failure prints its seed.
const seed = Number(process.env['FC_SEED'] ?? 20_260_301);

/** What a machine receives of what a step has thrown, whose record has been stored in between. */
const received = (error: unknown): unknown => {
  const record = classify(error, ERROR_CLASSES, 2);
  assertJson(record, 'The record');
  return thrownOf(JSON.parse(JSON.stringify(record)) as ErrorRecord);
};
const asError = (error: unknown): Error & Record<string, unknown> => received(error) as Error & Record<string, unknown>;

test('whatever is thrown comes back as it was', () => {
  fc.assert(
    fc.property(thrown, (value) => {
      expect(factsOf(received(value))).toEqual(factsOf(value));
    }),
    { seed, numRuns: 500 },
  );
});

test('what is stored of an error is the same when it is stored again', () => {
  fc.assert(
    fc.property(thrown, (value) => {
      const once = stored(value);
      expect(stored(live(once))).toEqual(once);
    }),
    { seed, numRuns: 200 },
  );
});

describe('the fields of the record', () => {
  test('stand beside those of the error, and are not enumerable', () => {
    const error = asError(Object.assign(new Error('declined'), { status: 402 }));
    expect(error).toBeInstanceOf(Error);
    expect([error['code'], error['class'], error['attempt'], error['status']]).toEqual([
      'QUOTA_EXCEEDED',
      'final',
      2,
      402,
    ]);
    expect(error['details']).toEqual({ status: 402 });
    expect(Object.keys(error)).toEqual(['status']);
  });

  test('never replace a field of the error', () => {
    const own = { code: 'ECONNREFUSED', class: 'gold', attempt: 'first', details: 'none' };
    expect(asError(Object.assign(new Error('x'), own))).toMatchObject(own);
  });

  test('are all there is of an error that was stored before', () => {
    const record: ErrorRecord = {
      code: 'NETWORK_ERROR',
      class: 'retryable',
      name: 'TypeError',
      message: 'fetch failed',
      stack: 'TypeError: fetch failed\n  at there',
      cause: { name: 'Error', message: 'refused', code: 'ECONNREFUSED' },
    };
    const error = thrownOf(record) as Error & { code: string };
    expect([String(error), error.stack, error.code]).toEqual([
      'TypeError: fetch failed',
      record.stack,
      'NETWORK_ERROR',
    ]);
    expect(error.cause).toBeInstanceOf(Error);
    expect(error.cause).toMatchObject({ message: 'refused', code: 'ECONNREFUSED' });
    expect(thrownOf({ code: 'WORKER_LOST', class: 'final', name: 'WorkerLostError', message: 'died' })).toMatchObject({
      name: 'WorkerLostError',
      message: 'died',
      code: 'WORKER_LOST',
    });
  });
});

test('an error in other words keeps its fields', () => {
  const record = classify(Object.assign(new Error('x'), { status: 402 }), ERROR_CLASSES, 1);
  expect(thrownOf(reworded(record, 'Item 3: x'))).toMatchObject({ message: 'Item 3: x', status: 402 });
  for (const thing of ['card', null]) {
    const error = thrownOf(reworded(classify(thing, ERROR_CLASSES, 1), 'Item 3: no'));
    expect(String(error)).toMatch(/: Item 3: no$/);
  }
});

describe('what is not JSON', () => {
  test('getters that throw are left out', () => {
    const error = Object.assign(new Error('x'), { status: 402 });
    Object.defineProperty(error, 'body', {
      enumerable: true,
      get: () => {
        throw new Error('consumed');
      },
    });
    Object.defineProperty(error, 'name', {
      get: () => {
        throw new Error('no name');
      },
    });
    expect(live(stored(error))).toMatchObject({ message: 'x', status: 402, name: 'Error' });
    expect(live(stored(error))).not.toHaveProperty('body');
    const hostile = new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw new Error('no');
        },
      },
    );
    expect(stored(hostile)).toBeUndefined();
  });

  test('circles end', () => {
    const request: Record<string, unknown> = { method: 'GET' };
    const error = Object.assign(new Error('x'), { request, response: { status: 402, request } });
    request['response'] = error.response;
    error.cause = error;
    const back = asError(error);
    expect(back['response']).toEqual({ status: 402, request: { method: 'GET' } });
    expect(back).not.toHaveProperty('cause');
  });

  test('is as near to it as JSON comes', () => {
    class Money {
      readonly cents = 5;
    }
    const fields = {
      at: new Date(0),
      ids: new Set([1, 2]),
      map: new Map<unknown, unknown>([
        ['a', 1],
        [1, 2],
      ]),
      big: 5n,
      symbol: Symbol('s'),
      nan: Number.NaN,
      minus: -0,
      bytes: new Uint8Array(3),
      money: new Money(),
      inner: new RangeError('inner'),
      list: [undefined, () => {}],
      call: () => {},
      _private: 1,
      ['durachart$error']: 'TypeError',
      $durachart: 'payload',
      plain: { $durachart: 'payload', a: 1 },
      gone: undefined,
    };
    const back = asError(Object.assign(new Error('x'), fields));
    expect(Object.assign({}, back)).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      ids: [1, 2],
      map: { a: 1 },
      big: '5',
      symbol: 'Symbol(s)',
      nan: 'NaN',
      minus: 0,
      bytes: '[3 bytes]',
      money: { cents: 5 },
      inner: expect.any(RangeError) as unknown,
      list: [null, null],
      plain: { a: 1 },
    });
    expect(Object.is(back['minus'], 0)).toBe(true);
    expect(back).not.toBeInstanceOf(TypeError);
  });

  test('what is huge is cut, and what is near the top is kept', () => {
    const deep = (depth: number): unknown => (depth === 0 ? 'end' : { inner: deep(depth - 1) });
    const error = Object.assign(new Error('m'.repeat(10_000)), {
      config: Array.from({ length: 5_000 }, (_, index) => ({ index, text: 'x'.repeat(100) })),
      keys: Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`${'k'.repeat(100)}${index}`, index])),
      deep: deep(50),
      status: 402,
      body: 'b'.repeat(50_000),
      code: 'E_CARD',
    });
    expect(JSON.stringify(stored(error)).length).toBeLessThan(64 * 1024);
    expect(asError(error)).toMatchObject({ code: 'E_CARD', status: 402, message: `${'m'.repeat(1_999)}…` });
    let chain = new Error('0');
    for (let i = 1; i < 1_000; i++) chain = new Error(`${i}`, { cause: chain });
    expect(JSON.stringify(stored(chain)).length).toBeLessThan(256 * 1024);
    expect((asError(chain).cause as Error).message).toBe('998');
  });

  test('credentials are masked', () => {
    const error = Object.assign(new Error('at https://me:secret@host/'), {
      config: {
        headers: { Authorization: 'Bearer abcdefghijkl' },
        url: 'https://h/?api_key=abc',
        password: 'hunter22',
      },
    });
    const text = JSON.stringify(stored(error));
    for (const secret of ['secret@', 'abcdefghijkl', 'api_key=abc', 'hunter22']) expect(text).not.toContain(secret);
  });
});

test('errors of this package are instances of it again', () => {
  const error = asError(
    new StepError('CARD_DECLINED', 'no', { retryable: false, details: { card: 1 }, cause: 'bank' }),
  );
  expect(error).toBeInstanceOf(StepError);
  expect(Object.assign({}, error)).toMatchObject({ code: 'CARD_DECLINED', retryable: false, details: { card: 1 } });
  expect(error.cause).toBe('bank');
  expect(received({})).toEqual({});
});

test('errors of another realm, and those without a stack', () => {
  const foreign = { [Symbol.toStringTag]: 'Error', name: 'TypeError', message: 'far', stack: 1 };
  const back = live(stored(foreign)) as Error;
  expect(back).toBeInstanceOf(TypeError);
  expect(back.stack).toBe('TypeError: far');
  expect(String(live(stored({ [Symbol.toStringTag]: 'Error' })))).toBe('Error');
  expect(String(live({ durachart$error: 7, message: 1, name: 2 }))).toBe('Error');
});

describe('errors inside of values', () => {
  const error = Object.assign(new TypeError('x'), { code: 'E' });
  const value = { list: [1, { error }], plain: { a: null } };

  test('become plain objects, or their stored form', () => {
    expect(withoutErrors(value)).toEqual({
      list: [1, { error: { name: 'TypeError', message: 'x', stack: error.stack, code: 'E' } }],
      plain: { a: null },
    });
    expect((live(withStoredErrors(value)) as { list: [unknown, { error: Error }] }).list[1].error).toMatchObject({
      name: 'TypeError',
      code: 'E',
    });
    expect(withoutErrors(Object.assign(new Error('y'), { list: [1], stack: undefined }))).toEqual({
      name: 'Error',
      message: 'y',
      list: [1],
    });
  });

  test('values without any are left alone, whatever they are', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    for (const one of [value.plain, [1, 2], new Date(0), Object.create(null), circle, 5, null])
      expect(withoutErrors(one)).toBe(one);
  });
});
