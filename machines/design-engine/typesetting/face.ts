import { readFileSync } from 'node:fs';
import * as harfbuzz from 'harfbuzzjs';
import { filesOf, type Cut, type FontFile } from './fonts.ts';
import { unpackWoff } from './woff.ts';

/** A font file, ready to shape with. Measures are in units of the em square. */
export interface Face {
  readonly cut: Cut;
  readonly font: harfbuzz.Font;
  readonly unitsPerEm: number;
  /** Height of a capital and width of a space, as shares of the em. */
  readonly capHeight: number;
  readonly space: number;
  has(codePoint: number): boolean;
  /** Outline of a glyph, y upwards. */
  outline(glyph: number): readonly harfbuzz.SvgPathCommand[];
}

/** The fonts that a text is set in: the first that has a character's glyph sets it. */
export type FontStack = readonly Cut[];

const faces = new Map<string, Face>();

/** The face of a stack that has all of these code points, or undefined. Files are read when the first text needs them. */
export function faceFor(stack: FontStack, codePoints: readonly number[]): Face | undefined {
  for (const cut of stack) {
    for (const file of filesOfCut(cut)) {
      if (!codePoints.every((codePoint) => isIn(file, codePoint))) continue;
      const face = load(cut, file);
      if (codePoints.every((codePoint) => face.has(codePoint))) return face;
    }
  }
  return undefined;
}

const filesByCut = new Map<string, FontFile[]>();

function filesOfCut(cut: Cut): FontFile[] {
  const key = `${cut.family} ${cut.weight} ${cut.italic ?? false}`;
  const known = filesByCut.get(key);
  if (known !== undefined) return known;
  const files = filesOf(cut);
  filesByCut.set(key, files);
  return files;
}

function isIn({ ranges }: FontFile, codePoint: number): boolean {
  return ranges.some(([first, last]) => first <= codePoint && codePoint <= last);
}

function load(cut: Cut, { url }: FontFile): Face {
  const known = faces.get(url.href);
  if (known !== undefined) return known;
  const raw = new harfbuzz.Face(new harfbuzz.Blob(unpackWoff(readFileSync(url))));
  const font = new harfbuzz.Font(raw);
  const unitsPerEm = raw.upem;
  const outlines = new Map<number, readonly harfbuzz.SvgPathCommand[]>();
  const face: Face = {
    cut,
    font,
    unitsPerEm,
    capHeight: font.getMetricPositionWithFallback(harfbuzz.MetricsTag.CAP_HEIGHT) / unitsPerEm,
    space: font.glyphHAdvance(font.nominalGlyph(0x20) ?? 0) / unitsPerEm,
    has: (codePoint) => font.nominalGlyph(codePoint) !== undefined,
    outline: (glyph) => {
      const drawn = outlines.get(glyph) ?? font.glyphToJson(glyph);
      outlines.set(glyph, drawn);
      return drawn;
    },
  };
  faces.set(url.href, face);
  return face;
}
