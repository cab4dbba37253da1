import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { files, readJson, writeJson } from '../files.ts';
import {
  draftReviewSchema,
  draftSchema,
  editsSchema,
  FORMATS,
  formatSchema,
  insightsSchema,
  startTiming,
  timingSchema,
  transcriptSchema,
  type Draft,
  type DraftReview,
  type Edits,
  type Format,
} from '../model.ts';
import { reviewDraft } from '../review/review.ts';
import { storable } from '../text.ts';
import { RETRY } from './retry.ts';

const keys = z.record(formatSchema, z.string());

/** Checks each draft, mends what can be mended, and says whether a person has to look. */
export const review = defineStep({
  input: z.object({
    transcript: z.string(),
    insights: z.string(),
    drafts: keys,
    edits: editsSchema.nullable(),
    round: z.int(),
  }),
  output: z.object({
    key: z.string(),
    verdict: z.enum(['pass', 'manual']),
    /** Of the worst draft, 0 to 100. */
    score: z.int(),
    reasons: z.array(z.string()),
    risky: z.array(z.string()),
    fixes: z.int(),
    /** Keys of the drafts as they are after the review. */
    drafts: z.record(formatSchema, z.object({ key: z.string(), method: draftSchema.shape.method })),
    timing: timingSchema,
  }),
  retry: RETRY,
  timeout: 5 * 60_000,
  run: async (step) => {
    const { input, artifacts, instance, log } = step;
    const stop = startTiming();
    const transcript = await readJson(artifacts, input.transcript, transcriptSchema);
    const insights = await readJson(artifacts, input.insights, insightsSchema);
    const reviews: DraftReview[] = [];
    const reviewed: [Format, { key: string; method: Draft['method'] }][] = [];
    for (const [index, format] of FORMATS.entries()) {
      step.progress(index / FORMATS.length, `checking the ${format} draft`);
      const written = await readJson(artifacts, input.drafts[format], draftSchema);
      const { draft, ...found } = reviewDraft(edited(written, input.edits), transcript);
      const { key } = await writeJson(artifacts, files.reviewed(instance.id, format, input.round), draft);
      reviews.push({ format, key, ...found });
      reviewed.push([format, { key, method: draft.method }]);
    }
    const reasons = reviews.flatMap(reasonsOf);
    if (insights.quotes.length === 0) log.warn('no quotes were found');
    const score = Math.min(...reviews.map((each) => each.score));
    const verdict = reasons.length === 0 ? ('pass' as const) : ('manual' as const);
    const { key } = await writeJson(artifacts, files.review(instance.id, input.round), {
      verdict,
      score,
      reasons,
      drafts: z.array(draftReviewSchema).parse(reviews),
    });
    return {
      key,
      verdict,
      score,
      // Both go into the instance's context, which is to stay small.
      reasons: reasons.slice(0, 20).map((reason) => storable(reason, 300)),
      risky: [...new Set(reviews.flatMap((each) => each.risks.map(({ excerpt }) => storable(excerpt))))].slice(0, 50),
      fixes: reviews.reduce((sum, each) => sum + each.fixes.length, 0),
      drafts: Object.fromEntries(reviewed) as Record<Format, { key: string; method: Draft['method'] }>,
      timing: stop(),
    };
  },
});

function edited(draft: Draft, edits: Edits | null): Draft {
  const text = edits?.[draft.format];
  if (text === undefined) return draft;
  return { ...draft, method: 'reviewer', parts: typeof text === 'string' ? [text] : text };
}

function reasonsOf({ format, checks }: DraftReview): string[] {
  return checks.filter((check) => !check.passed).map((check) => `${format}: ${check.name}: ${check.detail}`);
}
