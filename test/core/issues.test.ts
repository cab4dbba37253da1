import { expect, test } from 'vitest';
import { z } from 'zod';
import { issuesInWords, namedIssues, pathText } from '../../src/core/issues.ts';

const words = (schema: z.ZodType, value: unknown): string => {
  const { error } = schema.safeParse(value);
  return error === undefined ? '' : issuesInWords(error.issues);
};

const payment = z.union([
  z.object({ kind: z.literal('card'), number: z.string(), month: z.int().max(12) }),
  z.object({ kind: z.literal('iban'), iban: z.string().min(5), holder: z.object({ name: z.string() }) }),
  z.string(),
]);
const MISSING = 'Invalid input: expected string, received undefined';

test.each([
  [
    'the member with the same literal',
    payment,
    { kind: 'card', number: 5, month: 13 },
    'number: Invalid input: expected string, received number; month: Too big: expected number to be <=12',
  ],
  [
    'the paths lead into the member',
    z.object({ pay: z.array(payment) }),
    { pay: [{ kind: 'iban', iban: 'DE000', holder: {} }] },
    `pay[0].holder.name: ${MISSING}`,
  ],
  [
    'the one of the same type',
    z.union([z.string(), z.object({ a: z.string(), b: z.string() })]),
    {},
    `a: ${MISSING}; b: ${MISSING}`,
  ],
  [
    'equally near ones are all named',
    z.union([z.string(), z.number()]),
    true,
    'Invalid input, it fits no form: Invalid input: expected string, received boolean; or Invalid input: expected number, received boolean',
  ],
  [
    'the same words once',
    z.union([z.string().min(3), z.email().min(3)]).or(z.string().min(3)),
    '',
    'Too small: expected string to have >=3 characters',
  ],
  [
    'a union in a union',
    z.union([z.object({ a: payment }), z.number()]),
    { a: { kind: 'card', number: '1', month: 99 } },
    'a.month: Too big: expected number to be <=12',
  ],
  [
    'of many forms three',
    z.union(['a', 'b', 'c', 'd', 'e'].map((name) => z.object({ [name]: z.string() }))),
    {},
    `Invalid input, it fits no form: a: ${MISSING}; or b: ${MISSING}; or c: ${MISSING}, or one of 2 more`,
  ],
  ["the schema's own words", z.union([z.string(), z.number()], 'a name or a number'), true, 'a name or a number'],
  [
    'a discriminated union',
    z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b') })]),
    { k: 'c' },
    "k: Invalid discriminator value. Expected 'a' | 'b'",
  ],
  [
    'a key',
    z.record(z.string().min(2), z.string()),
    { a: 'x' },
    'a: Invalid key in record (Too small: expected string to have >=2 characters)',
  ],
])('%s', (_, schema, value, expected) => {
  expect(words(schema, value)).toBe(expected);
});

test('a value is not quoted, and neither issues nor words are without end', () => {
  const secret = 'sk_live_0123456789';
  expect(words(z.object({ pay: payment }), { pay: { kind: secret, number: secret, iban: secret } })).not.toContain(
    secret,
  );
  const many = z.array(z.string()).safeParse(Array.from({ length: 500 }, () => 1)).error?.issues ?? [];
  expect(namedIssues(many)).toHaveLength(20);
  expect(issuesInWords(many)).toMatch(/^\[0\]: .*; and 480 more$/);
  const long = namedIssues([{ path: [], message: 'x'.repeat(9_000) }]);
  expect(long[0]?.message).toHaveLength(501);
  expect(issuesInWords([{ path: ['k'], message: 'Invalid key in record', issues: [] }])).toBe(
    'k: Invalid key in record',
  );
});

test('a path as people write it', () => {
  expect(pathText(['items', 0, 'price', Symbol.for('of')])).toBe('items[0].price.Symbol(of)');
});
