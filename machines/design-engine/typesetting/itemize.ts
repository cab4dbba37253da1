import bidiFactory, { type Bidi } from 'bidi-js';
import { StepError } from '../../../src/index.ts';
import { faceFor, type Face, type FontStack } from './face.ts';
import type { Cut } from './fonts.ts';

// Its types speak of an ES module, but what Node loads is CommonJS.
const bidi = (bidiFactory as unknown as () => Bidi)();
const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** A text whose characters know their font and their direction. */
export interface Itemized {
  text: string;
  /** True where the text reads from right to left. */
  rtl: boolean;
  /** By UTF-16 code unit: bidi level (UAX #9); odd is right to left. */
  levels: Uint8Array;
  /** By UTF-16 code unit. */
  faces: readonly Face[];
  /** Where a character that people see begins; UTF-16 code units. */
  starts: readonly number[];
}

/**
 * Finds a font for every character that people see (a grapheme is never set in two), and its direction.
 * @throws StepError `MISSING_GLYPHS` naming the characters that none of the fonts has
 */
export function itemize(text: string, stack: FontStack): Itemized {
  const { levels, paragraphs } = bidi.getEmbeddingLevels(text);
  const faces: Face[] = [];
  const starts: number[] = [];
  const missing = new Set<string>();
  const fallback = faceFor(stack, [0x20]);
  if (fallback === undefined) throw new Error('The first font of a stack must have a space.');
  const segments = [...graphemes.segment(text)];
  let cut = segments.map(({ segment }) => cutOf(segment, stack)).find((each) => each !== undefined);
  for (const { segment, index } of segments) {
    cut = cutOf(segment, stack) ?? cut;
    const needed = codePointsOf(segment);
    // Spaces, marks and figures come from the font of the letters before them.
    const face = needed.length === 0 ? fallback : faceFor(cut === undefined ? stack : [cut, ...stack], needed);
    if (face === undefined) missing.add(segment);
    for (let unit = 0; unit < segment.length; unit++) faces[index + unit] = face ?? fallback;
    starts.push(index);
  }
  if (missing.size > 0) {
    const characters = [...missing].slice(0, 20);
    throw new StepError(
      'MISSING_GLYPHS',
      `None of the fonts has ${characters.map((each) => `“${each}”`).join(', ')}. Latin, Greek, Cyrillic, Vietnamese, Hebrew and Arabic letters and emoji can be set; write the quote without the rest.`,
      { retryable: false, details: { characters } },
    );
  }
  return { text, rtl: ((paragraphs[0]?.level ?? 0) & 1) === 1, levels, faces, starts };
}

/** What needs a glyph: not what is never seen, like a joiner or a line feed. */
function codePointsOf(grapheme: string): number[] {
  return Array.from(grapheme)
    .filter((character) => !/[\p{Default_Ignorable_Code_Point}\n]/u.test(character))
    .map((character) => character.codePointAt(0) ?? 0);
}

/** The cut of a stack that a letter is set in; undefined for what has no script of its own. */
function cutOf(grapheme: string, stack: FontStack): Cut | undefined {
  return /^\p{L}/u.test(grapheme) ? faceFor(stack, codePointsOf(grapheme))?.cut : undefined;
}
