import { z } from 'zod';
import { describe, expect, test } from 'vitest';
import { classify } from '../../src/core/classify.ts';
import { ERROR_CLASSES, StepError, type ErrorClass } from '../../src/core/error.ts';
import { assertJson } from '../../src/core/json.ts';
import { thrownBy } from './thrown-by.ts';

const CLASSES = { ...ERROR_CLASSES, ODD_FORMAT: 'final' } as const;
const NOW = Date.UTC(2026, 0, 1);

const of = (error: unknown): ReturnType<typeof classify> => classify(error, CLASSES, 2, NOW);
const verdict = (error: unknown): [string, ErrorClass] => {
  const record = of(error);
  assertJson(record, 'The record');
  return [record.code, record.class];
};
const withCode = (code: string, more: object = {}): Error =>
  Object.assign(new Error(`failed: ${code}`), { code, ...more });

describe('errors thrown on purpose', () => {
  test("keep their code; the class is the table's", () => {
    expect(verdict(new StepError('QUOTA_EXCEEDED', 'no'))).toEqual(['QUOTA_EXCEEDED', 'final']);
    expect(verdict(new StepError('ODD_FORMAT', 'no'))).toEqual(['ODD_FORMAT', 'final']);
    expect(verdict(new StepError('TIMEOUT', 'no'))).toEqual(['TIMEOUT', 'retryable']);
    expect(verdict(new StepError('NEVER_HEARD_OF', 'no'))).toEqual(['NEVER_HEARD_OF', 'retryable']);
    expect(verdict(new StepError('constructor', 'no'))).toEqual(['constructor', 'retryable']);
  });

  test('say themselves whether another attempt helps', () => {
    expect(verdict(new StepError('QUOTA_EXCEEDED', 'no', { retryable: true }))).toEqual([
      'QUOTA_EXCEEDED',
      'retryable',
    ]);
    expect(verdict(new StepError('NEVER_HEARD_OF', 'no', { retryable: false }))).toEqual(['NEVER_HEARD_OF', 'final']);
  });

  test('are recorded whole', () => {
    const cause = Object.assign(new RangeError('too far'), { code: 'E_FAR' });
    const error = new StepError('RATE_LIMITED', 'slow down', { retryAfter: 1_500.2, details: { used: 3 }, cause });
    expect(of(error)).toEqual({
      code: 'RATE_LIMITED',
      class: 'retryable',
      name: 'StepError',
      message: 'slow down',
      stack: error.stack,
      attempt: 2,
      details: { used: 3 },
      cause: { name: 'RangeError', message: 'too far', code: 'E_FAR' },
      reason: 'slow down; caused by: too far (E_FAR)',
      retryAfter: 1_501,
      thrown: {
        value: {
          durachart$error: 'StepError',
          name: 'StepError',
          message: 'slow down',
          code: 'RATE_LIMITED',
          retryAfter: 1_500.2,
          details: { used: 3 },
          cause: {
            durachart$error: 'RangeError',
            name: 'RangeError',
            message: 'too far',
            stack: cause.stack,
            code: 'E_FAR',
          },
        },
      },
    });
  });

  test('are known by their shape: another copy of the package, a plain object', () => {
    expect(verdict({ name: 'StepError', code: 'MINE', message: 'm', retryable: false })).toEqual(['MINE', 'final']);
    expect(of({ code: 'ODD_FORMAT', message: 'odd' })).toEqual({
      code: 'ODD_FORMAT',
      class: 'final',
      name: 'Object',
      message: 'odd',
      attempt: 2,
      thrown: { value: { code: 'ODD_FORMAT', message: 'odd' } },
    });
  });

  test.each([Number.NaN, -1, Infinity])('retryAfter %d is left out', (retryAfter) => {
    expect(of(new StepError('TIMEOUT', 'm', { retryAfter }))).not.toHaveProperty('retryAfter');
  });
});

test("a result that cannot be stored is the step's fault", () => {
  const error = thrownBy(() => assertJson({ when: new Date(0) }, 'The output'));
  expect(verdict(error)).toEqual(['INVALID_OUTPUT', 'final']);
  expect(of(error).details).toEqual({ code: 'NOT_JSON', where: 'The output', path: 'when', found: 'a Date' });
});

