import { z } from 'zod';
import { inputSchema } from './input.ts';
import { draftSchema, editsSchema, feedbackSchema, formatSchema, mediaSchema } from './model.ts';

/** States that invoke a step: where a job can fail, and go back to. */
const workingStateSchema = z.enum([
  'RECEIVED',
  'VALIDATED',
  'INGESTED',
  'TRANSCRIBED',
  'INSIGHTS',
  'DRAFTED',
  'REVIEWED',
  'DELIVERED',
  'STORED',
]);
export type WorkingState = z.infer<typeof workingStateSchema>;

/** What went wrong, and where. */
const failureSchema = z.object({ state: workingStateSchema, step: z.string(), code: z.string(), message: z.string() });
export type Failure = z.infer<typeof failureSchema>;

/** What a job knows. Texts are in the artifact store; here are their keys. */
export const contextSchema = z.object({
  job: inputSchema,
  media: mediaSchema.nullable(),
  /** Why a person is asked for a transcript. */
  transcriptReason: z.string().nullable(),
  transcript: z.object({ key: z.string(), method: z.string(), words: z.number() }).nullable(),
  insights: z.object({ key: z.string(), method: z.string() }).nullable(),
  drafts: z.partialRecord(formatSchema, z.object({ key: z.string(), method: draftSchema.shape.method })),
  /** A reviewer's text, until the review has stored it. */
  edits: editsSchema.nullable(),
  review: z
    .object({
      key: z.string(),
      verdict: z.enum(['pass', 'manual']),
      score: z.number(),
      reasons: z.array(z.string()),
      /** Risky passages, left out when the drafts are written again. */
      risky: z.array(z.string()),
    })
    .nullable(),
  decision: z
    .object({
      verdict: z.enum(['approved', 'edited', 'rejected']),
      by: z.string().nullable(),
      note: z.string().nullable(),
    })
    .nullable(),
  feedback: feedbackSchema.nullable(),
  rejections: z.number(),
  /** Counts up with each transcript, edit and rejection: it is part of the keys, so that no version overwrites another. */
  round: z.number(),
  /** Key of the list of delivered files. */
  manifest: z.string().nullable(),
  files: z.number(),
  /** How often and how long each step ran, and what it counted last. */
  steps: z.record(
    z.string(),
    z.object({
      runs: z.number(),
      milliseconds: z.number(),
      finishedAt: z.string(),
      counts: z.record(z.string(), z.number()),
    }),
  ),
  failure: failureSchema.nullable(),
  /** Errors of single drafts, while the others go on. */
  draftFailures: z.partialRecord(formatSchema, failureSchema),
});
export type Context = z.infer<typeof contextSchema>;

/** What a job that has come to its end gives. */
export const outputSchema = z.object({
  workspaceId: z.string(),
  manifest: z.string(),
  files: z.number(),
  score: z.number(),
});
