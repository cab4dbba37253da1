import { z } from 'zod';
import { defineStep, StepError } from '../../../src/index.ts';
import { assetSchema, mockupSchema } from '../context.ts';
import { compose } from '../picture/compose.ts';
import { scenes, SCENES } from '../scenes/index.ts';
import { STEP } from './options.ts';

/** Puts one asset into one scene. */
export const composeMockup = defineStep({
  input: z.object({ asset: assetSchema, scene: z.string() }),
  output: mockupSchema,
  ...STEP,
  timeout: 2 * 60_000,
  run: async ({ input: { asset, scene: name }, artifacts, instance }) => {
    const scene = scenes.get(name);
    if (scene === undefined) {
      throw new StepError('SCENE_UNKNOWN', `There is no scene ${name}. Scenes: ${SCENES.join(', ')}.`, {
        details: { scene: name },
      });
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of await artifacts.read(asset.key)) chunks.push(chunk);
    const { bytes, width, height } = await compose(Buffer.concat(chunks), asset.bleed, scene);
    // An asset's id may have a colon, a file's name not.
    const { key } = await artifacts.put(`${instance.id}/${asset.id.replaceAll(':', '-')}/${name}.jpg`, bytes);
    return { assetId: asset.id, scene: name, key, width, height };
  },
});
