import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { startTiming, timingSchema } from '../model.ts';
import { RETRY } from './retry.ts';

/** One row a step: how often and how long it ran, and what it counted. */
export const logAnalytics = defineStep({
  input: z.object({
    workspaceId: z.string(),
    steps: z.record(
      z.string(),
      z.object({
        runs: z.int(),
        milliseconds: z.number(),
        finishedAt: z.iso.datetime(),
        counts: z.record(z.string(), z.number()),
      }),
    ),
  }),
  output: z.object({ rows: z.int(), milliseconds: z.number(), timing: timingSchema }),
  retry: RETRY,
  timeout: 60_000,
  transactional: true,
  run: async ({ input, instance, tx }) => {
    const stop = startTiming();
    const steps = Object.entries(input.steps);
    for (const [step, { runs, milliseconds, finishedAt, counts }] of steps) {
      // As text and cast here: a driver that guesses would store a JSON string.
      await tx`
        insert into video_processing.analytics (instance_key, step, workspace_id, runs, milliseconds, counts, finished_at)
        values (${instance.id}, ${step}, ${input.workspaceId}, ${runs}, ${Math.round(milliseconds)}, ${JSON.stringify(counts)}::text::jsonb, ${finishedAt}::timestamptz)
        on conflict (instance_key, step) do update set
          runs = excluded.runs, milliseconds = excluded.milliseconds, counts = excluded.counts, finished_at = excluded.finished_at`;
    }
    const milliseconds = steps.reduce((sum, [, facts]) => sum + facts.milliseconds, 0);
    return { rows: steps.length, milliseconds, timing: stop() };
  },
});