describe('zod', () => {
  const schema = z.object({ items: z.array(z.object({ price: z.number() })), name: z.string() });

  test('issues become a message that can be read', () => {
    const record = of(schema.safeParse({ items: [{ price: 'x' }] }).error);
    expect([record.code, record.class]).toEqual(['INVALID_INPUT', 'final']);
    expect(record.message).toBe(
      'items[0].price: Invalid input: expected number, received string; name: Invalid input: expected string, received undefined',
    );
    expect(record.details).toEqual({
      issues: [
        { path: 'items[0].price', message: 'Invalid input: expected number, received string', code: 'invalid_type' },
        { path: 'name', message: 'Invalid input: expected string, received undefined', code: 'invalid_type' },
      ],
    });
  });

  test('an issue of the whole value has no path, and many issues are cut short', () => {
    expect(of(z.string().safeParse(1).error).message).toBe('Invalid input: expected string, received number');
    const many = of(z.array(z.string()).safeParse(Array.from({ length: 30 }, () => 1)).error);
    expect(many.message).toMatch(/; and 10 more$/);
    expect((many.details as { issues: unknown[] }).issues).toHaveLength(20);
  });

  test('the name alone is not enough', () => {
    expect(verdict({ name: '$ZodError', issues: [] })[0]).toBe('INVALID_INPUT');
    expect(verdict({ name: 'ZodError' })[0]).toBe('UNKNOWN');
  });
});

describe('timeouts and networks', () => {
  test('AbortSignal.timeout', async () => {
    const signal = AbortSignal.timeout(0);
    const reason = await new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)));
    expect(verdict(reason)).toEqual(['TIMEOUT', 'retryable']);
  });

  test('a real fetch of a port that nobody listens on', async () => {
    const error = await fetch('http://127.0.0.1:1/').catch((thrown: unknown) => thrown);
    expect(verdict(error)).toEqual(['NETWORK_ERROR', 'retryable']);
  });

  test.each([
    ['ETIMEDOUT', 'TIMEOUT'],
    ['UND_ERR_CONNECT_TIMEOUT', 'TIMEOUT'],
    ['UND_ERR_HEADERS_TIMEOUT', 'TIMEOUT'],
    ['UND_ERR_BODY_TIMEOUT', 'TIMEOUT'],
    ['ECONNREFUSED', 'NETWORK_ERROR'],
    ['ECONNRESET', 'NETWORK_ERROR'],
    ['ENOTFOUND', 'NETWORK_ERROR'],
    ['EAI_AGAIN', 'NETWORK_ERROR'],
    ['EPIPE', 'NETWORK_ERROR'],
    ['UND_ERR_SOCKET', 'NETWORK_ERROR'],
  ])('%s is %s, on the error and in the cause of fetch', (code, expected) => {
    expect(verdict(withCode(code))).toEqual([expected, 'retryable']);
    const record = of(new TypeError('fetch failed', { cause: withCode(code) }));
    expect([record.code, record.message, record.cause?.code]).toEqual([expected, 'fetch failed', code]);
  });

  test('fetch that failed for no known reason', () => {
    expect(verdict(new TypeError('fetch failed', { cause: new Error('odd') }))).toEqual(['NETWORK_ERROR', 'retryable']);
    expect(verdict(new TypeError('x is not a function'))).toEqual(['UNKNOWN', 'retryable']);
  });

  test('causes are followed, but not for ever', () => {
    const loop = new Error('loop');
    loop.cause = loop;
    expect(verdict(loop)[0]).toBe('UNKNOWN');
    expect(verdict(new Error('query failed', { cause: withCode('40001') }))[0]).toBe('DATABASE_ERROR');
  });
});

test.each<[string, string, ErrorClass]>([
  ['ENOENT', 'NOT_FOUND', 'final'],
  ['ARTIFACT_NOT_FOUND', 'NOT_FOUND', 'final'],
  ['EISDIR', 'INVALID_INPUT', 'final'],
  ['EACCES', 'INVALID_INPUT', 'final'],
  ['EEXIST', 'CONFLICT', 'final'],
  ['ENOSPC', 'UNAVAILABLE', 'retryable'],
  ['EMFILE', 'UNAVAILABLE', 'retryable'],
  ['ERR_INVALID_ARG_TYPE', 'UNKNOWN', 'retryable'],
])('system error %s is %s, %s', (code, expected, expectedClass) => {
  expect(verdict(withCode(code))).toEqual([expected, expectedClass]);
  expect(of(withCode(code)).details).toMatchObject({ code });
});

