import { expect, test } from 'vitest';
import { z } from 'zod';
import { fieldsOf } from '../../src/core/fields.ts';

const typesOf = (schema: z.ZodType | undefined): Record<string, string> =>
  Object.fromEntries(fieldsOf(schema).map(({ name, type }) => [name, type]));

test('scalars have types of SQL, all else is JSON', () => {
  const schema = z.object({
    text: z.string(),
    maybe: z.string().nullable().optional(),
    choice: z.enum(['a', 'b']).nullable(),
    whole: z.int(),
    real: z.number(),
    truth: z.boolean(),
    time: z.iso.datetime().nullable(),
    list: z.array(z.string()),
    object: z.object({ inner: z.string() }),
    either: z.union([z.string(), z.number()]),
    mixed: z.union([z.string(), z.object({})]),
    nothing: z.null(),
    anything: z.unknown(),
    made: z.string().transform(Number),
  });
  expect(typesOf(schema)).toEqual({
    text: 'text',
    maybe: 'text',
    choice: 'text',
    whole: 'numeric',
    real: 'numeric',
    truth: 'boolean',
    time: 'timestamptz',
    list: 'json',
    object: 'json',
    either: 'json',
    mixed: 'json',
    nothing: 'json',
    anything: 'json',
    made: 'json',
  });
});

test('alternatives, intersections and references are followed', () => {
  const tree: z.ZodType = z.object({
    name: z.string(),
    get child() {
      return tree.optional();
    },
  });
  expect(typesOf(tree)).toEqual({ name: 'text', child: 'json' });
  const loop: z.ZodType = z.union([z.object({ a: z.string() }), z.lazy(() => loop)]);
  expect(typesOf(loop)).toEqual({ a: 'text' });
  const shape = z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('a'), size: z.string() }),
    z.object({ kind: z.literal('b'), size: z.number(), deep: z.boolean() }),
  ]);
  expect(typesOf(shape)).toEqual({ kind: 'text', size: 'json', deep: 'boolean' });
  expect(typesOf(z.object({ a: z.string() }).and(z.object({ b: z.int() })))).toEqual({ a: 'text', b: 'numeric' });
  expect(typesOf(z.object({ id: z.string().meta({ id: 'Id' }), other: z.string().meta({ id: 'Other' }) }))).toEqual({
    id: 'text',
    other: 'text',
  });
});

test.each([
  ['none', undefined],
  ['text', z.string()],
  ['any keys', z.record(z.string(), z.string())],
  ['a list', z.array(z.object({ a: z.string() }))],
  [
    'what has no JSON Schema',
    z.object({
      bad: z.lazy((): z.ZodType => {
        throw new Error('no');
      }),
    }),
  ],
])('a schema of %s has no fields', (_, schema) => {
  expect(fieldsOf(schema)).toEqual([]);
});
