import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { STEP } from './options.ts';

/** Tells the user, by a row, that a decision is wanted; once a round and kind, however often it is tried. */
export const notify = defineStep({
  input: z.object({
    userId: z.string(),
    round: z.int(),
    kind: z.enum(['approval-requested', 'approval-reminder']),
    message: z.string(),
  }),
  ...STEP,
  timeout: 30_000,
  transactional: true,
  run: async ({ input: { userId, round, kind, message }, instance, tx }) => {
    await tx`
      insert into design_engine.notifications (instance_key, round, kind, user_id, message)
      values (${instance.id}, ${round}, ${kind}, ${userId}, ${message})
      on conflict do nothing`;
  },
});
