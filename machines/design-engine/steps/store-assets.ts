import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { pictureSchema, type Picture } from '../model.ts';
import { PRINT_DPI, SIZES, type SizeName } from '../sizes.ts';
import { STEP } from './options.ts';

/** One row a size that was approved. */
export const storeAssets = defineStep({
  input: z.object({ quoteId: z.string(), userId: z.string(), pictures: z.array(pictureSchema) }),
  output: z.object({
    /** Those to show in rooms: of each shape of the prints one, at most three; of the posts where there are no prints. */
    forMockups: z.array(z.string()),
    rows: z.int(),
  }),
  ...STEP,
  timeout: 30_000,
  transactional: true,
  run: async ({ input: { quoteId, userId, pictures }, instance, tx }) => {
    const rows = pictures.map((picture) => ({ id: `${instance.id}.${picture.size}`, picture, file: bestOf(picture) }));
    for (const { id, picture, file } of rows) {
      await tx`
        insert into design_engine.assets (id, quote_id, user_id, instance_key, kind, size, key, width, height, bleed)
        values (${id}, ${quoteId}, ${userId}, ${instance.id}, ${SIZES[picture.size].kind}, ${picture.size}, ${file.key}, ${Math.round(file.width)}, ${Math.round(file.height)}, ${bleedOf(picture.size)})
        on conflict (id) do update set key = excluded.key, width = excluded.width, height = excluded.height`;
    }
    const shapes = new Map<number, string>();
    const seen = rows.filter(({ file }) => file.type !== 'pdf');
    const prints = seen.filter(({ picture }) => SIZES[picture.size].kind === 'print');
    for (const { id, file } of prints.length > 0 ? prints : seen) {
      const shape = Math.round((file.width / file.height) * 20);
      if (!shapes.has(shape)) shapes.set(shape, id);
    }
    return { forMockups: [...shapes.values()].slice(0, 3), rows: rows.length };
  },
});

function bestOf({ size, files }: Picture): Picture['files'][number] {
  const best = files.find(({ type }) => type === 'png') ?? files.find(({ type }) => type === 'jpeg') ?? files[0];
  if (best === undefined) throw new Error(`There is no file of ${size}.`);
  return best;
}

/** Pixels, the fraction of one included: nothing of the bleed is to be seen in a frame. */
function bleedOf(name: SizeName): number {
  const size = SIZES[name];
  return size.kind === 'print' ? Math.ceil(size.bleed * PRINT_DPI) : 0;
}
