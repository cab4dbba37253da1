import { z } from 'zod';
import type { ErrorRecord } from '../../src/index.ts';
import { inputSchema, type JobInput } from './input.ts';

/** An approved picture. */
export const assetSchema = z.object({
  id: z.string(),
  key: z.string(),
  /** Pixels at each edge that are cut off. */
  bleed: z.int(),
});

/** A picture in a room. */
export const mockupSchema = z.object({
  assetId: z.string(),
  scene: z.string(),
  key: z.string(),
  width: z.int(),
  height: z.int(),
});

/** What could not be made, and why. */
const faultSchema = z.object({ assetId: z.string(), scene: z.string(), code: z.string(), message: z.string() });
export type Fault = z.infer<typeof faultSchema>;

/** What a job knows. */
export const contextSchema = z.object({
  job: inputSchema,
  assets: z.array(assetSchema).nullable(),
  mockups: z.array(mockupSchema).nullable(),
  /** The first hundred. */
  faults: z.array(faultSchema),
  failed: z.int(),
  failure: z.object({ step: z.string(), code: z.string(), message: z.string() }).nullable(),
});
export type Context = z.infer<typeof contextSchema>;

/** What a job that has come to its end gives. */
export const outputSchema = z.object({
  delivered: z.int(),
  failed: z.int(),
  keys: z.array(z.string()),
  faults: z.array(faultSchema),
});

/** The context of a new job. */
export function initialContext(job: JobInput): Context {
  return { job, assets: null, mockups: null, faults: [], failed: 0, failure: null };
}

/** Every asset in every scene. */
export function itemsOf({ job, assets }: Context) {
  const scenes = [...new Set(job.scenes)];
  return (assets ?? []).flatMap((asset) => scenes.map((scene) => ({ asset, scene })));
}

/** The failure that an `onError` event tells of. */
export function failureFrom(event: object, step: string): NonNullable<Context['failure']> {
  const error = ((event as { error?: unknown }).error ?? {}) as Partial<ErrorRecord>;
  return { step, code: error.code ?? 'UNKNOWN', message: error.message ?? '' };
}
