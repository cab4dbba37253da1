import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { mockupSchema } from '../context.ts';
import { STEP } from './options.ts';

/** One row a mockup. */
export const storeMockups = defineStep({
  input: z.object({ quoteId: z.string(), userId: z.string(), mockups: z.array(mockupSchema) }),
  ...STEP,
  timeout: 30_000,
  transactional: true,
  run: async ({ input: { quoteId, userId, mockups }, instance, tx }) => {
    for (const { assetId, scene, key, width, height } of mockups) {
      await tx`
        insert into design_engine.mockups (instance_key, asset_id, scene, quote_id, user_id, key, width, height)
        values (${instance.id}, ${assetId}, ${scene}, ${quoteId}, ${userId}, ${key}, ${width}, ${height})
        on conflict (instance_key, asset_id, scene) do update set key = excluded.key`;
    }
  },
});
