import type { Sheet } from './drawing/drawing.ts';

/** Prints are made for this many dots an inch. */
export const PRINT_DPI = 300;
const POINTS_PER_INCH = 72;
const MILLIMETRES_PER_INCH = 25.4;
/** What printers cut off: an eighth of an inch, or three millimetres. */
const BLEED_IN = 0.125;
const BLEED_MM = 3;
/** No letter is nearer to the cut: knives wander. Inches. */
const PRINT_SAFE = 0.25;
/** Of a post's side; feeds round corners and put marks there. */
const SOCIAL_SAFE = 0.04;

/** A print: width and height after the cut, and the bleed around. Inches. */
export interface PrintSize {
  kind: 'print';
  width: number;
  height: number;
  bleed: number;
}

/** A picture for a feed. Pixels. */
export interface SocialSize {
  kind: 'social';
  width: number;
  height: number;
  /** Pixels at the top and the bottom that the app covers. */
  covered: number;
}

const inches = (width: number, height: number): PrintSize => ({ kind: 'print', width, height, bleed: BLEED_IN });
const millimetres = (width: number, height: number): PrintSize => ({
  kind: 'print',
  width: width / MILLIMETRES_PER_INCH,
  height: height / MILLIMETRES_PER_INCH,
  bleed: BLEED_MM / MILLIMETRES_PER_INCH,
});
const pixels = (width: number, height: number, covered = 0): SocialSize => ({ kind: 'social', width, height, covered });

/** Every size that a quote comes in. The A series is that of ISO 216; a story's covered bands are those that Meta asks to keep free. */
export const SIZES = {
  '5x7': inches(5, 7),
  '8x10': inches(8, 10),
  '11x14': inches(11, 14),
  '16x20': inches(16, 20),
  '18x24': inches(18, 24),
  a5: millimetres(148, 210),
  a4: millimetres(210, 297),
  a3: millimetres(297, 420),
  a2: millimetres(420, 594),
  'instagram-post': pixels(1080, 1080),
  'instagram-story': pixels(1080, 1920, 250),
  'pinterest-pin': pixels(1000, 1500),
  'x-post': pixels(1600, 900),
  'facebook-post': pixels(1200, 630),
} as const satisfies Record<string, PrintSize | SocialSize>;

export type SizeName = keyof typeof SIZES;
export const SIZE_NAMES = Object.keys(SIZES) as [SizeName, ...SizeName[]];

/** File types, and those that a size of each kind has when none is asked for. */
export const FILE_TYPES = ['png', 'jpeg', 'pdf'] as const;
export type FileType = (typeof FILE_TYPES)[number];
const USUAL: Record<'print' | 'social', readonly FileType[]> = { print: ['png', 'pdf'], social: ['jpeg'] };

/** A size, and the files that are made of it. */
export interface Wanted {
  size: SizeName;
  types: FileType[];
}

const groups = ['print', 'social'] as const;
const names = [...groups, ...SIZE_NAMES];
/** What can be asked for: a size or a group of them, with `.png`, `.jpeg` or (for prints) `.pdf` for another file than the usual. */
export const OUTPUT_FORMATS = [
  ...names,
  ...names.flatMap((name) => typesOf(name).map((type) => `${name}.${type}` as const)),
] as [string, ...string[]];

function typesOf(name: string): readonly FileType[] {
  const kind = name in SIZES ? SIZES[name as SizeName].kind : name;
  return kind === 'print' ? FILE_TYPES : ['png', 'jpeg'];
}

/** The files to make, by size, in the order of {@link SIZES}. */
export function wanted(formats: readonly string[], kind: 'print' | 'social'): Wanted[] {
  return SIZE_NAMES.filter((size) => SIZES[size].kind === kind)
    .map((size) => ({ size, types: typesWanted(formats, size, kind) }))
    .filter(({ types }) => types.length > 0);
}

function typesWanted(formats: readonly string[], size: SizeName, kind: 'print' | 'social'): FileType[] {
  const asked = new Set<FileType>();
  for (const format of formats) {
    const [name, type] = format.split('.');
    if (name !== size && name !== kind) continue;
    for (const each of type === undefined ? USUAL[kind] : [type as FileType]) asked.add(each);
  }
  return FILE_TYPES.filter((type) => asked.has(type));
}

/** The sheet that a size is drawn on. */
export function sheetOf(name: SizeName): Sheet {
  const size: PrintSize | SocialSize = SIZES[name];
  const unit = 1_000 / Math.min(size.width, size.height);
  const safe = (size.kind === 'print' ? PRINT_SAFE : SOCIAL_SAFE * Math.min(size.width, size.height)) * unit;
  return {
    width: size.width * unit,
    height: size.height * unit,
    bleed: size.kind === 'print' ? size.bleed * unit : 0,
    safe: { inline: safe, block: Math.max(safe, size.kind === 'print' ? 0 : size.covered * unit) },
  };
}

/** Pixels of a size, with its bleed. */
export function pixelsOf(name: SizeName): { width: number; height: number; dpi: number | null } {
  const size: PrintSize | SocialSize = SIZES[name];
  if (size.kind === 'social') return { width: size.width, height: size.height, dpi: null };
  return {
    width: Math.round((size.width + 2 * size.bleed) * PRINT_DPI),
    height: Math.round((size.height + 2 * size.bleed) * PRINT_DPI),
    dpi: PRINT_DPI,
  };
}

/** Points (1/72 in) of a print, without its bleed, and of the bleed. */
export function pointsOf(size: PrintSize): { width: number; height: number; bleed: number } {
  return {
    width: size.width * POINTS_PER_INCH,
    height: size.height * POINTS_PER_INCH,
    bleed: size.bleed * POINTS_PER_INCH,
  };
}