describe('HTTP', () => {
  test.each<[number, string, ErrorClass]>([
    [400, 'INVALID_INPUT', 'final'],
    [422, 'INVALID_INPUT', 'final'],
    [413, 'INVALID_INPUT', 'final'],
    [401, 'API_KEY_INVALID', 'final'],
    [403, 'API_KEY_INVALID', 'final'],
    [402, 'QUOTA_EXCEEDED', 'final'],
    [404, 'NOT_FOUND', 'final'],
    [410, 'NOT_FOUND', 'final'],
    [408, 'TIMEOUT', 'retryable'],
    [409, 'CONFLICT', 'final'],
    [425, 'RATE_LIMITED', 'retryable'],
    [429, 'RATE_LIMITED', 'retryable'],
    [500, 'UNAVAILABLE', 'retryable'],
    [503, 'UNAVAILABLE', 'retryable'],
  ])('%d is %s, %s', (status, code, expectedClass) => {
    for (const at of [{ status }, { statusCode: status }, { response: { status } }]) {
      expect(verdict(Object.assign(new Error('http'), at))).toEqual([code, expectedClass]);
    }
    expect(of({ status }).details).toEqual({ status });
  });

  test.each([{ status: 200 }, { status: '404' }, { status: 404.5 }, { status: 700 }, { response: null }])(
    '%o says nothing',
    (at) => {
      expect(verdict(Object.assign(new Error('http'), at))[0]).toBe('UNKNOWN');
    },
  );

  const after = (headers: unknown, status = 429): number | undefined =>
    of({ status, headers, message: 'm' }).retryAfter;

  test('Retry-After in seconds', () => {
    expect(after(new Headers({ 'Retry-After': '3' }))).toBe(3_000);
    expect(after({ 'Retry-After': '1.5' })).toBe(1_500);
    expect(after({ 'retry-after': ['7', '8'] }, 503)).toBe(7_000);
    expect(after({ 'retry-after': 9 }, 425)).toBe(9_000);
    expect(of({ response: { status: 429, headers: { 'retry-after': '2' } } }).retryAfter).toBe(2_000);
  });

  test('Retry-After as a date, by the clock of the other side where it tells it', () => {
    const at = (ms: number): string => new Date(NOW + ms).toUTCString();
    expect(after({ 'retry-after': at(60_000) })).toBe(60_000);
    expect(after({ 'retry-after': at(60_000), date: at(50_000) })).toBe(10_000);
    expect(after({ 'retry-after': at(-60_000) })).toBe(0);
    expect(after({ 'retry-after': at(60_000), date: 'yesterday' })).toBe(60_000);
    const record = classify(
      { status: 429, headers: { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() } },
      CLASSES,
      1,
    );
    expect(record.retryAfter).toBeGreaterThan(3_500_000);
  });

  test.each([
    null,
    'x',
    {},
    new Headers(),
    { 'retry-after': '' },
    { 'retry-after': null },
    { 'retry-after': 'soon' },
    { 'retry-after': '-1' },
    { 'retry-after': 'Infinity' },
  ])('no Retry-After in %o', (headers) => {
    expect(after(headers)).toBeUndefined();
  });

  test('only where waiting helps', () => {
    expect(after({ 'retry-after': '3' }, 404)).toBeUndefined();
  });
});

test.each<[string, string, ErrorClass]>([
  ['08006', 'DATABASE_ERROR', 'retryable'],
  ['40001', 'DATABASE_ERROR', 'retryable'],
  ['40P01', 'DATABASE_ERROR', 'retryable'],
  ['53300', 'DATABASE_ERROR', 'retryable'],
  ['57P01', 'DATABASE_ERROR', 'retryable'],
  ['23505', 'CONFLICT', 'final'],
  ['22P02', 'INVALID_INPUT', 'final'],
  ['42P01', 'DATABASE_ERROR', 'final'],
  ['28P01', 'DATABASE_ERROR', 'final'],
  ['CONNECTION_CLOSED', 'DATABASE_ERROR', 'retryable'],
  ['CONNECT_TIMEOUT', 'DATABASE_ERROR', 'retryable'],
  ['EXDEV', 'UNKNOWN', 'retryable'],
])('database error %s is %s, %s', (code, expected, expectedClass) => {
  expect(verdict(withCode(code))).toEqual([expected, expectedClass]);
});

test('a database error says which constraint, of postgres.js and of pg', () => {
  expect(of(withCode('23505', { constraint_name: 'users_email', table_name: 'users' })).details).toEqual({
    code: '23505',
    constraint: 'users_email',
    table: 'users',
  });
  expect(of(withCode('23505', { constraint: 'users_email', table: 'users' })).details).toEqual({
    code: '23505',
    constraint: 'users_email',
    table: 'users',
  });
});

