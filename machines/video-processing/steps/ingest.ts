import { z } from 'zod';
import { defineStep, StepError } from '../../../src/index.ts';
import { readMedia } from '../adapters/media-info.ts';
import { config } from '../config.ts';
import { files } from '../files.ts';
import { mediaSchema, startTiming, timingSchema } from '../model.ts';
import { findSource, openSource } from '../source/source.ts';
import { storable } from '../text.ts';
import { RETRY } from './retry.ts';

/** Copies the media into the artifact store and reads what it is from its bytes. */
export const ingest = defineStep({
  input: z.object({ source: z.string(), title: z.string().nullable() }),
  output: z.object({ media: mediaSchema, timing: timingSchema }),
  retry: RETRY,
  timeout: 2 * 3_600_000,
  heartbeat: 60_000,
  run: async (step) => {
    const { input, artifacts, instance, signal, log } = step;
    const stop = startTiming();
    const access = { artifacts, config: config(), signal };
    const found = await findSource(input.source, access);
    const key = files.source(instance.id, extensionOf(found.name));
    const counted = count(
      await openSource(input.source, access),
      found.bytes,
      access.config.maxBytes,
      (fraction, message) => step.progress(fraction, message),
    );
    const stored = await artifacts.put(key, counted);
    try {
      if (stored.size === 0) throw new StepError('INVALID_INPUT', `The source ${input.source} is empty.`);
      step.progress(0.95, 'reading container and codecs');
      const info = await readMedia(artifacts, key, stored.size);
      const title = input.title ?? (storable(info.title ?? '') || titleOf(found.name));
      log.info('ingested', { bytes: stored.size, container: info.container, seconds: info.seconds });
      return { media: { ...info, key, bytes: stored.size, sha256: stored.sha256, title }, timing: stop() };
    } catch (error) {
      // What is no video is not kept.
      if (error instanceof StepError && error.code === 'INVALID_INPUT') await artifacts.delete(key);
      throw error;
    }
  },
});

async function* count(
  body: AsyncIterable<Uint8Array>,
  expected: number | null,
  max: number,
  progress: (fraction: number, message?: string) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  let shown = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > max) throw new StepError('INVALID_INPUT', `The source has more than ${max} bytes (VIDEO_MAX_BYTES).`);
    if (Date.now() - shown > 250) {
      shown = Date.now();
      progress(expected === null ? 0 : 0.9 * Math.min(1, bytes / expected), `${bytes} bytes`);
    }
    yield chunk;
  }
}

function extensionOf(name: string): string {
  return /\.([a-z0-9]{1,5})$/i.exec(name)?.[1]?.toLowerCase() ?? 'bin';
}

function titleOf(name: string): string {
  const words = name
    .replace(/\.[^.]*$/, '')
    .replace(/[-_.\s]+/g, ' ')
    .trim();
  return words === '' ? 'Video' : words.charAt(0).toUpperCase() + words.slice(1, 200);
}
