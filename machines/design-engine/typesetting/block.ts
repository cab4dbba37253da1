import { StepError } from '../../../src/index.ts';
import { chunksOf, cutWide, evenBreaks, type Chunk } from './breaks.ts';
import type { Face, FontStack } from './face.ts';
import { itemize, type Itemized } from './itemize.ts';
import { shapeLine, type LetterOptions, type ShapedLine } from './shape.ts';

/** How a text is to be set. Lengths are in the drawing's units. */
export interface Setting extends LetterOptions {
  stack: FontStack;
  /** The room that the text may take. */
  width: number;
  height: number;
  /** Distance of two baselines, in em. */
  leading: number;
  align: 'start' | 'center';
  /** Letters are not larger than this. */
  maxSize: number;
  /** Letters are not smaller than this: what does not fit then does not fit. */
  minSize: number;
}

/** A text set in lines. Its top is the top of the first line's capitals, its bottom the last baseline. */
export interface Block {
  /** Of the letters: one em, in the drawing's units. */
  size: number;
  width: number;
  height: number;
  lines: number;
  /** The outlines as one SVG path, with the block's upper left corner at x and y. */
  path: (x: number, y: number) => string;
}

const MAX_LINES = 40;
/** What hangs below a baseline, in em: room for it is kept inside the block's room. */
const DESCENT = 0.24;

/**
 * Sets a text as large as fits its room, its lines broken evenly.
 * @throws StepError `TEXT_DOES_NOT_FIT`, `MISSING_GLYPHS`
 */
export function setText(text: string, setting: Setting): Block {
  const items = itemize(text, setting.stack);
  const capHeight = (items.faces[0] as Face).capHeight;
  const whole = chunksOf(items.text);
  // A word as long as that is cut, before all the text becomes tiny for its sake.
  const limit = setting.width / Math.max(setting.minSize, setting.maxSize * 0.3);
  const chunks = cutWide(whole, items.starts, ({ start, end }) => shapeLine(items, start, end, setting).width > limit);
  const best = bestBreaks(items, chunks, setting, capHeight);
  if (best === undefined || best.size < setting.minSize) {
    throw new StepError(
      'TEXT_DOES_NOT_FIT',
      `The text has ${items.starts.length} characters; they would have to be set smaller than is readable. Shorten it.`,
      { retryable: false, details: { characters: items.starts.length } },
    );
  }
  const { size, shaped } = best;
  const shown = shaped.map((line) => visibleWidth(line, setting.align, items.rtl));
  const width = size * Math.max(...shown);
  const height = size * (capHeight + (shaped.length - 1) * setting.leading);
  return {
    size,
    width,
    height,
    lines: shaped.length,
    path: (x, y) =>
      shaped
        .map((line, index) => {
          const free = width - size * (shown[index] ?? 0);
          const indent = setting.align === 'center' ? free / 2 : items.rtl ? free : 0;
          const left = x + indent - size * hangOf(setting.align, items.rtl, line).left;
          return outlineOf(line, left, y + size * (capHeight + index * setting.leading), size);
        })
        .join(''),
  };
}

/** On the aligned side marks hang out; a centred line hangs on both. */
function hangOf(align: Setting['align'], rtl: boolean, { hang }: ShapedLine): { left: number; right: number } {
  if (align === 'center') return hang;
  return rtl ? { left: 0, right: hang.right } : { left: hang.left, right: 0 };
}

/** Without what hangs out. */
function visibleWidth(line: ShapedLine, align: Setting['align'], rtl: boolean): number {
  const { left, right } = hangOf(align, rtl, line);
  return line.width - left - right;
}

function bestBreaks(
  items: Itemized,
  chunks: readonly Chunk[],
  setting: Setting,
  capHeight: number,
): { size: number; shaped: ShapedLine[] } | undefined {
  const widths = chunks.map(({ start, end }) => shapeLine(items, start, end, setting).width);
  const gap = (items.faces[0] as Face).space + (setting.tracking ?? 0);
  const gaps = chunks.map(({ start, end }) => (/\s$/.test(items.text.slice(start, end)) ? gap : 0));
  const sums = [0];
  for (const [index, width] of widths.entries()) sums.push((sums[index] ?? 0) + width + (gaps[index] ?? 0));
  const width = (from: number, to: number): number => (sums[to] ?? 0) - (sums[from] ?? 0) - (gaps[to - 1] ?? 0);
  let best: { size: number; score: number; shaped: ShapedLine[] } | undefined;
  for (let lines = 1; lines <= Math.min(chunks.length, MAX_LINES); lines++) {
    const highest = setting.height / (capHeight + (lines - 1) * setting.leading + DESCENT);
    if (best !== undefined && highest < best.size * 0.9) break;
    const ends = evenBreaks(items.text, chunks, lines, width);
    if (ends === undefined) continue;
    const shaped = ends.map((end, index) =>
      shapeLine(items, chunks[ends[index - 1] ?? 0]?.start ?? 0, chunks[end - 1]?.end ?? 0, setting),
    );
    const widest = Math.max(...shaped.map((line) => visibleWidth(line, setting.align, items.rtl)));
    const size = Math.min(setting.maxSize, setting.width / widest, highest);
    const score = size * harmony(shaped, widest, setting.align);
    if (best === undefined || score > best.score) best = { size, score, shaped };
  }
  return best;
}

/** From 0 to 1: even lines look better than large ones with a lonely word at the end. */
function harmony(lines: readonly ShapedLine[], widest: number, align: Setting['align']): number {
  if (lines.length === 1) return 1;
  const filled = lines.reduce((sum, { width }) => sum + width, 0) / (widest * lines.length);
  const last = (lines.at(-1)?.width ?? 0) / widest;
  return 1 - (align === 'center' ? 0.35 : 0.2) * (1 - filled) - Math.max(0, 0.35 - last) * 0.6;
}

function outlineOf(line: ShapedLine, x: number, baseline: number, size: number): string {
  let path = '';
  for (const { face, id, x: offset, y } of line.glyphs) {
    const scale = size / face.unitsPerEm;
    const originX = x + offset * size;
    const originY = baseline - y * size;
    for (const { type, values } of face.outline(id)) {
      const points = values.map((value, index) =>
        short(index % 2 === 0 ? originX + value * scale : originY - value * scale),
      );
      path += type + points.join(' ');
    }
  }
  return path;
}

/** Two decimals: a hundred-thousandth of the short side. */
function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}
