import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseExactJson } from '../../src/core/exact-json.ts';

const code = 'INEXACT_JSON';

describe('JSON that JavaScript reads as it stands', () => {
  test.each([
    'null',
    '"9007199254740993"',
    '[9007199254740991, -9007199254740991, 9007199254740994, 1e21, 1E+2, 0.1, 1.50, 100000000000000000000, 5e-324, 1.7976931348623157e308, -0, 0e999]',
    '{"a":{"a":[{"a":1},{"a":2}]},"b\\"":": \\"a\\": ","\\\\":1 , "c"  :\n\t"}"}',
    '{"__proto__":1,"constructor":{"__proto__":2}}',
    '[0.12345678901234566, 0.10000000000000001, 123456789012345680]',
  ])('%s', (text) => expect(parseExactJson(text)).toEqual(JSON.parse(text)));

  test('whatever JSON.stringify has written', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.double({ noNaN: true, noDefaultInfinity: true }), (text, number) => {
        expect(parseExactJson(text)).toEqual(JSON.parse(text));
        const numbers = JSON.stringify({ number, list: [number] });
        expect(parseExactJson(numbers)).toEqual(JSON.parse(numbers));
      }),
      { seed: 20_261_201 },
    );
  });

  test('at any depth', () => {
    const text = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
    expect(parseExactJson(text)).toHaveLength(1);
  });
});

describe('JSON that JavaScript would change is refused', () => {
  test.each([
    ['9007199254740993', '9007199254740992'],
    ['-9007199254740993', '-9007199254740992'],
    ['1e400', 'Infinity'],
    ['-1e400', '-Infinity'],
    ['1e-400', '0'],
    ['3.14159265358979323846', '3.141592653589793'],
    ['0.10000000000000000001', '0.1'],
    ['123456789012345678901234567890', '1.2345678901234568e+29'],
  ])('%s, which is %s', (number, becomes) => {
    for (const text of [number, `[1, ${number}]`, `{"amount": ${number}}`])
      expect(() => parseExactJson(text)).toThrow(
        expect.objectContaining({ code, details: expect.objectContaining({ becomes }) as unknown }),
      );
    expect(() => parseExactJson(`{"amount": ${number}}`)).toThrow(
      `the number ${number} (amount) is ${becomes} in JavaScript. Send it as a string.`,
    );
  });

  test.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '[{"b":{"__proto__":1,"__proto__":2}}]',
    '{"a":{},"b":[],"a":[]}',
  ])('%s, which has a key twice', (text) =>
    expect(() => parseExactJson(text)).toThrow(expect.objectContaining({ code })),
  );

  test('numbers of any length: taken where they are equal to their double', () => {
    const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,20})?(e[+-]?\d{1,2})?$/);
    fc.assert(
      fc.property(digits, (number) => {
        const value = Number(number);
        // BigInt is the oracle of equality: both as integers of the same scale.
        const scaled = (text: string): bigint => {
          const [mantissa = '', exponent = '0'] = text.split('e');
          const [whole = '', fraction = ''] = mantissa.split('.');
          return BigInt(`${whole}${fraction}`) * 10n ** BigInt(400 + Number(exponent) - fraction.length);
        };
        const isEqual = [String(value), value.toPrecision(17)].some((text) => scaled(number) === scaled(text));
        if (isEqual) expect(parseExactJson(number)).toBe(value);
        else expect(() => parseExactJson(number)).toThrow(expect.objectContaining({ code }));
      }),
      { seed: 20_261_201, numRuns: 2_000 },
    );
  });
});

test('what is no JSON is a SyntaxError', () => {
  expect(() => parseExactJson('{')).toThrow(SyntaxError);
  expect(() => parseExactJson('{"a":1e400,}')).toThrow(SyntaxError);
});
