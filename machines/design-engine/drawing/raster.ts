import sharp from 'sharp';

/** A picture file, and what it is. */
export interface Picture {
  bytes: Buffer;
  width: number;
  height: number;
}

/**
 * An SVG document as PNG or JPEG, in sRGB. Its pixels pass in bands: of the largest print, too, only some are in memory.
 * @param dpi written into the file, for printers; null where it means nothing
 */
export async function rasterise(svg: string, type: 'png' | 'jpeg', dpi: number | null): Promise<Picture> {
  // Letters end sharp: no subsampling of their colours.
  const encoded = sharp(Buffer.from(svg), { limitInputPixels: 100_000_000, sequentialRead: true })
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .withMetadata(dpi === null ? {} : { density: dpi });
  const { data, info } = await (
    type === 'png' ? encoded.png({ compressionLevel: 7 }) : encoded.jpeg({ quality: 92, chromaSubsampling: '4:4:4' })
  ).toBuffer({ resolveWithObject: true });
  return { bytes: data, width: info.width, height: info.height };
}
