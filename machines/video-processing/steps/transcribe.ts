import { z } from 'zod';
import { defineStep, StepError, type StepContext } from '../../../src/index.ts';
import { transcriber } from '../adapters/text-engine.ts';
import { config } from '../config.ts';
import { files, writeJson } from '../files.ts';
import { inputSchema, type GivenTranscript } from '../input.ts';
import { mediaSchema, startTiming, timingSchema, transcriptSchema, type Media, type Transcript } from '../model.ts';
import { toTranscript } from '../transcript/captions.ts';
import { readGiven } from '../transcript/given.ts';
import { judge, qualitySchema } from '../transcript/quality.ts';
import { RETRY } from './retry.ts';

const inputOfStep = z.object({ media: mediaSchema, given: inputSchema.shape.transcript, round: z.int() });

/** Takes the transcript that was given, else lets Gemini listen. Without either, or with one of no use, it says so instead of failing. */
export const transcribe = defineStep({
  input: inputOfStep,
  output: z.object({
    verdict: z.enum(['good', 'missing', 'low']),
    /** Why it is not good, for the person who is asked. */
    reason: z.string().nullable(),
    key: z.string().nullable(),
    method: transcriptSchema.shape.method.nullable(),
    quality: qualitySchema.nullable(),
    timing: timingSchema,
  }),
  retry: RETRY,
  timeout: 30 * 60_000,
  run: async (step) => {
    const stop = startTiming();
    const transcript = await obtain(step, step.input.media, step.input.given);
    if (typeof transcript === 'string') {
      return {
        verdict: 'missing' as const,
        reason: transcript,
        key: null,
        method: null,
        quality: null,
        timing: stop(),
      };
    }
    const { quality, reason } = judge(transcript, step.input.media.seconds);
    step.log.info('transcript', { method: transcript.method, ...quality });
    const { method } = transcript;
    if (reason !== null) return { verdict: 'low' as const, reason, key: null, method, quality, timing: stop() };
    const { key } = await writeJson(step.artifacts, files.transcript(step.instance.id, step.input.round), transcript);
    return { verdict: 'good' as const, reason: null, key, method, quality, timing: stop() };
  },
});

/** The transcript, or why there is none. */
async function obtain(
  step: StepContext<z.infer<typeof inputOfStep>>,
  media: Media,
  given: GivenTranscript | undefined,
): Promise<Transcript | string> {
  const { artifacts, signal } = step;
  if (given !== undefined) {
    return readGiven(given, { artifacts, config: config(), signal }).catch((error: unknown) => {
      // Whoever gave it can give another.
      if (error instanceof StepError && error.code === 'INVALID_INPUT') return error.message;
      throw error;
    });
  }
  const listener = await transcriber(config());
  if (listener === undefined) return 'No transcript was given, and there is no GEMINI_API_KEY to make one with.';
  if (media.audio === null) return 'The video has no sound, and no transcript was given.';
  step.progress(0.1, 'Gemini is listening');
  const path = artifacts.path?.(media.key);
  const segments = await listener.transcribe({ media, path, read: () => artifacts.read(media.key) }, signal);
  return toTranscript('gemini', segments);
}
