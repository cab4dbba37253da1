import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { textEngine } from '../adapters/text-engine.ts';
import { config } from '../config.ts';
import { files, readJson, writeJson } from '../files.ts';
import { insightsSchema, startTiming, timingSchema, transcriptSchema } from '../model.ts';
import { RETRY } from './retry.ts';

/** Finds themes, verbatim quotes with their times, and an outline. */
export const generateInsights = defineStep({
  input: z.object({ transcript: z.string(), title: z.string() }),
  output: z.object({
    key: z.string(),
    method: insightsSchema.shape.method,
    themes: z.int(),
    quotes: z.int(),
    sections: z.int(),
    timing: timingSchema,
  }),
  retry: RETRY,
  timeout: 10 * 60_000,
  run: async (step) => {
    const { input, artifacts, instance, signal } = step;
    const stop = startTiming();
    const transcript = await readJson(artifacts, input.transcript, transcriptSchema);
    step.progress(0.1, `reading ${transcript.text.length} characters`);
    const engine = await textEngine(config());
    const insights = await engine.insights(transcript, input.title, signal);
    const { key } = await writeJson(artifacts, files.insights(instance.id), insights);
    return {
      key,
      method: insights.method,
      themes: insights.themes.length,
      quotes: insights.quotes.length,
      sections: insights.outline.length,
      timing: stop(),
    };
  },
});
