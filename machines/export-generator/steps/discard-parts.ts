import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { keys } from '../file/keys.ts';

/** Deletes the parts, once the file is there and recorded. */
export const discardParts = defineStep({
  input: z.object({ parts: z.int() }),
  timeout: 5 * 60_000,
  run: async ({ input, artifacts, instance }) => {
    for (let part = 1; part <= input.parts; part++) await artifacts.delete(keys.part(instance.id, part));
  },
});
