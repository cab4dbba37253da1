import sharp from 'sharp';

/** Pixels, three bytes each: red, green, blue. */
export interface Pixels {
  data: Buffer;
  width: number;
  height: number;
}

/** What a picture file says of itself. */
export interface FileFacts {
  width: number;
  height: number;
  /** Dots an inch, where the file names them. */
  density: number | null;
}

/** Measured on pictures not larger than this: a letter that can be read has pixels enough left. */
const LONG_SIDE = 1_400;

/** The size at which pictures of so many pixels are measured. */
export function measuringSize(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, LONG_SIDE / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** Size and density, from the file's head. @throws Error when it is no picture */
export async function factsOf(file: Buffer): Promise<FileFacts> {
  const { width, height, density } = await sharp(file, { limitInputPixels: 100_000_000 }).metadata();
  return { width, height, density: density ?? null };
}

/** Decodes all of a picture and brings it to a size. @throws Error when it is broken or cut off */
export async function decode(file: Buffer, size: { width: number; height: number }): Promise<Pixels> {
  const { data, info } = await sharp(file, { limitInputPixels: 100_000_000, failOn: 'truncated', sequentialRead: true })
    .flatten({ background: '#ffffff' })
    .resize(size.width, size.height, { fit: 'fill', kernel: 'cubic' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}
