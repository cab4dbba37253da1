import { assign } from 'xstate';
import { SCENES } from '../mockup-generator/scenes/index.ts';
import { designOf, initialContext, itemsOf, picturesOf, question } from './context.ts';
import { design } from './setup.ts';

/** A quote becomes pictures that can be sold. States are named for what has happened; what a state invokes comes next. */
export const machine = design.createMachine({
  id: 'design-engine',
  description: 'Sets a quote as prints and posts, measures them, has them approved, and shows them in rooms.',
  context: ({ input }) => initialContext(input),
  initial: 'STARTED',
  states: {
    STARTED: {
      description: 'The pictures are being made; fifteen minutes at most.',
      initial: 'RECEIVED',
      after: { workingTime: { target: 'FAILED', actions: 'rememberTimeout' } },
      states: {
        RECEIVED: {
          description: 'The job is accepted; the quote is being read.',
          invoke: {
            id: 'load-quote',
            src: 'load-quote',
            input: ({ context: { job } }) => ({ quoteId: job.quoteId, userId: job.userId, quote: job.quote }),
            onDone: { target: 'QUOTE_LOADED', actions: assign({ design: ({ event }) => event.output }) },
            onError: failed('load-quote'),
          },
        },
        QUOTE_LOADED: {
          description: 'The words are there; the master is being drawn.',
          invoke: {
            id: 'generate-master',
            src: 'generate-master',
            input: ({ context }) => ({ design: designOf(context), round: context.round }),
            onDone: { target: 'MASTER_GENERATED', actions: assign({ master: ({ event }) => event.output }) },
            onError: failed('generate-master'),
          },
        },
        MASTER_GENERATED: {
          description: 'The master is drawn; the prints are being made, each size a step.',
          always: { guard: 'wantsNoPrints', target: 'PRINTS_GENERATED', actions: assign({ prints: [] }) },
          invoke: {
            id: 'generate-prints',
            src: 'render-sizes',
            input: ({ context }) => itemsOf(context, 'print'),
            onDone: {
              target: 'PRINTS_GENERATED',
              actions: assign({ prints: ({ event }) => event.output.results.map(({ output }) => output) }),
            },
            onError: failed('generate-prints'),
          },
        },
        PRINTS_GENERATED: {
          description: 'The prints are made; the posts are being made.',
          always: { guard: 'wantsNoPosts', target: 'POSTS_GENERATED', actions: assign({ posts: [] }) },
          invoke: {
            id: 'generate-posts',
            src: 'render-sizes',
            input: ({ context }) => itemsOf(context, 'social'),
            onDone: {
              target: 'POSTS_GENERATED',
              actions: assign({ posts: ({ event }) => event.output.results.map(({ output }) => output) }),
            },
            onError: failed('generate-posts'),
          },
        },
        POSTS_GENERATED: {
          description: 'All pictures are made; they are being measured.',
          invoke: {
            id: 'check-quality',
            src: 'check-quality',
            input: ({ context }) => ({
              design: designOf(context),
              round: context.round,
              pictures: picturesOf(context),
            }),
            onDone: { target: 'QUALITY_CHECKED', actions: assign({ quality: ({ event }) => event.output }) },
            onError: failed('check-quality'),
          },
        },
        QUALITY_CHECKED: {
          description: 'The pictures are measured: good ones of an automatic job need no person.',
          always: [
            {
              guard: 'needsNobody',
              target: '#design-engine.APPROVED',
              actions: 'approveByItself',
            },
            { target: '#design-engine.AWAITING_APPROVAL' },
          ],
        },
      },
    },
    AWAITING_APPROVAL: {
      description: 'A person decides, within seven days.',
      initial: 'ASKED',
      after: { expiry: 'EXPIRED' },
      on: {
        DESIGN_APPROVED: { target: 'APPROVED', actions: 'approve' },
        DESIGN_REJECTED: { target: 'REJECTED', actions: 'reject' },
        CHANGES_REQUESTED: { target: 'STARTED.QUOTE_LOADED', actions: 'takeChanges' },
      },
      states: {
        ASKED: {
          description: 'The user has been asked; after a day they are reminded.',
          invoke: {
            id: 'request-approval',
            src: 'notify',
            input: ({ context }) => ({
              userId: context.job.userId,
              round: context.round,
              kind: 'approval-requested' as const,
              message: question(context),
            }),
            // The pictures can be approved all the same.
            onError: { actions: { type: 'rememberFailure', params: { step: 'request-approval' } } },
          },
          after: { reminder: 'REMINDED' },
        },
        REMINDED: {
          description: 'The user has been reminded; after seven days in all the design expires.',
          invoke: {
            id: 'remind',
            src: 'notify',
            input: ({ context }) => ({
              userId: context.job.userId,
              round: context.round,
              kind: 'approval-reminder' as const,
              message: question(context),
            }),
            onError: { actions: { type: 'rememberFailure', params: { step: 'remind' } } },
          },
        },
      },
    },
    APPROVED: {
      description: 'The design is approved; its pictures are being entered as assets.',
      entry: 'forgetFailure',
      invoke: {
        id: 'store-assets',
        src: 'store-assets',
        input: ({ context }) => ({
          quoteId: context.job.quoteId,
          userId: context.job.userId,
          pictures: picturesOf(context),
        }),
        onDone: { target: 'ASSETS_STORED', actions: assign({ assets: ({ event }) => event.output.forMockups }) },
        onError: failed('store-assets'),
      },
    },
    ASSETS_STORED: {
      description: 'The assets are stored; where it was asked for, a child shows them in rooms.',
      always: { guard: 'wantsNoMockups', target: 'COMPLETED' },
      // The child that has failed waits for its own retry; not for ever.
      after: { mockupTime: { target: 'FAILED', actions: 'rememberMockupTimeout' } },
      invoke: {
        id: 'mockups',
        src: 'mockup-generator',
        input: ({ context }) => ({
          quoteId: context.job.quoteId,
          userId: context.job.userId,
          assetIds: context.assets ?? [],
          scenes: [...SCENES],
        }),
        onDone: {
          target: 'COMPLETED',
          actions: assign({
            mockups: ({ event }) => ({ delivered: event.output.delivered, failed: event.output.failed }),
          }),
        },
        onError: failed('mockups'),
      },
    },
    COMPLETED: { description: 'Everything that was asked for is there.', type: 'final' },
    REJECTED: { description: 'A person gave the design up; the context says why.', type: 'final' },
    EXPIRED: { description: 'Nobody decided within seven days.', type: 'final' },
    FAILED: {
      description:
        'A step failed for good; the context says where and why. RETRY goes on there; CHANGES_REQUESTED makes the pictures again, for instance of a shorter text.',
      on: {
        RETRY: [
          backTo('design', 'STARTED.RECEIVED'),
          backTo('master', 'STARTED.QUOTE_LOADED'),
          backTo('prints', 'STARTED.MASTER_GENERATED'),
          backTo('posts', 'STARTED.PRINTS_GENERATED'),
          backTo('quality', 'STARTED.POSTS_GENERATED'),
          backTo('assets', 'APPROVED'),
          { target: 'ASSETS_STORED', actions: 'forgetFailure' },
        ],
        CHANGES_REQUESTED: {
          guard: 'mayChange',
          target: 'STARTED.QUOTE_LOADED',
          actions: 'takeChanges',
        },
      },
    },
  },
  output: ({ context }) => ({
    quoteId: context.job.quoteId,
    outcome:
      context.decision?.verdict === 'approved'
        ? ('completed' as const)
        : context.decision?.verdict === 'rejected'
          ? ('rejected' as const)
          : ('expired' as const),
    score: context.quality?.score ?? 0,
    pictures: picturesOf(context).length,
    mockups: context.mockups?.delivered ?? 0,
  }),
});

/** What `onError` does. */
function failed(step: string) {
  return {
    target: '#design-engine.FAILED' as const,
    actions: { type: 'rememberFailure' as const, params: { step } },
  };
}

/** Back to the state whose step makes what is not there. */
function backTo<Target extends string>(
  part: 'design' | 'master' | 'prints' | 'posts' | 'quality' | 'assets',
  target: Target,
) {
  return { guard: { type: 'lacks' as const, params: { part } }, target, actions: 'forgetFailure' as const };
}
