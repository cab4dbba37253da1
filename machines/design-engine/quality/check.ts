import { z } from 'zod';
import { drawDesign, type Design } from '../design.ts';
import type { Drawing } from '../drawing/drawing.ts';
import { rasterise } from '../drawing/raster.ts';
import { toSvg } from '../drawing/svg.ts';
import { pixelsOf, pointsOf, SIZES, type FileType, type SizeName } from '../sizes.ts';
import { measureLetters, type Measured } from './letters.ts';
import { decode, factsOf, measuringSize, type Pixels } from './pixels.ts';
import { pdfBoxes } from './pdf-boxes.ts';

const resultSchema = z.object({
  check: z.enum(['readable', 'size', 'contrast', 'safe-area', 'whole', 'letter-size']),
  passed: z.boolean(),
  /** 0 to 100. */
  score: z.int(),
  detail: z.string(),
});
export type CheckResult = z.infer<typeof resultSchema>;

/** What was found in one file. Its score is that of its checks by weight; one failed check makes it 49 at most. */
export const fileQualitySchema = z.object({ key: z.string(), score: z.int(), checks: z.array(resultSchema) });
export type FileQuality = z.infer<typeof fileQualitySchema>;

/** A picture with this score or a better one needs no person's eye. */
export const GOOD_SCORE = 80;

/** WCAG 2.2, 1.4.3 (AA) for letters of any size, and 1.4.6 (AAA), which makes the full score. */
const MIN_CONTRAST = 4.5;
const BEST_CONTRAST = 7;
/** Of letters' ink, what has to be where it was drawn; the rest is how the file's type rounds. */
const MIN_WHOLE = 0.85;
/** Em of the quote on paper: points. On a screen: share of the short side. */
const LETTERS = { print: { least: 8, good: 14 }, social: { least: 0.02, good: 0.032 } } as const;

const WEIGHTS: Record<CheckResult['check'], number> = {
  readable: 0,
  size: 20,
  contrast: 30,
  'safe-area': 20,
  whole: 20,
  'letter-size': 10,
};

/** Measures a file as it lies in the artifact store against what it was to be. */
export async function checkFile(
  file: Buffer,
  key: string,
  type: FileType,
  size: SizeName,
  design: Design,
): Promise<FileQuality> {
  try {
    const checks = type === 'pdf' ? [checkBoxes(file, size)] : await checkPixels(file, type, size, design);
    return { key, score: scoreOf(checks), checks };
  } catch (error) {
    const detail = `The file cannot be read: ${(error as Error).message}`;
    return { key, score: 0, checks: [{ check: 'readable', passed: false, score: 0, detail }] };
  }
}

async function checkPixels(file: Buffer, type: 'png' | 'jpeg', name: SizeName, design: Design): Promise<CheckResult[]> {
  const expected = pixelsOf(name);
  const facts = await factsOf(file);
  const drawing = drawDesign(design, name);
  const at = measuringSize(expected.width, expected.height);
  const [delivered, whole, ground] = await Promise.all([
    decode(file, at),
    reference(drawing, 'all', at, expected, type),
    reference(drawing, 'ground', at, expected, type),
  ]);
  const measured = measureLetters(delivered, whole, ground);
  const dpiRight = expected.dpi === null || Math.round(facts.density ?? 0) === expected.dpi;
  const sizeRight = facts.width === expected.width && facts.height === expected.height && dpiRight;
  return [
    {
      check: 'size',
      passed: sizeRight,
      score: sizeRight ? 100 : 0,
      detail: `${facts.width} × ${facts.height} pixels${facts.density === null ? '' : ` at ${Math.round(facts.density)} dpi`}, ${expected.width} × ${expected.height}${expected.dpi === null ? '' : ` at ${expected.dpi} dpi`} wanted`,
    },
    checkContrast(measured),
    checkSafeArea(measured, drawing.sheet),
    {
      check: 'whole',
      passed: measured.whole >= MIN_WHOLE,
      score: percent(measured.whole),
      detail: `${percent(measured.whole)} of 100 parts of the letters' ink are where they were drawn, at least ${MIN_WHOLE * 100} wanted`,
    },
    checkLetterSize(drawing.size, name),
  ];
}

