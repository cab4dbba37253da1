import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { designSchema, drawDesign, type Design } from '../design.ts';
import type { Drawing } from '../drawing/drawing.ts';
import { toPdf } from '../drawing/pdf.ts';
import { rasterise, type Picture } from '../drawing/raster.ts';
import { toSvg } from '../drawing/svg.ts';
import { files } from '../files.ts';
import { fileTypeSchema, pictureSchema, sizeSchema } from '../model.ts';
import { pixelsOf, pointsOf, SIZES, type FileType, type SizeName } from '../sizes.ts';
import { STEP } from './options.ts';

/** Makes the files of one size. The largest print has forty million pixels, so few are made at a time. */
export const renderSize = defineStep({
  input: z.object({ design: designSchema, round: z.int(), size: sizeSchema, types: z.array(fileTypeSchema) }),
  output: pictureSchema,
  ...STEP,
  timeout: 3 * 60_000,
  concurrency: 2,
  run: async ({ input: { design, round, size, types }, artifacts, instance, progress, signal }) => {
    const drawing = drawDesign(design, size);
    const made = [];
    for (const [index, type] of types.entries()) {
      signal.throwIfAborted();
      progress(index / types.length, `drawing ${size} as ${type}`);
      const { bytes, width, height } = await render(drawing, design, size, type);
      const stored = await artifacts.put(files.picture(instance.id, round, size, type), bytes);
      made.push({ key: stored.key, type, width, height, bytes: stored.size });
    }
    return { size, files: made };
  },
});

async function render(drawing: Drawing, { text }: Design, name: SizeName, type: FileType): Promise<Picture> {
  const size = SIZES[name];
  if (type === 'pdf') {
    if (size.kind === 'social') throw new Error(`${name} is for screens and comes in no PDF.`);
    const page = pointsOf(size);
    const bytes = await toPdf(drawing, page, text.slice(0, 200));
    const round = (points: number): number => Math.round(points * 10) / 10;
    return { bytes, width: round(page.width + 2 * page.bleed), height: round(page.height + 2 * page.bleed) };
  }
  const { width, height, dpi } = pixelsOf(name);
  return rasterise(toSvg(drawing, width, height), type, dpi);
}
