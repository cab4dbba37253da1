import { z } from 'zod';
import { coloursSchema, styleSchema } from './design.ts';
import { OUTPUT_FORMATS } from './sizes.ts';

const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/, 'Letters, digits and . _ : -, at most 100');

const text = z.string().trim().min(1).max(600).describe('The words. A line feed breaks the line there.');
const author = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .regex(/^[^\r\n]*$/, 'One line')
  .describe('Whose words they are.');

const quoteSchema = z.strictObject({
  text,
  author: author.optional(),
  style: styleSchema.optional().describe('Default: editorial.'),
  colours: coloursSchema.optional().describe("In place of the style's own."),
});

/** What a job starts with. */
export const inputSchema = z
  .strictObject({
    quoteId: id.describe('Of a row in design_engine.quotes, or of the quote that is given along.'),
    userId: id.describe('Whose quote it is.'),
    outputFormats: z
      .array(z.enum(OUTPUT_FORMATS))
      .min(1)
      .max(60)
      .default(['print', 'social'])
      .describe(
        'Sizes, or `print` and `social` for all of a kind; with .png, .jpeg or .pdf for another file than the usual.',
      ),
    generateMockups: z.boolean().default(false).describe('Also shows the prints in rooms.'),
    mode: z
      .enum(['auto', 'manual'])
      .default('manual')
      .describe(
        '`auto` approves by itself what passes the quality check with a good score; a person decides on all else.',
      ),
    quote: quoteSchema.optional().describe('Stored under quoteId; without it the row has to be there.'),
  })
  .meta({
    examples: [
      {
        quoteId: 'way-out',
        userId: 'demo',
        outputFormats: ['5x7', '18x24', 'instagram-post', 'instagram-story'],
        generateMockups: true,
        mode: 'manual',
        quote: { text: 'The best way out is always through.', author: 'Robert Frost', style: 'botanical' },
      },
    ],
  });
export type JobInput = z.infer<typeof inputSchema>;

const by = z.string().min(1).max(200).optional().describe('Who decided.');

const changesSchema = z.strictObject({
  text: text.optional(),
  author: author.nullable().optional(),
  style: styleSchema.optional(),
  colours: coloursSchema.optional(),
  textScale: z.number().min(0.4).max(1).optional().describe('Of the quote’s letters: 1 as large as fits.'),
});
export type Changes = z.infer<typeof changesSchema>;

/** Payloads of the events that people send. */
export const eventSchemas = {
  DESIGN_APPROVED: z
    .strictObject({ by, note: z.string().max(2_000).optional() })
    .describe('Take the pictures as they are.'),
  DESIGN_REJECTED: z
    .strictObject({ reason: z.string().trim().min(1).max(2_000), by })
    .describe('Give the design up; the job ends.'),
  CHANGES_REQUESTED: z
    .strictObject({
      changes: changesSchema.refine((changes) => Object.keys(changes).length > 0, 'Give at least one change'),
      note: z.string().max(2_000).optional(),
      by,
    })
    .describe('Make all pictures again, with these changes.'),
  RETRY: z.strictObject({}).describe('Go on where it failed.'),
};

/** An event of the machine. */
export type JobEvent = {
  [Type in keyof typeof eventSchemas]: { type: Type } & z.infer<(typeof eventSchemas)[Type]>;
}[keyof typeof eventSchemas];
