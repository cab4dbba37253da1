import { assign } from 'xstate';
import { recordStep } from './context.ts';
import type { Format } from './model.ts';
import { video } from './setup.ts';

/** One of the four drafts. It fails for itself, so that the others are not thrown away; a retry writes only what is missing. */
export function draftRegion(format: Format) {
  return video.createStateConfig({
    description: `The ${format} draft.`,
    initial: 'pending',
    states: {
      pending: {
        always: [{ guard: { type: 'isDrafted', params: { format } }, target: 'drafted' }, { target: 'drafting' }],
      },
      drafting: {
        description: `Writing the ${format} draft.`,
        invoke: {
          id: `draft-${format}`,
          src: 'generate-draft',
          input: ({ context }) => ({
            format,
            transcript: context.transcript?.key ?? '',
            insights: context.insights?.key ?? '',
            feedback: context.feedback,
            round: context.round,
          }),
          onDone: {
            target: 'drafted',
            actions: assign(({ context, event }) => {
              const { key, method, parts, characters, timing } = event.output;
              return {
                drafts: { ...context.drafts, [format]: { key, method } },
                steps: recordStep(context.steps, `draft-${format}`, timing, { parts, characters }),
              };
            }),
          },
          onError: { target: 'failed', actions: { type: 'rememberDraftFailure', params: { format } } },
        },
      },
      drafted: { type: 'final' },
      failed: { type: 'final' },
    },
  });
}
