import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunksOf, evenBreaks } from '../../../machines/design-engine/typesetting/breaks.ts';
import { setText, type Setting } from '../../../machines/design-engine/typesetting/block.ts';
import type { FontStack } from '../../../machines/design-engine/typesetting/face.ts';
import { itemize } from '../../../machines/design-engine/typesetting/itemize.ts';
import { shapeLine } from '../../../machines/design-engine/typesetting/shape.ts';

const STACK: FontStack = [
  { family: 'playfair-display', weight: 500 },
  { family: 'frank-ruhl-libre', weight: 500 },
  { family: 'amiri', weight: 400 },
  { family: 'noto-emoji', weight: 400 },
];
const SETTING: Setting = {
  stack: STACK,
  width: 800,
  height: 600,
  leading: 1.2,
  align: 'center',
  maxSize: 120,
  minSize: 16,
};

/** Left, upper, right and lower edge of a path; control points included. */
function boxOf(path: string): [number, number, number, number] {
  const numbers = (path.match(/-?[\d.]+/g) ?? []).map(Number);
  const xs = numbers.filter((_, index) => index % 2 === 0);
  const ys = numbers.filter((_, index) => index % 2 === 1);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function shape(text: string, stack = STACK) {
  const items = itemize(text, stack);
  return shapeLine(items, 0, text.length);
}

test('letters are kerned and joined by the font’s own rules', () => {
  expect(shape('AVAV').width).toBeLessThan(4 * Math.max(shape('A').width, shape('V').width) - 0.1);
  // ffi is one glyph.
  expect(shape('office').glyphs).toHaveLength(4);
});

test('right to left: the first letter stands on the right, figures stay left to right, brackets are mirrored', () => {
  const hebrew = itemize('אב', STACK);
  expect(hebrew.rtl).toBe(true);
  const [alef] = shape('א').glyphs;
  const line = shape('אב').glyphs;
  expect(line.toSorted((a, b) => a.x - b.x).at(-1)?.id).toBe(alef?.id);
  // Arabic letters join: alone, a letter has another form.
  expect(shape('بيت').glyphs.map(({ id }) => id)).not.toEqual(
    ['ت', 'ي', 'ب'].flatMap((letter) => shape(letter).glyphs.map(({ id }) => id)),
  );
  // All from one font, so that glyphs can be compared.
  const hebrewOnly: FontStack = [{ family: 'frank-ruhl-libre', weight: 500 }];
  const fromLeft = (text: string) =>
    shape(text, hebrewOnly)
      .glyphs.toSorted((a, b) => a.x - b.x)
      .map(({ id }) => id);
  expect(fromLeft('א(')[0]).toBe(fromLeft(')')[0]);
  expect(fromLeft('א 12').slice(0, 2)).toEqual(fromLeft('12'));
});

test('an emoji of several code points is one glyph', () => {
  expect(shape('👨‍👩‍👧').glyphs.filter(({ face, id }) => face.outline(id).length > 0)).toHaveLength(1);
  expect(shape('❤️').glyphs.filter(({ face, id }) => face.outline(id).length > 0)).toHaveLength(1);
});

test('a line ends where Unicode allows, and where the writer broke it', () => {
  expect(chunksOf('one two-three\nfour').map(({ start, end }) => 'one two-three\nfour'.slice(start, end))).toEqual([
    'one ',
    'two-',
    'three\n',
    'four',
  ]);
  expect(setText('one\ntwo\nthree', SETTING).lines).toBe(3);
});

test('lines are as even as can be', () => {
  const text = 'aaaa bb cc dddd';
  const chunks = chunksOf(text);
  const width = (from: number, to: number): number =>
    text.slice(chunks[from]?.start, chunks[to - 1]?.end).trimEnd().length;
  expect(evenBreaks(text, chunks, 2, width)).toEqual([2, 4]);
});

test('whatever the text, it stays in its room or is refused with a typed error', () => {
  const letters = fc.constantFrom(...('abcdefghijklm WXYZ.,!?’“”—-אבג بيت🌿❤️\n'.match(/./gsu) ?? []));
  fc.assert(
    fc.property(
      fc.string({ unit: letters, minLength: 1, maxLength: 300 }).filter((text) => text.trim() !== ''),
      fc.integer({ min: 100, max: 900 }),
      fc.integer({ min: 60, max: 900 }),
      fc.constantFrom('start' as const, 'center' as const),
      (text, width, height, align) => {
        let block;
        try {
          block = setText(text.trim(), { ...SETTING, width, height, align });
        } catch (error) {
          expect((error as { code: string }).code).toBe('TEXT_DOES_NOT_FIT');
          return;
        }
        expect(block.size).toBeGreaterThanOrEqual(SETTING.minSize);
        expect(block.width).toBeLessThanOrEqual(width + 0.01);
        expect(block.height).toBeLessThanOrEqual(height + 0.01);
        // Only what hangs out on purpose, and what a glyph has beyond its own width.
        const [left, , right] = boxOf(block.path(0, 0) || 'M0 0');
        expect(left).toBeGreaterThan(-block.size);
        expect(right).toBeLessThan(block.width + block.size);
      },
    ),
    { numRuns: 60, ...(process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) }) },
  );
});
