import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { textEngine } from '../adapters/text-engine.ts';
import { config } from '../config.ts';
import { files, readJson, writeJson } from '../files.ts';
import {
  draftSchema,
  feedbackSchema,
  formatSchema,
  insightsSchema,
  startTiming,
  timingSchema,
  transcriptSchema,
} from '../model.ts';
import { RETRY } from './retry.ts';

/** Writes one of the four drafts. */
export const generateDraft = defineStep({
  input: z.object({
    format: formatSchema,
    transcript: z.string(),
    insights: z.string(),
    feedback: feedbackSchema.nullable(),
    round: z.int(),
  }),
  output: z.object({
    key: z.string(),
    method: draftSchema.shape.method,
    parts: z.int(),
    characters: z.int(),
    timing: timingSchema,
  }),
  retry: RETRY,
  timeout: 10 * 60_000,
  run: async (step) => {
    const { input, artifacts, instance, signal } = step;
    const stop = startTiming();
    const { format, feedback, round } = input;
    const [transcript, insights] = await Promise.all([
      readJson(artifacts, input.transcript, transcriptSchema),
      readJson(artifacts, input.insights, insightsSchema),
    ]);
    step.progress(0.1, `writing the ${format} draft`);
    const engine = await textEngine(config());
    const draft = await engine.draft({ format, insights, transcript, feedback }, signal);
    const { key } = await writeJson(artifacts, files.draft(instance.id, format, round), draft);
    const characters = draft.parts.reduce((sum, part) => sum + part.length, 0);
    return { key, method: draft.method, parts: draft.parts.length, characters, timing: stop() };
  },
});
