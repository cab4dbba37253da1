import { z } from 'zod';
import { defineStep, StepError, type ArtifactStore } from '../../../src/index.ts';
import { designSchema } from '../design.ts';
import { files } from '../files.ts';
import { pictureSchema, qualitySchema } from '../model.ts';
import { checkFile, GOOD_SCORE, type FileQuality } from '../quality/check.ts';
import { STEP } from './options.ts';

/** Files of the pipeline are far smaller; a foreign one is not to fill the memory. */
const MAX_BYTES = 200 * 1024 ** 2;

/** Measures every file as it lies in the artifact store. What it finds wrong it reports, and does not throw. */
export const checkQuality = defineStep({
  input: z.object({ design: designSchema, round: z.int(), pictures: z.array(pictureSchema) }),
  output: qualitySchema,
  ...STEP,
  timeout: 10 * 60_000,
  concurrency: 1,
  run: async ({ input: { design, round, pictures }, artifacts, instance, progress, signal, log }) => {
    const all = pictures.flatMap(({ size, files }) => files.map((file) => ({ size, ...file })));
    const checked: FileQuality[] = [];
    for (const [index, { key, type, size }] of all.entries()) {
      signal.throwIfAborted();
      progress(index / all.length, `measuring ${size} (${type})`);
      checked.push(await checkFile(await readAll(artifacts, key), key, type, size, design));
    }
    const score = Math.min(...checked.map((file) => file.score));
    const problems = checked.flatMap(({ key, checks }) =>
      checks
        .filter(({ passed }) => !passed)
        .map(({ check, detail }) => `${key.slice(key.lastIndexOf('/') + 1)}: ${check}: ${detail}`),
    );
    const good = problems.length === 0 && score >= GOOD_SCORE;
    log.info('measured', { files: checked.length, score, problems: problems.length });
    const { key } = await artifacts.put(
      files.quality(instance.id, round),
      `${JSON.stringify({ score, good, files: checked }, null, 2)}\n`,
    );
    return { key, score, good, problems: problems.slice(0, 10) };
  },
});

async function readAll(artifacts: ArtifactStore, key: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of await artifacts.read(key)) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new StepError('INVALID_INPUT', `${key} has more than ${MAX_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
