import { readFileSync } from 'node:fs';

/** The families that come along, all under the SIL Open Font License 1.1. */
type Family =
  | 'abril-fatface'
  | 'amiri'
  | 'archivo'
  | 'cormorant-garamond'
  | 'eb-garamond'
  | 'frank-ruhl-libre'
  | 'inter'
  | 'josefin-sans'
  | 'noto-emoji'
  | 'playfair-display';

/** One cut of a family. */
export interface Cut {
  family: Family;
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
  return Object.entries(rangesOf(family))
    .toSorted(([a], [b]) => Number(b === 'latin') - Number(a === 'latin'))
    .map(([subset, ranges]) => {
      const name = `${family}-${subset.replace(/[[\]]/g, '')}-${weight}-${italic ? 'italic' : 'normal'}.woff`;
      return { url: fileIn(family, `files/${name}`), ranges: ranges.split(',').map(rangeOf) };
    });
}

/** The code points of a family's files, by subset. Read, not imported: bundlers for older targets drop the attribute that an import of JSON needs. */
function rangesOf(family: Family): Record<string, string> {
  return JSON.parse(readFileSync(fileIn(family, 'unicode.json'), 'utf8')) as Record<string, string>;
}

/** A file of a family's package, wherever the package is installed. trigger.config.ts names these packages for the image of a deployment. */
function fileIn(family: Family, path: string): URL {
  return new URL(import.meta.resolve(`@fontsource/${family}/${path}`));
}

function rangeOf(text: string): [number, number] {
  const [first = '', last = first] = text.replace('U+', '').split('-');
  return [Number.parseInt(first, 16), Number.parseInt(last, 16)];
}
