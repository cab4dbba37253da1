import { assign, setup } from 'xstate';
import type { z } from 'zod';
import { codeOf, failureFrom } from './context.ts';
import type { Context, outputSchema, WorkingState } from './context-schema.ts';
import type { JobEvent, JobInput } from './input.ts';
import type { Format } from './model.ts';
import { deliver } from './steps/deliver.ts';
import { generateDraft } from './steps/generate-draft.ts';
import { generateInsights } from './steps/generate-insights.ts';
import { ingest } from './steps/ingest.ts';
import { logAnalytics } from './steps/log-analytics.ts';
import { review } from './steps/review.ts';
import { store } from './steps/store.ts';
import { transcribe } from './steps/transcribe.ts';
import { validate } from './steps/validate.ts';

/** A person may send the drafts back this often. */
const MAX_REJECTIONS = 3;

/** Everything that the machine names: steps, guards, actions. */
export const video = setup({
  types: {
    context: {} as Context,
    input: {} as JobInput,
    events: {} as JobEvent,
    output: {} as z.infer<typeof outputSchema>,
  },
  actors: {
    validate,
    ingest,
    transcribe,
    'generate-insights': generateInsights,
    'generate-draft': generateDraft,
    review,
    deliver,
    store,
    'log-analytics': logAnalytics,
  },
  guards: {
    isInvalidInput: ({ event }) => codeOf(event) === 'INVALID_INPUT',
    isQuotaExceeded: ({ event }) => codeOf(event) === 'QUOTA_EXCEEDED',
    failedIn: ({ context }, params: { state: WorkingState }) => context.failure?.state === params.state,
    isDrafted: ({ context }, params: { format: Format }) => context.drafts[params.format] !== undefined,
    aDraftFailed: ({ context }) => Object.keys(context.draftFailures).length > 0,
    mayRejectAgain: ({ context }) => context.rejections < MAX_REJECTIONS,
  },
  actions: {
    rememberFailure: assign({
      failure: ({ event }, params: { state: WorkingState; step: string }) =>
        failureFrom(event, params.state, params.step),
    }),
    forgetFailure: assign({ failure: null, draftFailures: {} }),
    rememberDraftFailure: assign({
      draftFailures: ({ context, event }, params: { format: Format }) => ({
        ...context.draftFailures,
        [params.format]: failureFrom(event, 'INSIGHTS', `draft-${params.format}`),
      }),
    }),
    /** The first one stands for all. */
    failByDrafts: assign({ failure: ({ context }) => Object.values(context.draftFailures)[0] ?? null }),
    correctJob: assign({
      job: ({ context, event }) => {
        if (event.type !== 'RETRY') return context.job;
        const { source = context.job.source, title = context.job.title, transcript = context.job.transcript } = event;
        return { ...context.job, source, title, transcript };
      },
    }),
    takeTranscript: assign({
      job: ({ context, event }) => {
        if (event.type !== 'TRANSCRIPT_PROVIDED') return context.job;
        return {
          ...context.job,
          transcript: 'source' in event ? event.source : { text: event.text, format: event.format },
        };
      },
      transcriptReason: null,
      round: ({ context }) => context.round + 1,
    }),
    approve: assign({
      decision: ({ context, event }) =>
        event.type === 'REVIEW_APPROVED'
          ? { verdict: 'approved' as const, by: event.by ?? null, note: event.note ?? null }
          : context.decision,
    }),
    takeEdits: assign({
      edits: ({ context, event }) => (event.type === 'REVIEW_EDITED' ? event.drafts : context.edits),
      decision: ({ context, event }) =>
        event.type === 'REVIEW_EDITED'
          ? { verdict: 'edited' as const, by: event.by ?? null, note: null }
          : context.decision,
      round: ({ context }) => context.round + 1,
    }),
    reject: assign({
      decision: ({ context, event }) =>
        event.type === 'REVIEW_REJECTED'
          ? { verdict: 'rejected' as const, by: event.by ?? null, note: event.reason }
          : context.decision,
      feedback: ({ context, event }) =>
        event.type === 'REVIEW_REJECTED'
          ? {
              reason: event.reason,
              avoid: [...new Set([...(context.feedback?.avoid ?? []), ...(context.review?.risky ?? [])])],
            }
          : context.feedback,
      rejections: ({ context }) => context.rejections + 1,
      round: ({ context }) => context.round + 1,
      drafts: {},
    }),
    failByRejection: assign({
      failure: ({ context, event }) => ({
        state: 'DRAFTED' as const,
        step: 'review',
        code: 'REVIEW_REJECTED',
        message: event.type === 'REVIEW_REJECTED' ? event.reason : `rejected ${context.rejections} times`,
      }),
    }),
  },
});