describe('AggregateError', () => {
  test('means what is in it', () => {
    expect(
      verdict(new AggregateError([new Error('?'), new StepError('QUOTA_EXCEEDED', 'no'), withCode('ECONNRESET')])),
    ).toEqual(['QUOTA_EXCEEDED', 'final']);
    expect(verdict(new AggregateError([new Error('?')]))).toEqual(['UNKNOWN', 'retryable']);
  });

  test('without a message has those of its errors', () => {
    const refused = new AggregateError(
      [withCode('ECONNREFUSED', { message: 'connect ::1' }), withCode('ECONNREFUSED', { message: '' }), 'text'],
      '',
    );
    expect(of(refused).message).toBe('connect ::1; ECONNREFUSED; text');
    expect(of(new AggregateError([], '')).message).toBe('AggregateError');
  });
});

describe('whatever was thrown', () => {
  const odd = Object.assign(Object.create(null) as object, {
    toJSON: () => {
      throw new Error('no');
    },
  });

  test.each<[unknown, string, string]>([
    ['just text', 'string', 'just text'],
    [null, 'null', 'null'],
    [undefined, 'undefined', 'undefined'],
    [42, 'number', '42'],
    [Symbol('s'), 'symbol', 'Symbol(s)'],
    [{ reason: 'x' }, 'Object', '{"reason":"x"}'],
    [{ name: 'Odd', message: 7 }, 'Odd', '{"name":"Odd","message":7}'],
    [odd, 'Object', '[object Object]'],
    [new Error(''), 'Error', 'Error'],
    [withCode('E_ODD', { message: '' }), 'Error', 'E_ODD'],
  ])('%o is recorded', (thrown, name, message) => {
    const record = of(thrown);
    expect([record.code, record.class, record.name, record.message]).toEqual(['UNKNOWN', 'retryable', name, message]);
    assertJson(record, 'The record');
  });

  test('a cause may be anything too', () => {
    expect(of(new Error('m', { cause: 'text' })).cause).toEqual({ name: 'string', message: 'text' });
    expect(of(new Error('m', { cause: null }))).not.toHaveProperty('cause');
  });

  test('details are made storable, and dropped when they are huge', () => {
    const details = { when: new Date(0), big: 1n, text: 'a\0b' };
    expect(of(new StepError('X', 'm', { details })).details).toEqual({
      when: '1970-01-01T00:00:00.000Z',
      big: '1',
      text: 'ab',
    });
    const huge = of(new StepError('X', 'm', { details: { list: Array.from({ length: 9_999 }, () => 'x') } }));
    expect(huge.details).toEqual({ omitted: '40006 characters' });
  });
});

describe('what is stored', () => {
  test('has bounded text without NUL and lone surrogates', () => {
    const error = new Error(`a\0b\uD800${'😀'.repeat(5_000)}`);
    error.stack = 'ä'.repeat(20_000);
    error.name = 'N'.repeat(999);
    const record = of(error);
    expect(record.message).toHaveLength(2_000);
    expect(record.message).toMatch(/^ab\uFFFD(?:😀)+…$/u);
    expect(Buffer.byteLength(record.stack as string)).toBeLessThanOrEqual(8_192);
    expect(record.stack).toHaveLength(4_096);
    expect(record.name).toHaveLength(200);
    assertJson(record, 'The record');
  });

  test.each([
    ['connect postgres://app:s3cr:et@db:5432/x failed', 'connect postgres://***@db:5432/x failed'],
    ['GET https://x.example/v1?key=AbC123&alt=json', 'GET https://x.example/v1?key=***&alt=json'],
    ['?api_key=abc;access_token=def', '?api_key=***;access_token=***'],
    ['Authorization: Bearer abc.def', 'Authorization: ***'],
    ['{"authorization":"Basic dTpw","n":1}', '{"authorization":"***","n":1}'],
    ['got bearer abcdefghij here', 'got bearer *** here'],
    ['{"apiKey":"abc","n":1}', '{"apiKey":"***","n":1}'],
    ['password: hunter2', 'password: ***'],
    ['Incorrect API key provided: sk-abcdefghijklmnopqrstu', 'Incorrect API key provided: ***'],
    ['Unexpected token < in https://x.example/@scope/pkg', 'Unexpected token < in https://x.example/@scope/pkg'],
    ['Key (email)=(a@b) already exists', 'Key (email)=(a@b) already exists'],
  ])('masks the secrets in %s', (text, masked) => {
    const error = new StepError('X', text, { details: { text }, cause: new Error(text) });
    const record = of(error);
    expect(record.message).toBe(masked);
    expect(record.cause?.message).toBe(masked);
    expect(record.details).toEqual({ text: masked });
    const inStack = text === masked || !record.stack?.includes(text);
    expect(inStack).toBe(true);
  });

  test('takes no time over huge text', () => {
    const started = performance.now();
    for (const text of ['a-'.repeat(500_000), '//'.repeat(500_000), 'key='.repeat(250_000), 'api'.repeat(300_000)])
      of(new Error(text));
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
