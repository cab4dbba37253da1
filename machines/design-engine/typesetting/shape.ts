import * as harfbuzz from 'harfbuzzjs';
import type { Face } from './face.ts';
import type { Itemized } from './itemize.ts';

/** A glyph on its line. All measures in em, y upwards. */
interface Glyph {
  face: Face;
  id: number;
  x: number;
  y: number;
}

/** A line of glyphs in the order in which they stand, from the left. Measures in em. */
export interface ShapedLine {
  glyphs: readonly Glyph[];
  width: number;
  /** How far a leading and a closing mark may hang out on the left and on the right. */
  hang: { left: number; right: number };
}

/** How letters are set. */
export interface LetterOptions {
  /** Space added after each letter, in em; scripts that join their letters get none. */
  tracking?: number;
  /** OpenType features, such as `smcp`. */
  features?: readonly string[];
}

/**
 * Shapes a stretch of a text as one line: runs of one font and direction, each shaped by HarfBuzz, put in visual order
 * by rule L2 of UAX #9. White space at its end is left out.
 */
export function shapeLine(items: Itemized, start: number, end: number, options: LetterOptions = {}): ShapedLine {
  const trimmed = start + items.text.slice(start, end).trimEnd().length;
  const glyphs: Glyph[] = [];
  let x = 0;
  for (const run of visualOrder(runsOf(items, start, trimmed))) {
    x = shapeRun(items.text, run, options, x, glyphs);
  }
  const tracking = options.tracking ?? 0;
  const width = Math.max(0, x - tracking);
  const line = items.text.slice(start, trimmed);
  const first = markWidth(items, start, options, /^["'“”„‘’«»]/u.exec(line)?.[0]);
  const last = markWidth(items, trimmed - 1, options, /["'“”‘’«».,;:!?-]$/u.exec(line)?.[0]);
  // Full stops and commas hang out whole, wider marks by half: so the edges look even.
  const hang = { left: first * 0.8, right: last * 0.6 };
  return { glyphs, width, hang: items.rtl ? { left: hang.right, right: hang.left } : hang };
}

interface Run {
  start: number;
  end: number;
  level: number;
  face: Face;
}

function runsOf({ levels, faces }: Itemized, start: number, end: number): Run[] {
  const runs: Run[] = [];
  for (let unit = start; unit < end; unit++) {
    const level = levels[unit] ?? 0;
    const face = faces[unit] as Face;
    const last = runs.at(-1);
    if (last !== undefined && last.level === level && last.face === face) last.end = unit + 1;
    else runs.push({ start: unit, end: unit + 1, level, face });
  }
  return runs;
}

function visualOrder(runs: Run[]): Run[] {
  const ordered = [...runs];
  for (let level = Math.max(0, ...runs.map((run) => run.level)); level > 0; level--) {
    for (let from = 0; from < ordered.length; from++) {
      let to = from;
      while (to < ordered.length && (ordered[to]?.level ?? 0) >= level) to++;
      if (to - from > 1) ordered.splice(from, to - from, ...ordered.slice(from, to).toReversed());
      from = Math.max(from, to - 1);
    }
  }
  return ordered;
}

function shapeRun(text: string, run: Run, options: LetterOptions, from: number, into: Glyph[]): number {
  const { face } = run;
  const piece = text.slice(run.start, run.end);
  const joins = /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}]/u.test(piece);
  const tracking = joins ? 0 : (options.tracking ?? 0);
  const buffer = new harfbuzz.Buffer();
  buffer.addText(text, run.start, run.end - run.start);
  buffer.setDirection(run.level % 2 === 1 ? harfbuzz.Direction.RTL : harfbuzz.Direction.LTR);
  buffer.guessSegmentProperties();
  const features = (options.features ?? []).map((tag) => new harfbuzz.Feature(tag));
  // A ligature between spaced letters would look like a lump.
  if (tracking !== 0) features.push(new harfbuzz.Feature('liga', 0), new harfbuzz.Feature('clig', 0));
  harfbuzz.shape(face.font, buffer, features);
  const positions = buffer.getGlyphPositions();
  let x = from;
  for (const [index, { codepoint, cluster }] of buffer.getGlyphInfos().entries()) {
    const position = positions[index];
    if (position === undefined) continue;
    into.push({
      face,
      id: codepoint,
      x: x + position.xOffset / face.unitsPerEm,
      y: position.yOffset / face.unitsPerEm,
    });
    x += position.xAdvance / face.unitsPerEm;
    if (tracking !== 0 && buffer.getGlyphInfos()[index + 1]?.cluster !== cluster) x += tracking;
  }
  return x;
}

function markWidth(items: Itemized, at: number, options: LetterOptions, mark: string | undefined): number {
  // A mark that stands alone is the text itself.
  if (mark === undefined || items.text.length < 3) return 0;
  const face = items.faces[at] as Face;
  const into: Glyph[] = [];
  return shapeRun(mark, { start: 0, end: mark.length, level: 0, face }, options, 0, into);
}
