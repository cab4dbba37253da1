import { assign } from 'xstate';
import {
  draftKeys,
  initialContext,
  known,
  recordStep,
  withInsights,
  withMedia,
  withReview,
  withTranscript,
  withoutTranscript,
} from './context.ts';
import { draftRegion } from './draft-region.ts';
import { video } from './setup.ts';
import { backTo, failTo } from './transitions.ts';

/** A video becomes an insight pack and four drafts. States are named for what has happened; what a state invokes comes next. */
export const machine = video.createMachine({
  id: 'video-processing',
  description: 'Turns a video into an insight pack and four drafts: newsletter, blog, Twitter thread, LinkedIn post.',
  context: ({ input }) => initialContext(input),
  initial: 'RECEIVED',
  states: {
    RECEIVED: {
      description: 'The job is accepted; its input, source and quota are being checked.',
      invoke: {
        id: 'validate',
        src: 'validate',
        input: ({ context }) => context.job,
        onDone: {
          target: 'VALIDATED',
          actions: assign({
            steps: ({ context, event }) =>
              recordStep(context.steps, 'validate', event.output.timing, { bytes: event.output.bytes ?? 0 }),
          }),
        },
        onError: [
          { guard: 'isInvalidInput', ...failTo('FAILED_VALIDATION', 'RECEIVED', 'validate') },
          { guard: 'isQuotaExceeded', ...failTo('BLOCKED_ENTITLEMENT', 'RECEIVED', 'validate') },
          failTo('FAILED', 'RECEIVED', 'validate'),
        ],
      },
    },
    VALIDATED: {
      description: 'The job is allowed; the video is being copied and its bytes are being read.',
      invoke: {
        id: 'ingest',
        src: 'ingest',
        input: ({ context }) => ({ source: context.job.source, title: context.job.title ?? null }),
        onDone: {
          target: 'INGESTED',
          actions: assign(({ context, event }) => withMedia(context, event.output)),
        },
        onError: [
          { guard: 'isInvalidInput', ...failTo('FAILED_VALIDATION', 'VALIDATED', 'ingest') },
          failTo('FAILED', 'VALIDATED', 'ingest'),
        ],
      },
    },
    INGESTED: {
      description: 'The video is stored; its speech is being turned into text, or the given transcript is being read.',
      invoke: {
        id: 'transcribe',
        src: 'transcribe',
        input: ({ context }) => ({ media: known(context.media), given: context.job.transcript, round: context.round }),
        onDone: [
          {
            guard: ({ event }) => event.output.verdict === 'good',
            target: 'TRANSCRIBED',
            actions: assign(({ context, event }) => withTranscript(context, event.output)),
          },
          {
            target: 'NEEDS_USER_INPUT',
            actions: assign(({ context, event }) => withoutTranscript(context, event.output)),
          },
        ],
        onError: [
          { guard: 'isInvalidInput', ...failTo('FAILED_VALIDATION', 'INGESTED', 'transcribe') },
          failTo('FAILED', 'INGESTED', 'transcribe'),
        ],
      },
    },
    TRANSCRIBED: {
      description: 'There is a transcript; themes, quotes and outline are being found.',
      invoke: {
        id: 'generate-insights',
        src: 'generate-insights',
        input: ({ context }) => ({ transcript: context.transcript?.key ?? '', title: known(context.media).title }),
        onDone: {
          target: 'INSIGHTS',
          actions: assign(({ context, event }) => withInsights(context, event.output)),
        },
        onError: failTo('FAILED', 'TRANSCRIBED', 'generate-insights'),
      },
    },
    INSIGHTS: {
      description: 'The insights are there; four drafts are being written side by side.',
      type: 'parallel',
      states: {
        newsletter: draftRegion('newsletter'),
        blog: draftRegion('blog'),
        twitter: draftRegion('twitter'),
        linkedin: draftRegion('linkedin'),
      },
      onDone: [{ guard: 'aDraftFailed', target: 'FAILED', actions: 'failByDrafts' }, { target: 'DRAFTED' }],
    },
    DRAFTED: {
      description: 'The four drafts are there; they are being checked and mended.',
      invoke: {
        id: 'review',
        src: 'review',
        input: ({ context }) => ({
          transcript: context.transcript?.key ?? '',
          insights: context.insights?.key ?? '',
          drafts: draftKeys(context.drafts),
          edits: context.edits,
          round: context.round,
        }),
        onDone: [
          {
            guard: ({ event }) => event.output.verdict === 'pass',
            target: 'REVIEWED',
            actions: assign(({ context, event }) => withReview(context, event.output)),
          },
          {
            target: 'REQUIRES_MANUAL_REVIEW',
            actions: assign(({ context, event }) => withReview(context, event.output)),
          },
        ],
        onError: failTo('FAILED', 'DRAFTED', 'review'),
      },
    },
    REVIEWED: {
      description: 'The drafts are good, or a person approved them; the final files are being written.',
      invoke: {
        id: 'deliver',
        src: 'deliver',
        input: ({ context }) => ({
          media: known(context.media),
          insights: context.insights?.key ?? '',
          drafts: draftKeys(context.drafts),
          score: context.review?.score ?? 0,
        }),
        onDone: {
          target: 'DELIVERED',
          actions: assign({
            manifest: ({ event }) => event.output.manifest,
            files: ({ event }) => event.output.files,
            steps: ({ context, event }) =>
              recordStep(context.steps, 'deliver', event.output.timing, {
                files: event.output.files,
                bytes: event.output.bytes,
              }),
          }),
        },
        onError: failTo('FAILED', 'REVIEWED', 'deliver'),
      },
    },
    DELIVERED: {
      description: 'The final files are written; they are being entered into the table of artifacts.',
      invoke: {
        id: 'store',
        src: 'store',
        input: ({ context }) => ({
          workspaceId: context.job.workspaceId,
          manifest: context.manifest ?? '',
          others: {
            source: known(context.media).key,
            transcript: context.transcript?.key ?? '',
            insights: context.insights?.key ?? '',
            review: context.review?.key ?? '',
            manifest: context.manifest ?? '',
          },
        }),
        onDone: {
          target: 'STORED',
          actions: assign({
            steps: ({ context, event }) =>
              recordStep(context.steps, 'store', event.output.timing, {
                rows: event.output.rows,
                bytes: event.output.bytes,
              }),
          }),
        },
        onError: failTo('FAILED', 'DELIVERED', 'store'),
      },
    },
    STORED: {
      description: 'The artifacts have rows and a retention date; durations and counts are being logged.',
      invoke: {
        id: 'log-analytics',
        src: 'log-analytics',
        input: ({ context }) => ({ workspaceId: context.job.workspaceId, steps: context.steps }),
        onDone: 'ANALYTICS_LOGGED',
        onError: failTo('FAILED', 'STORED', 'log-analytics'),
      },
    },
    ANALYTICS_LOGGED: { description: 'Everything is done.', type: 'final' },

    FAILED_VALIDATION: {
      description:
        'The input, the video or the transcript is not usable. RETRY checks again, also with a corrected source, title or transcript.',
      on: { RETRY: { target: 'RECEIVED', actions: ['correctJob', 'forgetFailure'] } },
    },
    BLOCKED_ENTITLEMENT: {
      description: "The workspace's quota is used up. RETRY checks again, once the quota is raised.",
      on: { RETRY: { target: 'RECEIVED', actions: ['correctJob', 'forgetFailure'] } },
    },
    NEEDS_USER_INPUT: {
      description:
        'There is no transcript that can be used; it waits for TRANSCRIPT_PROVIDED. RETRY transcribes again, for instance after a key was set.',
      on: {
        TRANSCRIPT_PROVIDED: { target: 'INGESTED', actions: 'takeTranscript' },
        RETRY: { target: 'INGESTED', actions: 'correctJob' },
      },
    },
    REQUIRES_MANUAL_REVIEW: {
      description:
        "A draft has risky content or failed a check that could not be mended. REVIEW_APPROVED delivers it as it is; REVIEW_EDITED has the reviewer's text checked again; REVIEW_REJECTED has all drafts written again without the risky passages, and fails the job after the third time.",
      on: {
        REVIEW_APPROVED: { target: 'REVIEWED', actions: 'approve' },
        REVIEW_EDITED: { target: 'DRAFTED', actions: 'takeEdits' },
        REVIEW_REJECTED: [
          { guard: 'mayRejectAgain', target: 'INSIGHTS', actions: 'reject' },
          { target: 'FAILED', actions: 'failByRejection' },
        ],
      },
    },
    FAILED: {
      description: 'A step failed for good; the context says where and why. RETRY goes back to the state that failed.',
      on: {
        RETRY: [
          backTo('RECEIVED'),
          backTo('VALIDATED'),
          backTo('INGESTED'),
          backTo('TRANSCRIBED'),
          backTo('INSIGHTS'),
          backTo('DRAFTED'),
          backTo('REVIEWED'),
          backTo('DELIVERED'),
          backTo('STORED'),
        ],
      },
    },
  },
  output: ({ context }) => ({
    workspaceId: context.job.workspaceId,
    manifest: context.manifest ?? '',
    files: context.files,
    score: context.review?.score ?? 0,
  }),
});
