import { z } from 'zod';
import { digestSchema } from './digest.ts';
import { inputSchema, reasonSchema } from './input.ts';
import { messageSchema } from './steps/render.ts';

export const contextSchema = z.object({
  job: inputSchema,
  digest: digestSchema.nullable(),
  /** Why there is nothing to send. */
  reason: reasonSchema.nullable(),
  message: messageSchema.nullable(),
  sent: z.object({ way: z.string(), sentAt: z.string() }).nullable(),
});
export type Context = z.infer<typeof contextSchema>;

/** What a state knows that comes after the step that found it out. */
export function known<T>(value: T | null): T {
  if (value === null) throw new Error('This is not known yet.');
  return value;
}
