import type { OutputFrom } from 'xstate';
import type { ErrorRecord } from '../../src/index.ts';
import type { Context, Failure, WorkingState } from './context-schema.ts';
import type { JobInput } from './input.ts';
import type { Format, Media, Timing } from './model.ts';
import type { generateInsights } from './steps/generate-insights.ts';
import type { ingest } from './steps/ingest.ts';
import type { review } from './steps/review.ts';
import type { transcribe } from './steps/transcribe.ts';

/** The context of a new job. */
export function initialContext(job: JobInput): Context {
  return {
    job,
    media: null,
    transcriptReason: null,
    transcript: null,
    insights: null,
    drafts: {},
    edits: null,
    review: null,
    decision: null,
    feedback: null,
    rejections: 0,
    round: 1,
    manifest: null,
    files: 0,
    steps: {},
    failure: null,
    draftFailures: {},
  };
}

/** The media; from INGESTED on there is one. */
export function known(media: Media | null): Media {
  if (media === null) throw new Error('The media is not known yet.');
  return media;
}

/** Keys of the drafts, once all four are there. */
export function draftKeys(drafts: Context['drafts']): Record<Format, string> {
  const keyOf = (format: Format) => drafts[format]?.key ?? '';
  return {
    newsletter: keyOf('newsletter'),
    blog: keyOf('blog'),
    twitter: keyOf('twitter'),
    linkedin: keyOf('linkedin'),
  };
}

/** Adds one run of a step to what is known of it. */
export function recordStep(
  steps: Context['steps'],
  step: string,
  timing: Timing,
  counts: Record<string, number> = {},
): Context['steps'] {
  const before = steps[step];
  return {
    ...steps,
    [step]: {
      runs: (before?.runs ?? 0) + 1,
      milliseconds: (before?.milliseconds ?? 0) + timing.ms,
      finishedAt: timing.finishedAt,
      counts,
    },
  };
}

/** What changes when the media is stored. */
export function withMedia({ steps }: Context, { media, timing }: OutputFrom<typeof ingest>): Partial<Context> {
  return { media, steps: recordStep(steps, 'ingest', timing, { bytes: media.bytes, seconds: media.seconds }) };
}

/** What changes when the insights are there. */
export function withInsights({ steps }: Context, output: OutputFrom<typeof generateInsights>): Partial<Context> {
  const { key, method, themes, quotes, sections, timing } = output;
  return {
    insights: { key, method },
    steps: recordStep(steps, 'generate-insights', timing, { themes, quotes, sections }),
  };
}

/** What changes when there is a transcript. */
export function withTranscript(context: Context, output: OutputFrom<typeof transcribe>): Partial<Context> {
  const { job, steps } = context;
  const words = output.quality?.words ?? 0;
  return {
    transcript: { key: output.key ?? '', method: output.method ?? '', words },
    transcriptReason: null,
    // The text is in the artifact store now.
    job: typeof job.transcript === 'object' ? { ...job, transcript: undefined } : job,
    steps: recordStep(steps, 'transcribe', output.timing, { words }),
  };
}

/** What changes when there is none that can be used. */
export function withoutTranscript({ steps }: Context, output: OutputFrom<typeof transcribe>): Partial<Context> {
  return {
    transcriptReason: output.reason,
    steps: recordStep(steps, 'transcribe', output.timing, { words: output.quality?.words ?? 0 }),
  };
}

/** What changes when the drafts have been reviewed. */
export function withReview(context: Context, output: OutputFrom<typeof review>): Partial<Context> {
  const { key, verdict, score, reasons, risky, fixes, drafts, timing } = output;
  return {
    review: { key, verdict, score, reasons, risky },
    drafts,
    edits: null,
    steps: recordStep(context.steps, 'review', timing, { score, fixes }),
  };
}

/** The failure that an `onError` event tells of. */
export function failureFrom(event: object, state: WorkingState, step: string): Failure {
  const error = errorOf(event);
  return { state, step, code: error.code ?? 'UNKNOWN', message: error.message ?? '' };
}

/** Code of the error that an `onError` event carries. */
export function codeOf(event: object): string {
  return errorOf(event).code ?? 'UNKNOWN';
}

function errorOf(event: object): Partial<ErrorRecord> {
  const { error } = event as { error?: unknown };
  return typeof error === 'object' && error !== null ? error : {};
}
