import { z } from 'zod';
import { StepError } from '../../src/index.ts';
import type { Drawing, Sheet } from './drawing/drawing.ts';
import { sheetOf, type SizeName } from './sizes.ts';
import { styles, STYLES } from './styles/index.ts';

const colour = z
  .string()
  .regex(/^#[0-9a-fA-F]{6}$/, 'A colour looks like #1b3fd1')
  .transform((value) => value.toLowerCase());

/** Colours in place of a style's own. */
export const coloursSchema = z.strictObject({
  paper: colour.optional().describe('Of the ground.'),
  ink: colour.optional().describe('Of the letters.'),
  accent: colour.optional().describe('Of ornaments.'),
});

export const styleSchema = z.enum(STYLES);

/** All that a picture is made from. */
export const designSchema = z.object({
  text: z.string(),
  author: z.string().nullable(),
  style: styleSchema,
  colours: coloursSchema,
  /** Of the quote's letters: 1 as large as fits. */
  textScale: z.number(),
});
export type Design = z.infer<typeof designSchema>;

/**
 * Draws a design on a sheet of a size.
 * @throws StepError `TEXT_DOES_NOT_FIT`, `MISSING_GLYPHS`, `INVALID_INPUT`
 */
export function drawDesign(design: Design, size: SizeName): Drawing {
  return drawOn(design, sheetOf(size));
}

/** Draws a design on any sheet. @throws StepError as {@link drawDesign} */
export function drawOn({ text, author, style, colours, textScale }: Design, sheet: Sheet): Drawing {
  const chosen = styles[style];
  const given = Object.fromEntries(Object.entries(colours).filter(([, value]) => value !== undefined));
  // What a style's second accent goes with is its own first one.
  const palette = { ...chosen.palette, ...(colours.accent === undefined ? {} : { second: colours.accent }), ...given };
  const words = { text: tidy(text), author: tidy(author ?? '') || null };
  if (words.text === '') throw new StepError('INVALID_INPUT', 'The quote has no character that can be seen.');
  return { sheet, ...chosen.draw(words, sheet, palette, textScale) };
}

/** One way to write what looks the same, typographic apostrophes, and nothing that is neither seen nor a line's end. */
function tidy(text: string): string {
  return (
    text
      .normalize('NFC')
      .replace(/\r\n?/g, '\n')
      // Joiners and tags make letters and flags what they are.
      .replace(/(?!\n|\u200C|\u200D|[\u{E0020}-\u{E007F}])\p{C}/gu, '')
      .replace(/[^\S\n]+/g, ' ')
      .replace(/ ?\n ?/g, '\n')
      .replace(/(?<=\p{L})'(?=\p{L})/gu, '’')
      .trim()
  );
}
