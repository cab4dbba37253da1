import { assign, setup } from 'xstate';
import type { z } from 'zod';
import { forEach } from '../../src/index.ts';
import { failureFrom, initialContext, itemsOf, type Context, type Fault, type outputSchema } from './context.ts';
import type { JobEvent, JobInput } from './input.ts';
import { composeMockup } from './steps/compose-mockup.ts';
import { loadAssets } from './steps/load-assets.ts';
import { storeMockups } from './steps/store-mockups.ts';

/** Every asset in every scene; one that cannot be made does not lose the others. */
export const machine = setup({
  types: {
    context: {} as Context,
    input: {} as JobInput,
    events: {} as JobEvent,
    output: {} as z.infer<typeof outputSchema>,
  },
  actors: {
    'load-assets': loadAssets,
    'compose-mockups': forEach(composeMockup, { concurrency: 4, onItemError: 'continue' }),
    'store-mockups': storeMockups,
  },
  delays: { workingTime: 15 * 60_000 },
  guards: {
    lacks: ({ context }, params: { part: 'assets' | 'mockups' }) => context[params.part] === null,
  },
  actions: {
    rememberFailure: assign({ failure: ({ event }, params: { step: string }) => failureFrom(event, params.step) }),
    rememberTimeout: assign({
      failure: { step: 'all', code: 'TIMEOUT', message: 'The mockups were not done within 15 minutes.' },
    }),
    rememberFaults: assign({
      faults: ({ context }, { failures }: Outcome): Fault[] => {
        const items = itemsOf(context);
        return failures.map(({ index, code, message }) => {
          const item = items[index];
          return { assetId: item?.asset.id ?? '', scene: item?.scene ?? '', code, message };
        });
      },
      failed: (_, { failed }: Outcome) => failed,
    }),
    failForAll: assign({
      failure: ({ context: { faults } }) => ({
        step: 'compose-mockups',
        code: faults[0]?.code ?? 'UNKNOWN',
        message: `None of the mockups could be made. The first: ${faults[0]?.message ?? ''}`,
      }),
    }),
    forgetFailure: assign({ failure: null }),
  },
}).createMachine({
  id: 'mockup-generator',
  description: 'Shows pictures in rooms: every asset in every scene.',
  context: ({ input }) => initialContext(input),
  initial: 'STARTED',
  states: {
    STARTED: {
      description: 'The mockups are being made; fifteen minutes at most.',
      initial: 'RECEIVED',
      after: { workingTime: { target: 'FAILED', actions: 'rememberTimeout' } },
      states: {
        RECEIVED: {
          description: 'The job is accepted; the assets are being looked up.',
          invoke: {
            id: 'load-assets',
            src: 'load-assets',
            input: ({ context: { job } }) => ({ quoteId: job.quoteId, userId: job.userId, assetIds: job.assetIds }),
            onDone: { target: 'ASSETS_LOADED', actions: assign({ assets: ({ event }) => event.output }) },
            onError: failed('load-assets'),
          },
        },
        ASSETS_LOADED: {
          description: 'The assets are known; each is being put into each scene.',
          invoke: {
            id: 'compose-mockups',
            src: 'compose-mockups',
            input: ({ context }) => itemsOf(context),
            onDone: [
              {
                guard: ({ event }) => event.output.done === 0,
                target: '#mockup-generator.FAILED',
                actions: [{ type: 'rememberFaults', params: ({ event }) => event.output }, 'failForAll'],
              },
              {
                target: 'MOCKUPS_COMPOSED',
                actions: [
                  { type: 'rememberFaults', params: ({ event }) => event.output },
                  assign({ mockups: ({ event }) => event.output.results.map(({ output }) => output) }),
                ],
              },
            ],
            onError: failed('compose-mockups'),
          },
        },
        MOCKUPS_COMPOSED: {
          description: 'The mockups are made; they are being entered into the table.',
          invoke: {
            id: 'store-mockups',
            src: 'store-mockups',
            input: ({ context: { job, mockups } }) => ({
              quoteId: job.quoteId,
              userId: job.userId,
              mockups: mockups ?? [],
            }),
            onDone: '#mockup-generator.COMPLETED',
            onError: failed('store-mockups'),
          },
        },
      },
    },
    COMPLETED: { description: 'What could be made is there; the context names the rest.', type: 'final' },
    FAILED: {
      description: 'Nothing could be made; the context says why. RETRY goes on there.',
      on: {
        RETRY: [
          {
            guard: { type: 'lacks', params: { part: 'assets' } },
            target: 'STARTED.RECEIVED',
            actions: 'forgetFailure',
          },
          {
            guard: { type: 'lacks', params: { part: 'mockups' } },
            target: 'STARTED.ASSETS_LOADED',
            actions: 'forgetFailure',
          },
          { target: 'STARTED.MOCKUPS_COMPOSED', actions: 'forgetFailure' },
        ],
      },
    },
  },
  output: ({ context: { mockups, faults, failed } }) => ({
    delivered: mockups?.length ?? 0,
    failed,
    keys: (mockups ?? []).map(({ key }) => key),
    faults,
  }),
});

/** What of a fan-out's output is reported. */
export interface Outcome {
  failed: number;
  failures: { index: number; code: string; message: string }[];
}

/** What `onError` does. */
function failed(step: string) {
  return {
    target: '#mockup-generator.FAILED' as const,
    actions: { type: 'rememberFailure' as const, params: { step } },
  };
}
