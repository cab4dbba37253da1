import type { Colour, Drawing, Shape, Sheet } from '../drawing/drawing.ts';
import { setText, type Block, type Setting } from '../typesetting/block.ts';
import type { FontStack } from '../typesetting/face.ts';

/** The colours that a style makes all of its own from. */
export interface Palette {
  paper: Colour;
  ink: Colour;
  accent: Colour;
  /** A second accent. */
  second: Colour;
}

/** The words on the picture. */
export interface Words {
  text: string;
  author: string | null;
}

/** A way for a quote to look. */
export interface Style {
  name: string;
  description: string;
  palette: Palette;
  /** @param scale of the quote's letters: 1 as large as fits */
  draw: (words: Words, sheet: Sheet, palette: Palette, scale: number) => Omit<Drawing, 'sheet'>;
}

/** Where a style may put its letters. */
export interface Room {
  x: number;
  y: number;
  width: number;
  height: number;
}

const OTHER_SCRIPTS = [
  { family: 'frank-ruhl-libre', weight: 500 },
  { family: 'amiri', weight: 400 },
  { family: 'noto-emoji', weight: 400 },
] as const satisfies FontStack;

/** A stack that falls back to Garamond for what a serif font has not. */
export function serif(...own: FontStack): FontStack {
  return [...own, { family: 'eb-garamond', weight: 500 }, ...OTHER_SCRIPTS];
}

/** A stack that falls back to Inter for what a font without serifs has not. */
export function sans(weight: 400 | 500 | 800, ...own: FontStack): FontStack {
  return [...own, { family: 'inter', weight }, ...OTHER_SCRIPTS];
}

/** Smaller letters than these nobody can read: a five-inch print has 6 points then, a square post 17 pixels. */
const MIN_SIZE = 16;

/** Sets the quote. */
export function setQuote(
  text: string,
  room: { width: number; height: number },
  scale: number,
  setting: Pick<Setting, 'stack' | 'leading' | 'align' | 'maxSize'> & Pick<Setting, 'tracking'>,
): Block {
  const largest = setText(text, { ...setting, ...room, minSize: MIN_SIZE });
  if (scale >= 1) return largest;
  return setText(text, { ...setting, ...room, maxSize: Math.max(MIN_SIZE, largest.size * scale), minSize: MIN_SIZE });
}

/** Sets the name under the quote: in one line where it fits, else in two. */
export function setAuthor(
  author: string,
  width: number,
  setting: Pick<Setting, 'stack' | 'align'> & Pick<Setting, 'tracking'> & { size: number },
): Block {
  const { size, ...rest } = setting;
  return setText(author, { ...rest, width, height: size * 2.6, leading: 1.35, maxSize: size, minSize: 12 });
}

/** What hangs below the last baseline. */
export function descent(block: Block): number {
  return block.size * 0.24;
}

/** Letters may be larger on a sheet with more room. @param size on a square one */
export function grown(size: number, { width, height }: { width: number; height: number }): number {
  return (size * Math.sqrt(width * height)) / 1000;
}

/** In capitals; Greek ones have no accents. */
export function capitals(text: string): string {
  return text.toLocaleUpperCase(/\p{Script=Greek}/u.test(text) ? 'el' : 'en');
}

/** Letters in one colour. */
export function letters(block: Block, x: number, y: number, colour: Colour): Shape {
  return { d: block.path(x, y), fill: colour };
}
