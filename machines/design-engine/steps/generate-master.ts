import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { designSchema, drawOn, type Design } from '../design.ts';
import { rasterise } from '../drawing/raster.ts';
import { toSvg } from '../drawing/svg.ts';
import { files } from '../files.ts';
import { masterSchema } from '../model.ts';
import { sheetOf } from '../sizes.ts';
import { STYLES } from '../styles/index.ts';
import { STEP } from './options.ts';

/** Pixels. The shape is that of an 8 × 10 in print without its bleed. */
const MASTER = { width: 1_600, height: 2_000 };
const PREVIEW = { width: 640, height: 800 };

/** Draws the picture by which people judge, and small ones of the other styles, so that they can ask for one of those. */
export const generateMaster = defineStep({
  input: z.object({ design: designSchema, round: z.int() }),
  output: masterSchema,
  ...STEP,
  timeout: 2 * 60_000,
  run: async ({ input: { design, round }, artifacts, instance, progress, signal }) => {
    const { bytes, width, height } = await draw(design, MASTER, 'png');
    const { key } = await artifacts.put(files.master(instance.id, round), bytes);
    const previews: { style: string; key: string }[] = [];
    for (const [index, style] of STYLES.entries()) {
      signal.throwIfAborted();
      progress((index + 1) / (STYLES.length + 1), `drawing it in the style ${style}`);
      if (style === design.style) continue;
      const preview = await draw({ ...design, style, colours: {} }, PREVIEW, 'jpeg');
      const stored = await artifacts.put(files.preview(instance.id, round, style), preview.bytes);
      previews.push({ style, key: stored.key });
    }
    return { key, width, height, previews };
  },
});

function draw(design: Design, { width, height }: { width: number; height: number }, type: 'png' | 'jpeg') {
  const drawing = drawOn(design, { ...sheetOf('8x10'), bleed: 0 });
  return rasterise(toSvg(drawing, width, height), type, null);
}
