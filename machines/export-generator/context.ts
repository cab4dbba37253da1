import { z } from 'zod';
import { inputSchema, outputSchema, type Job } from './input.ts';

/** What an export knows. It does not grow with the rows: a part's key is its number. */
export const contextSchema = z.object({
  job: inputSchema,
  /** Rows that there were at the beginning. */
  total: z.int(),
  /** Parts and rows that are written. */
  parts: z.int(),
  rows: z.int(),
  /** Key of the last row that is written. */
  last: z.array(z.string()).nullable(),
  exported: outputSchema.nullable(),
});
export type Context = z.infer<typeof contextSchema>;

export function initialContext(job: Job): Context {
  return { job, total: 0, parts: 0, rows: 0, last: null, exported: null };
}

/** What changes when a part is written; one without rows is none. */
export function withPart(context: Context, part: { rows: number; last: string[] }): Partial<Context> {
  if (part.rows === 0) return {};
  return { parts: context.parts + 1, rows: context.rows + part.rows, last: part.last };
}
