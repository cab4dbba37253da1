import { z } from 'zod';
import { FILE_TYPES, SIZE_NAMES } from './sizes.ts';

export const sizeSchema = z.enum(SIZE_NAMES);
export const fileTypeSchema = z.enum(FILE_TYPES);

/** A file in the artifact store. Width and height in pixels; of a PDF in points (1/72 in), with its bleed. */
const fileSchema = z.object({
  key: z.string(),
  type: fileTypeSchema,
  width: z.number(),
  height: z.number(),
  bytes: z.int(),
});

/** A size that was made, and its files. */
export const pictureSchema = z.object({ size: sizeSchema, files: z.array(fileSchema) });
export type Picture = z.infer<typeof pictureSchema>;

/** The picture by which people judge, and small ones of what it would be in the other styles. */
export const masterSchema = z.object({
  key: z.string(),
  width: z.int(),
  height: z.int(),
  previews: z.array(z.object({ style: z.string(), key: z.string() })),
});

/** What the quality check found. */
export const qualitySchema = z.object({
  /** Key of the report with every check of every file. */
  key: z.string(),
  /** Of the worst file, 0 to 100. */
  score: z.int(),
  good: z.boolean(),
  /** At most ten. */
  problems: z.array(z.string()),
});
