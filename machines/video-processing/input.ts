import { z } from 'zod';
import { editsSchema, transcriptFormatSchema } from './model.ts';

const source = z
  .string()
  .min(1)
  .max(4_096)
  .describe(
    'The video: a path below VIDEO_ROOT (default: the folder the server was started in), `upload:<artifact key>`, or an http(s) URL.',
  );

const title = z.string().trim().min(1).max(200).describe('Title; default: the one in the file, else the file name.');

const transcriptText = z.strictObject({
  text: z.string().min(1).max(2_000_000).describe('The transcript itself.'),
  format: transcriptFormatSchema.optional().describe('Default: recognised from the text.'),
});

const transcript = z
  .union([
    z
      .string()
      .min(1)
      .max(4_096)
      .describe('A .vtt, .srt or .txt file: path below VIDEO_ROOT, or `upload:<artifact key>`.'),
    transcriptText,
  ])
  .describe('The transcript, where there is one; without it Gemini transcribes, and without a key a person is asked.');

/** What a job starts with. */
export const inputSchema = z
  .strictObject({
    workspaceId: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/, 'Letters, digits and . _ : -, at most 100')
      .describe('Whose quota the job uses up. An unknown workspace gets the default quota.'),
    source,
    title: title.optional(),
    transcript: transcript.optional(),
  })
  .meta({
    examples: [
      {
        workspaceId: 'demo',
        source: 'samples/long-jobs.mp4',
        title: 'What makes long jobs survive crashes',
        transcript: 'samples/long-jobs.vtt',
      },
    ],
  });
export type JobInput = z.infer<typeof inputSchema>;
export type GivenTranscript = NonNullable<JobInput['transcript']>;

const by = z.string().min(1).max(200).optional().describe('Who decided.');

/** Payloads of the events that people send. */
export const eventSchemas = {
  TRANSCRIPT_PROVIDED: z
    .union([transcriptText, z.strictObject({ source: z.string().min(1).max(4_096) })])
    .describe('The transcript that was missing: its text, or a file by path or `upload:<artifact key>`.'),
  REVIEW_APPROVED: z
    .strictObject({ by, note: z.string().max(2_000).optional() })
    .describe('Deliver the drafts as they are.'),
  REVIEW_EDITED: z
    .strictObject({
      drafts: editsSchema.refine((drafts) => Object.keys(drafts).length > 0, 'Give at least one draft'),
      by,
    })
    .describe("Replace drafts by the reviewer's text; they are checked again."),
  REVIEW_REJECTED: z
    .strictObject({ reason: z.string().min(1).max(2_000), by })
    .describe('Write the drafts again, without the passages that were found risky.'),
  RETRY: z
    .strictObject({ source: source.optional(), title: title.optional(), transcript: transcript.optional() })
    .describe('Go back to the state that failed; after a failed validation also with a corrected input.'),
};

/** An event of the machine. */
export type JobEvent = {
  [Type in keyof typeof eventSchemas]: { type: Type } & z.infer<(typeof eventSchemas)[Type]>;
}[keyof typeof eventSchemas];
