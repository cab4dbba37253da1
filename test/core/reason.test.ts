import { DrizzleQueryError } from 'drizzle-orm/errors';
import { describe, expect, test } from 'vitest';
import { classify } from '../../src/core/classify.ts';
import { ERROR_CLASSES, StepError } from '../../src/core/error.ts';
import { whyOf } from '../../src/core/reason.ts';
import { thrownBy } from './thrown-by.ts';

const record = (error: unknown) => classify(error, ERROR_CLASSES, 1);
const why = (error: unknown): string => whyOf(record(error));
const sql = (): Error =>
  Object.assign(new Error('relation "shop.payments" does not exist'), {
    name: 'PostgresError',
    code: '42P01',
    ...hidden({ query: 'select $1', parameters: ['s3cret'], args: ['s3cret'] }),
  });
const hidden = (fields: object): object => fields;

describe('why an error came about', () => {
  test('is its innermost cause, then what wraps it', () => {
    expect(why(new DrizzleQueryError('select * from "shop"."payments"', [], sql()))).toBe(
      'relation "shop.payments" does not exist (42P01); in: Failed query: select * from "shop"."payments"',
    );
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
    expect(why(new Error('no mail', { cause: new TypeError('fetch failed', { cause: refused }) }))).toBe(
      'connect ECONNREFUSED 127.0.0.1:1; in: fetch failed; in: no mail',
    );
    expect(why(new Error('outer', { cause: 'a text' }))).toBe('a text; in: outer');
    expect(why(new Error('outer', { cause: { status: 3 } }))).toBe('{"status":3}; in: outer');
  });

  test('of several errors it is the first', () => {
    const all = new AggregateError([new Error('first'), new Error('second')], 'All promises were rejected');
    expect(why(all)).toBe('first; in: All promises were rejected');
    // Without a message it is described by them.
    expect(why(new AggregateError([new Error('first'), new Error('second')]))).toBe('first; second');
  });

  test('of what is thrown on purpose its own message comes first', () => {
    const error = new StepError('CARD_DECLINED', 'The card is not good for it.', { cause: new Error('402') });
    expect(why(error)).toBe('The card is not good for it; caused by: 402');
  });

  test('is the message alone where that says it all', () => {
    expect(record(new Error('no'))).not.toHaveProperty('reason');
    const error = new Error('saving: disk full', { cause: new Error('disk full') });
    expect(record(error)).not.toHaveProperty('reason');
    expect(record(new Error('no', { cause: new Error('') }))).not.toHaveProperty('reason');
    expect(record(new Error('no', { cause: null }))).not.toHaveProperty('reason');
  });

  test('is of a bounded depth and length, and comes to an end', () => {
    const loop = new Error('a');
    loop.cause = new Error('b', { cause: loop });
    expect(why(loop)).toBe('b; in: a');
    const deep = Array.from({ length: 40 }, (_, n) => n).reduce<Error>(
      (cause, n) => new Error(`<${n}>`, { cause }),
      new Error('bottom'),
    );
    expect(why(deep)).toBe('<34>; in: <35>; in: <36>; in: <37>; in: <38>; in: <39>');
    expect(why(new Error('x'.repeat(5_000), { cause: new Error('y'.repeat(5_000)) })).length).toBe(2_000);
  });

  test('is stored with the whole way down', () => {
    const error = new Error('a', { cause: new Error('b', { cause: Object.assign(new Error('c'), { code: 'C' }) }) });
    expect(record(error).cause).toEqual({
      name: 'Error',
      message: 'b',
      cause: { name: 'Error', message: 'c', code: 'C' },
    });
  });
});

describe('the values that were given to a statement are not stored', () => {
  test('neither those of drizzle in message and stack', () => {
    const error = thrownBy(() => {
      throw new DrizzleQueryError('insert into cards values ($1, $2)', ['4111-s3cret', 'two\nlines'], sql());
    });
    const text = JSON.stringify(record(error));
    expect(text).not.toMatch(/s3cret|lines/);
    expect(record(error).message).toBe('Failed query: insert into cards values ($1, $2)');
    expect(record(error).stack).toMatch(/^Error: Failed query: insert into cards values \(\$1, \$2\)\n {4}at /);
    expect(text).toContain('insert into cards');
  });

  test('nor those of others, in fields of theirs', () => {
    for (const [query, values] of [
      ['query', 'parameters'],
      ['query', 'args'],
      ['sql', 'bindings'],
    ] as const) {
      const error = Object.assign(new Error('no'), { [query]: 'select $1', [values]: ['s3cret'] });
      expect(JSON.stringify(record(new Error('outer', { cause: error })))).not.toContain('s3cret');
    }
    // What is no statement's is the error's own.
    expect(JSON.stringify(record(Object.assign(new Error('no'), { params: ['mine'] })))).toContain('mine');
  });
});