/** A drawing as the file should look where it is measured: with edges smoothed, and colours rounded, as the file has them. */
async function reference(
  drawing: Drawing,
  layers: 'all' | 'ground',
  at: { width: number; height: number },
  file: { width: number; height: number },
  type: 'png' | 'jpeg',
): Promise<Pixels> {
  const whole = at.width === file.width;
  const scale = whole ? 1 : 2;
  const { bytes } = await rasterise(
    toSvg(drawing, at.width * scale, at.height * scale, layers),
    whole ? type : 'png',
    null,
  );
  return decode(bytes, at);
}

function checkContrast({ contrast }: Measured): CheckResult {
  const ratio = Math.floor(contrast * 10) / 10;
  return {
    check: 'contrast',
    passed: ratio >= MIN_CONTRAST,
    score: percent(ratio / BEST_CONTRAST),
    detail: `letters and ground have a contrast of ${ratio} : 1, at least ${MIN_CONTRAST} : 1 wanted (WCAG AA)`,
  };
}

function checkSafeArea(
  { box }: Measured,
  sheet: { width: number; height: number; bleed: number; safe: { inline: number; block: number } },
): CheckResult {
  if (box === null) return { check: 'safe-area', passed: false, score: 0, detail: 'no letters were found' };
  const width = sheet.width + 2 * sheet.bleed;
  const height = sheet.height + 2 * sheet.bleed;
  const inline = Math.min(box.left, 1 - box.right) * width - sheet.bleed;
  const block = Math.min(box.top, 1 - box.bottom) * height - sheet.bleed;
  // Half a pixel of the measured picture may be smoothing.
  const blur = 1.5;
  const passed = inline >= sheet.safe.inline - blur && block >= sheet.safe.block - blur;
  const thousandths = (value: number): string => `${Math.round(value)}`;
  return {
    check: 'safe-area',
    passed,
    score: passed ? 100 : 0,
    detail: `letters come to ${thousandths(inline)} (sides) and ${thousandths(block)} (top, bottom) thousandths of the short side to the edge, ${thousandths(sheet.safe.inline)} and ${thousandths(sheet.safe.block)} are to be free`,
  };
}

function checkLetterSize(em: number, name: SizeName): CheckResult {
  const size = SIZES[name];
  const { least, good } = LETTERS[size.kind];
  const short = Math.min(size.width, size.height);
  const measured = size.kind === 'print' ? (em / 1_000) * short * 72 : em / 1_000;
  const shown = size.kind === 'print' ? `${measured.toFixed(1)} points` : `${Math.round(measured * short)} pixels`;
  const wanted = size.kind === 'print' ? `${least} points` : `${Math.ceil(least * short)} pixels`;
  return {
    check: 'letter-size',
    passed: measured >= least,
    score: percent(measured / good),
    detail: `the quote is set in ${shown}, at least ${wanted} wanted`,
  };
}

/** Half a point is nothing on paper. */
const BOX_TOLERANCE = 0.5;

function checkBoxes(file: Buffer, name: SizeName): CheckResult {
  const size = SIZES[name];
  if (size.kind === 'social') throw new Error('Posts are no PDF.');
  const { width, height, bleed } = pointsOf(size);
  const { media, trim } = pdfBoxes(file);
  const wanted = [bleed, bleed, bleed + width, bleed + height];
  const passed =
    trim.every((edge, index) => Math.abs(edge - (wanted[index] ?? 0)) <= BOX_TOLERANCE) &&
    Math.abs(media[2] - width - 2 * bleed) <= BOX_TOLERANCE &&
    Math.abs(media[3] - height - 2 * bleed) <= BOX_TOLERANCE;
  const sizeOf = (box: readonly number[]): string =>
    `${((box[2] ?? 0) - (box[0] ?? 0)).toFixed(1)} × ${((box[3] ?? 0) - (box[1] ?? 0)).toFixed(1)}`;
  return {
    check: 'size',
    passed,
    score: passed ? 100 : 0,
    detail: `the page is ${sizeOf(media)} points, ${sizeOf(trim)} after the cut; ${width.toFixed(1)} × ${height.toFixed(1)} and a bleed of ${bleed.toFixed(1)} wanted`,
  };
}

function scoreOf(checks: readonly CheckResult[]): number {
  const weight = checks.reduce((sum, { check }) => sum + WEIGHTS[check], 0);
  const score = checks.reduce((sum, { check, score }) => sum + score * WEIGHTS[check], 0) / weight;
  return Math.round(checks.every(({ passed }) => passed) ? score : Math.min(49, score));
}

function percent(share: number): number {
  return Math.round(100 * Math.min(1, Math.max(0, share)));
}
