import { assign, setup } from 'xstate';
import type { z } from 'zod';
import { forEach } from '../../src/index.ts';
import { machine as mockupGenerator } from '../mockup-generator/machine.ts';
import { changed, designOf, failureFrom, itemsOf, NOTHING_MADE, type Context, type outputSchema } from './context.ts';
import type { JobEvent, JobInput } from './input.ts';
import { checkQuality } from './steps/check-quality.ts';
import { generateMaster } from './steps/generate-master.ts';
import { loadQuote } from './steps/load-quote.ts';
import { notify } from './steps/notify.ts';
import { renderSize } from './steps/render-size.ts';
import { storeAssets } from './steps/store-assets.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Everything that the machine names: steps, guards, actions, delays. */
export const design = setup({
  types: {
    context: {} as Context,
    input: {} as JobInput,
    events: {} as JobEvent,
    output: {} as z.infer<typeof outputSchema>,
  },
  actors: {
    'load-quote': loadQuote,
    'generate-master': generateMaster,
    'render-sizes': forEach(renderSize, { concurrency: 2 }),
    'check-quality': checkQuality,
    notify,
    'store-assets': storeAssets,
    'mockup-generator': mockupGenerator,
  },
  delays: {
    /** From the start, or from the wish for changes, to the quality check. */
    workingTime: 15 * MINUTE,
    mockupTime: 30 * MINUTE,
    reminder: 24 * HOUR,
    expiry: 7 * 24 * HOUR,
  },
  guards: {
    needsNobody: ({ context }) => context.job.mode === 'auto' && context.quality?.good === true,
    wantsNoPrints: ({ context }) => itemsOf(context, 'print').length === 0,
    wantsNoPosts: ({ context }) => itemsOf(context, 'social').length === 0,
    wantsNoMockups: ({ context }) => !context.job.generateMockups || (context.assets ?? []).length === 0,
    /** Until it is approved: what is stored as an asset stays as it is. */
    mayChange: ({ context }) => context.design !== null && context.decision?.verdict !== 'approved',
    lacks: ({ context }, params: { part: 'design' | 'master' | 'prints' | 'posts' | 'quality' | 'assets' }) =>
      context[params.part] === null,
  },
  actions: {
    rememberFailure: assign({
      failure: ({ event }, params: { step: string }) => failureFrom(event, params.step),
    }),
    rememberTimeout: assign({
      failure: { step: 'all', code: 'TIMEOUT', message: 'The pictures were not done within 15 minutes.' },
    }),
    rememberMockupTimeout: assign({
      failure: { step: 'mockups', code: 'TIMEOUT', message: 'The mockups were not done within 30 minutes.' },
    }),
    forgetFailure: assign({ failure: null }),
    approveByItself: assign({ decision: { verdict: 'approved' as const, by: 'auto', note: null } }),
    approve: assign({
      decision: ({ context, event }) =>
        event.type === 'DESIGN_APPROVED'
          ? { verdict: 'approved' as const, by: event.by ?? null, note: event.note ?? null }
          : context.decision,
    }),
    reject: assign({
      decision: ({ context, event }) =>
        event.type === 'DESIGN_REJECTED'
          ? { verdict: 'rejected' as const, by: event.by ?? null, note: event.reason }
          : context.decision,
    }),
    takeChanges: assign(({ context, event }) => {
      if (event.type !== 'CHANGES_REQUESTED') return {};
      return {
        ...NOTHING_MADE,
        design: changed(designOf(context), event.changes),
        round: context.round + 1,
        decision: { verdict: 'changes' as const, by: event.by ?? null, note: event.note ?? null },
        failure: null,
      };
    }),
  },
});
