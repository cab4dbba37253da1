import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { KnownSecrets, Marks, MASK } from '../../src/core/secrets.ts';

const secret = () => z.string().meta({ secret: true });
const masked = (schema: z.ZodType, value: unknown): unknown => Marks.of(schema)?.mask(value);

describe('what a schema marks', () => {
  test.each<[string, z.ZodType, unknown, unknown]>([
    ['a field', z.object({ user: z.string(), key: secret() }), { user: 'ada', key: 'k' }, { user: 'ada', key: MASK }],
    ['an optional field', z.object({ key: secret().optional() }), { key: 'k' }, { key: MASK }],
    [
      'one that was made optional',
      z.object({ key: z.string().optional().meta({ secret: true }) }),
      { key: 'k' },
      { key: MASK },
    ],
    ['a field with a default', z.object({ key: secret().default('d') }), { key: 'k' }, { key: MASK }],
    ['a field that may be null', z.object({ key: secret().nullable() }), { key: 'k' }, { key: MASK }],
    ['nothing, where it is null', z.object({ key: secret().nullable() }), { key: null }, { key: null }],
    [
      'a deep one',
      z.object({ a: z.object({ b: z.array(z.object({ key: secret() })) }) }),
      { a: { b: [{ key: 'k' }, { key: 'l' }] } },
      { a: { b: [{ key: MASK }, { key: MASK }] } },
    ],
    [
      'an object as a whole',
      z.object({ login: z.object({ user: z.string() }).meta({ secret: true }) }),
      { login: { user: 'ada' } },
      { login: MASK },
    ],
    ['a number', z.object({ pin: z.int().meta({ secret: true }) }), { pin: 1234 }, { pin: MASK }],
    ['the values of a record', z.record(z.string(), secret()), { a: 'k', b: 'l' }, { a: MASK, b: MASK }],
    ['an item of a tuple', z.tuple([z.string(), secret()]), ['a', 'k', 'more'], ['a', MASK, 'more']],
    ['items behind a tuple', z.tuple([z.string()], secret()), ['a', 'k'], ['a', MASK]],
    [
      'one alternative',
      z.union([z.object({ token: secret() }), z.object({ user: z.string() })]),
      { token: 't', user: 'u' },
      { token: MASK, user: 'u' },
    ],
    [
      'both sides',
      z.intersection(z.object({ a: secret() }), z.object({ b: z.string() })),
      { a: 'k', b: 'c' },
      { a: MASK, b: 'c' },
    ],
    [
      'what is made of the input',
      z.object({
        key: z
          .string()
          .transform((text) => text.length)
          .pipe(z.int().meta({ secret: true })),
      }),
      { key: 7 },
      { key: MASK },
    ],
    ['the whole', secret(), 'k', MASK],
    [
      'what a named schema marks',
      z.object({ a: secret().meta({ id: 'Key', secret: true }), b: z.string() }),
      { a: 'k', b: 'b' },
      { a: MASK, b: 'b' },
    ],
  ])('%s', (_, schema, value, expected) => {
    expect(masked(schema, value)).toEqual(expected);
  });

  test('a schema that refers to itself, at every depth', () => {
    const Tree = z.object({
      key: secret(),
      get children() {
        return z.array(Tree);
      },
    });
    const leaf = { key: 'l', children: [] };
    expect(masked(Tree, { key: 'k', children: [leaf] })).toEqual({
      key: MASK,
      children: [{ key: MASK, children: [] }],
    });
  });

  test('a schema that is named in two alternatives', () => {
    const Named = z.object({ key: secret() }).meta({ id: 'Named' });
    expect(masked(z.object({ a: z.union([Named, Named]) }), { a: { key: 'k' } })).toEqual({ a: { key: MASK } });
  });

  test('is nothing where nothing is marked, also in what refers to itself', () => {
    const Tree = z.object({
      get children() {
        return z.array(Tree);
      },
    });
    for (const schema of [
      undefined,
      z.string(),
      z.object({ secret: z.boolean() }),
      Tree,
      z.record(z.string(), z.any()),
      z.looseObject({ a: z.literal('x') }),
    ])
      expect(Marks.of(schema)).toBeUndefined();
  });

  test('is everything in a schema that cannot be looked into', () => {
    const twice = z.object({ a: z.string().meta({ id: 'twice' }), b: z.object({ c: z.int().meta({ id: 'twice' }) }) });
    expect(Marks.of(twice)).toBe(Marks.ALL);
    expect(Marks.ALL.mask({ a: 1 })).toBe(MASK);
  });

  test('is told, with each secret that is found', () => {
    const found: unknown[] = [];
    Marks.of(z.object({ a: secret(), b: secret().nullable(), c: z.string() }))?.mask(
      { a: 'k', b: null, c: 'x' },
      (each) => found.push(each),
    );
    expect(found).toEqual(['k']);
  });

  test('can be asked for a place', () => {
    const marks = Marks.of(z.object({ open: z.object({ key: secret() }), plain: z.string() }));
    expect(marks?.at('open').isSecret).toBe(false);
    expect(marks?.at('open').hasAny()).toBe(true);
    expect(marks?.at('open').at('key').isSecret).toBe(true);
    expect(marks?.at('plain').hasAny()).toBe(false);
    expect(marks?.at('plain').at('deeper').isEmpty).toBe(true);
  });
});

describe('a secret that is known', () => {
  const known = (...secrets: unknown[]): KnownSecrets => {
    const all = new KnownSecrets();
    for (const each of secrets) all.add(each);
    return all;
  };

  test('is found in texts, at any depth, and in names', () => {
    const secrets = known('hunter2!');
    expect(secrets.mask({ a: ['pass hunter2! on'], 'x-hunter2!': 1, at: null, n: 5 })).toEqual({
      a: [`pass ${MASK} on`],
      [`x-${MASK}`]: 1,
      at: null,
      n: 5,
    });
  });

  test('is found in JSON, in an address, and in a line for a shell', () => {
    const text = `it's "é" & more`;
    const secrets = known(text);
    for (const form of [text, JSON.stringify({ text }), encodeURIComponent(text), `'${text.replaceAll("'", `'\\''`)}'`])
      expect(secrets.text(`<${form}>`)).not.toMatch(/more/);
  });

  test('is found line by line, where it has several', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nshort\n';
    expect(known(key).text('at MIIEvQIBADANBgkqhkiG9w0BAQEF: short')).toBe(`at ${MASK}: short`);
  });

  test('of few characters is found where it stands alone, and left in running text', () => {
    expect(known('abc').mask(['abc', 'abc of'])).toEqual([MASK, 'abc of']);
  });

  test('may be numbers, or texts in an object; the longer one comes first', () => {
    const secrets = known(123_456, { user: 'adalovelace', also: [true, 'adalovelace-9'] });
    expect(secrets.mask({ n: 123_456, m: 123, text: 'no 123456 of adalovelace-9 and adalovelace' })).toEqual({
      n: MASK,
      m: 123,
      text: `no ${MASK} of ${MASK} and ${MASK}`,
    });
  });

  test('leaves alone what is no JSON, and everything where nothing is secret', () => {
    const at = new Date(0);
    expect(known('something').mask({ at })).toEqual({ at });
    const value = { a: 'b' };
    expect(known().mask(value)).toBe(value);
    expect(known('', MASK).mask(value)).toBe(value);
  });

  test('are those of others, too', () => {
    const secrets = known('first one');
    secrets.addAll(known('second one', 'abc'));
    expect(secrets.mask(['first one', 'a second one', 'abc'])).toEqual([MASK, `a ${MASK}`, MASK]);
  });
});
