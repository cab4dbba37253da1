import { z } from 'zod';

/** The four drafts, in the order in which people see them. */
export const FORMATS = ['newsletter', 'blog', 'twitter', 'linkedin'] as const;
export const formatSchema = z.enum(FORMATS);
export type Format = z.infer<typeof formatSchema>;

export const transcriptFormatSchema = z.enum(['vtt', 'srt', 'txt']);
export type TranscriptFormat = z.infer<typeof transcriptFormatSchema>;

/** When a step ran; the analytics are made of it. */
export const timingSchema = z.object({ startedAt: z.iso.datetime(), finishedAt: z.iso.datetime(), ms: z.number() });
export type Timing = z.infer<typeof timingSchema>;

/** Starts the clock of a step; calling the result stops it. */
export function startTiming(): () => Timing {
  const started = Date.now();
  return () => {
    const finished = Date.now();
    return {
      startedAt: new Date(started).toISOString(),
      finishedAt: new Date(finished).toISOString(),
      ms: finished - started,
    };
  };
}

/** What is known of the media, read from its bytes. */
export const mediaSchema = z.object({
  key: z.string(),
  bytes: z.int(),
  sha256: z.string(),
  container: z.string(),
  mimeType: z.string(),
  seconds: z.number(),
  title: z.string(),
  video: z.object({ codec: z.string(), width: z.int(), height: z.int(), frameRate: z.number().nullable() }).nullable(),
  audio: z.object({ codec: z.string(), channels: z.int().nullable(), sampleRate: z.number().nullable() }).nullable(),
});
export type Media = z.infer<typeof mediaSchema>;

/** A stretch of speech; a plain text has no times. Seconds. */
const segmentSchema = z.object({
  start: z.number().nullable(),
  end: z.number().nullable(),
  text: z.string(),
});
export type Segment = z.infer<typeof segmentSchema>;

/** Artifact `transcript.json`. `text` is the segments joined by single spaces. */
export const transcriptSchema = z.object({
  method: z.enum(['gemini', 'vtt', 'srt', 'txt']),
  text: z.string(),
  segments: z.array(segmentSchema),
});
export type Transcript = z.infer<typeof transcriptSchema>;

const quoteSchema = z.object({
  text: z.string(),
  start: z.number().nullable(),
  end: z.number().nullable(),
});
export type Quote = z.infer<typeof quoteSchema>;

/** Artifact `insights.json`. */
export const insightsSchema = z.object({
  method: z.enum(['gemini', 'extractive']),
  title: z.string(),
  summary: z.string(),
  themes: z.array(z.object({ name: z.string(), mentions: z.int() })),
  quotes: z.array(quoteSchema),
  outline: z.array(
    z.object({
      title: z.string(),
      start: z.number().nullable(),
      end: z.number().nullable(),
      points: z.array(z.string()),
    }),
  ),
});
export type Insights = z.infer<typeof insightsSchema>;

/** Artifact `drafts/<format>-<round>.json`: a thread has one part a tweet, the others have one part. */
export const draftSchema = z.object({
  format: formatSchema,
  method: z.enum(['gemini', 'extractive', 'reviewer']),
  title: z.string(),
  parts: z.array(z.string()),
});
export type Draft = z.infer<typeof draftSchema>;

/** A reviewer's own text, by format; a thread is a list of tweets. */
export const editsSchema = z.object({
  newsletter: z.string().min(1).max(50_000).optional(),
  blog: z.string().min(1).max(100_000).optional(),
  twitter: z.array(z.string().min(1).max(2_000)).min(1).max(50).optional(),
  linkedin: z.string().min(1).max(10_000).optional(),
});
export type Edits = z.infer<typeof editsSchema>;

/** Why a person sent the drafts back, and what they have to leave out. */
export const feedbackSchema = z.object({ reason: z.string(), avoid: z.array(z.string()) });
export type Feedback = z.infer<typeof feedbackSchema>;

const checkSchema = z.object({
  name: z.enum(['limits', 'quotes', 'readability', 'duplicates', 'numbering', 'risk']),
  passed: z.boolean(),
  detail: z.string(),
});
export type Check = z.infer<typeof checkSchema>;

const riskSchema = z.object({
  rule: z.enum(['medical-promise', 'financial-promise', 'email-address', 'phone-number', 'profanity']),
  excerpt: z.string(),
});
export type Risk = z.infer<typeof riskSchema>;

/** What the review found in one draft. */
export const draftReviewSchema = z.object({
  format: formatSchema,
  key: z.string(),
  score: z.int(),
  readingEase: z.number().nullable(),
  checks: z.array(checkSchema),
  fixes: z.array(z.string()),
  risks: z.array(riskSchema),
});
export type DraftReview = z.infer<typeof draftReviewSchema>;

/** One delivered file. */
export const deliveredFileSchema = z.object({
  key: z.string(),
  kind: z.string(),
  type: z.enum(['md', 'html', 'json']),
  bytes: z.int(),
  sha256: z.string(),
  location: z.string(),
});
export type DeliveredFile = z.infer<typeof deliveredFileSchema>;
