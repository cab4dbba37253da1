import { expect, test } from 'vitest';
import { titled } from '../../../src/inspector/instance/form/titled.ts';
import { check, validator } from '../../../src/inspector/instance/form/validator.ts';

const SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: {
    by: { type: 'string', minLength: 1 },
    parts: {
      type: 'array',
      items: { anyOf: [{ type: 'string' }, { type: 'object', properties: { text: {}, at: {} } }] },
    },
  },
  required: ['by'],
};

test('says where a value does not fit', () => {
  expect(check(SCHEMA as never, { by: 'ada' })).toEqual([]);
  expect(check(SCHEMA as never, {})).toMatchObject([{ name: 'required', property: '' }]);
  expect(check(SCHEMA as never, { by: '' })).toMatchObject([{ name: 'minLength', property: '.by' }]);
  expect(check(SCHEMA as never, { by: 'ada', parts: [1] }).map(({ property }) => property)).toContain('.parts.0');
});

test('gives the form its errors by field', () => {
  const { errorSchema } = validator.validateFormData({ by: '' }, SCHEMA as never);
  expect(errorSchema).toMatchObject({ by: { __errors: [expect.stringContaining('short') as string] } });
  expect(validator.isValid({ type: 'string' }, 'x', {})).toBe(true);
  expect(validator.isValid({ type: 'string' }, 1, {})).toBe(false);
});

test('what is undefined is not there, as in JSON', () => {
  expect(check(SCHEMA as never, { by: undefined })).toMatchObject([{ name: 'required' }]);
});

test('finds the definitions of the whole schema for a part of it', () => {
  const root = { $defs: { name: { type: 'string' } } } as never;
  expect(validator.isValid({ $ref: '#/$defs/name' }, 'ada', root)).toBe(true);
  expect(validator.isValid({ $ref: '#/$defs/name' }, 1, root)).toBe(false);
});

test('each of several ways gets a title that tells it from the others', () => {
  expect(titled(SCHEMA)).toEqual({
    ...Object.fromEntries(Object.entries(SCHEMA).filter(([keyword]) => keyword !== '$schema')),
    properties: {
      by: SCHEMA.properties.by,
      parts: {
        type: 'array',
        items: {
          anyOf: [
            { type: 'string', title: 'string' },
            { type: 'object', properties: { text: {}, at: {} }, title: 'text, at' },
          ],
        },
      },
    },
  });
  expect(titled({ oneOf: [{ const: 'a' }, { title: 'Mine', type: 'null' }, {}] })).toEqual({
    oneOf: [{ const: 'a', title: '"a"' }, { title: 'Mine', type: 'null' }, { title: 'another' }],
  });
});
