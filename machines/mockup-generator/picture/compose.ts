import sharp from 'sharp';
import { StepError } from '../../../src/index.ts';
import { CANVAS, type Scene } from '../scenes/scene.ts';
import { sizeFor, warp } from './warp.ts';

/** A mockup as JPEG. */
export interface Mockup {
  bytes: Buffer;
  width: number;
  height: number;
}

/**
 * Puts a picture into a scene.
 * @param bleed pixels at each edge that are cut off first
 * @throws StepError `UNREADABLE_PICTURE`
 */
export async function compose(file: Buffer, bleed: number, scene: Scene): Promise<Mockup> {
  const picture = sharp(file, { limitInputPixels: 100_000_000, sequentialRead: true });
  const { width, height } = await picture.metadata().catch((cause: unknown) => {
    throw new StepError('UNREADABLE_PICTURE', 'The asset is no PNG or JPEG that can be read.', { cause });
  });
  const cut = { left: bleed, top: bleed, width: width - 2 * bleed, height: height - 2 * bleed };
  const { below, quad, above } = scene.stage(cut.width / cut.height);
  const { data, info } = await picture
    .extract(cut)
    .flatten({ background: '#ffffff' })
    .resize({ ...sizeFor(quad), fit: 'fill', kernel: 'lanczos3' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const laid = warp({ data, width: info.width, height: info.height, channels: 3 }, quad);
  const room = await roomOf(scene);
  const bytes = await sharp(room.behind)
    .composite([
      { input: svg(below), left: 0, top: 0 },
      {
        input: Buffer.from(laid.data.buffer),
        raw: { width: laid.width, height: laid.height, channels: 4 },
        left: laid.left,
        top: laid.top,
      },
      { input: svg(above), left: 0, top: 0 },
      { input: room.before, left: 0, top: 0 },
    ])
    .flatten({ background: '#ffffff' })
    .jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
    .toBuffer();
  return { bytes, ...CANVAS };
}

/** A room as two PNGs. */
interface Room {
  behind: Buffer;
  before: Buffer;
}

/** A room's soft lights take a second to draw and are the same with every picture: drawn once a process, half a megabyte each. */
const rooms = new WeakMap<Scene, Promise<Room>>();

function roomOf(scene: Scene): Promise<Room> {
  const known = rooms.get(scene);
  if (known !== undefined) return known;
  const draw = (content: string): Promise<Buffer> => sharp(svg(content)).png({ compressionLevel: 3 }).toBuffer();
  const drawn = Promise.all([draw(scene.room.behind), draw(scene.room.before)]).then(([behind, before]) => ({
    behind,
    before,
  }));
  rooms.set(scene, drawn);
  return drawn;
}

function svg(content: string): Buffer {
  const { width, height } = CANVAS;
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${content}</svg>`,
  );
}
