import abrilFatface from '@fontsource/abril-fatface/unicode.json' with { type: 'json' };
import amiri from '@fontsource/amiri/unicode.json' with { type: 'json' };
import archivo from '@fontsource/archivo/unicode.json' with { type: 'json' };
import cormorantGaramond from '@fontsource/cormorant-garamond/unicode.json' with { type: 'json' };
import ebGaramond from '@fontsource/eb-garamond/unicode.json' with { type: 'json' };
import frankRuhlLibre from '@fontsource/frank-ruhl-libre/unicode.json' with { type: 'json' };
import inter from '@fontsource/inter/unicode.json' with { type: 'json' };
import josefinSans from '@fontsource/josefin-sans/unicode.json' with { type: 'json' };
import notoEmoji from '@fontsource/noto-emoji/unicode.json' with { type: 'json' };
import playfairDisplay from '@fontsource/playfair-display/unicode.json' with { type: 'json' };

/** The families that come along, all under the SIL Open Font License 1.1; each with the code points of its files. */
const FAMILIES = {
  'abril-fatface': abrilFatface,
  amiri,
  archivo,
  'cormorant-garamond': cormorantGaramond,
  'eb-garamond': ebGaramond,
  'frank-ruhl-libre': frankRuhlLibre,
  inter,
  'josefin-sans': josefinSans,
  'noto-emoji': notoEmoji,
  'playfair-display': playfairDisplay,
} as const satisfies Record<string, Record<string, string>>;

/** One cut of a family. */
export interface Cut {
  family: keyof typeof FAMILIES;
  weight: 300 | 400 | 500 | 600 | 700 | 800 | 900;
  italic?: boolean;
}

/** A file of a cut, and what it has glyphs for. */
export interface FontFile {
  url: URL;
  /** Pairs of first and last code point. */
  ranges: readonly (readonly [first: number, last: number])[];
}

/** The files of a cut, the Latin one first: a code point that several have comes from there. */
export function filesOf({ family, weight, italic = false }: Cut): FontFile[] {
  return Object.entries(FAMILIES[family])
    .toSorted(([a], [b]) => Number(b === 'latin') - Number(a === 'latin'))
    .map(([subset, ranges]) => {
      const name = `${family}-${subset.replace(/[[\]]/g, '')}-${weight}-${italic ? 'italic' : 'normal'}.woff`;
      return {
        url: new URL(import.meta.resolve(`@fontsource/${family}/files/${name}`)),
        ranges: ranges.split(',').map(rangeOf),
      };
    });
}

function rangeOf(text: string): [number, number] {
  const [first = '', last = first] = text.replace('U+', '').split('-');
  return [Number.parseInt(first, 16), Number.parseInt(last, 16)];
}
