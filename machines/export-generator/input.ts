import { z } from 'zod';
import { EXPORT_TYPES, sourceOf } from './sources.ts';

const fieldLists = EXPORT_TYPES.map((type) => `${type}: ${Object.keys(sourceOf(type).fields).join(', ')}`).join('; ');

const dateRange = z
  .strictObject({
    from: z.iso.date().optional().describe('First day (UTC).'),
    to: z.iso.date().optional().describe('Last day (UTC), included.'),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    message: 'is before from',
  });

/** What is exported for whom. */
export const inputSchema = z
  .strictObject({
    userId: z.string().min(1).max(200).describe("Whose rows; nobody else's are read."),
    exportType: z.enum(EXPORT_TYPES).describe('What is exported.'),
    format: z.enum(['csv', 'json']).describe('csv for spreadsheets, json for programs.'),
    dateRange: dateRange.optional().describe('Default: all days.'),
    fields: z
      .array(z.string().min(1).max(50))
      .min(1)
      .max(50)
      .optional()
      .describe(`The columns, in this order. Default: all. ${fieldLists}.`),
  })
  .superRefine(({ exportType, fields = [] }, context) => {
    const known = Object.keys(sourceOf(exportType).fields);
    for (const [i, field] of fields.entries()) {
      const wrong = !known.includes(field)
        ? `is no field of ${exportType}; there are ${known.join(', ')}`
        : fields.indexOf(field) < i
          ? 'is named twice'
          : undefined;
      if (wrong !== undefined) context.addIssue({ code: 'custom', path: ['fields', i], message: wrong });
    }
  })
  .meta({ examples: [{ userId: 'ada', exportType: 'pin-metrics', format: 'csv' }] });
export type Job = z.infer<typeof inputSchema>;

export const outputSchema = z.object({
  /** Of the artifact. */
  key: z.string(),
  rows: z.int(),
  bytes: z.int(),
  sha256: z.string(),
});
export type Exported = z.infer<typeof outputSchema>;
