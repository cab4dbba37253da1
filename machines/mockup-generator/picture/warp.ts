import { inverse, squareTo, type Pixel, type Quad } from './homography.ts';

/** Pixels of a picture; `channels` bytes each. */
export interface Raster {
  data: Uint8Array;
  width: number;
  height: number;
  channels: 3 | 4;
}

/** Samples along each side of a pixel: the picture comes in about the size at which it is seen, so that few will do. */
const SAMPLES = 2;

/**
 * Lays a picture onto a quadrilateral as a camera would see it: for each pixel four samples, each taken back through the
 * inverse map and read between its four neighbours. Edges are as smooth as they cover their pixels. The picture should
 * be about as large as the quadrilateral ({@link sizeFor}), so that no detail is skipped.
 * @returns red, green, blue and alpha of the box around it, and where that lies
 */
export function warp(source: Raster, quad: Quad): Raster & { left: number; top: number } {
  const [a, b, c, d, e, f, g, h, i] = inverse(squareTo(quad));
  const xs = quad.map(([x]) => x);
  const ys = quad.map(([, y]) => y);
  const [left, top] = [Math.floor(Math.min(...xs)), Math.floor(Math.min(...ys))];
  const [width, height] = [Math.ceil(Math.max(...xs)) - left, Math.ceil(Math.max(...ys)) - top];
  const data = new Uint8Array(width * height * 4);
  // Plain arithmetic in one loop: it runs some millions of times a picture.
  const sum = new Float64Array(3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      sum.fill(0);
      let inside = 0;
      for (let sample = 0; sample < SAMPLES * SAMPLES; sample++) {
        const px = left + x + ((sample % SAMPLES) + 0.5) / SAMPLES;
        const py = top + y + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES;
        const w = g * px + h * py + i;
        const u = (a * px + b * py + c) / w;
        const v = (d * px + e * py + f) / w;
        if (u < 0 || u > 1 || v < 0 || v > 1) continue;
        inside++;
        addSample(source, u, v, sum);
      }
      if (inside === 0) continue;
      const at = (y * width + x) * 4;
      for (let channel = 0; channel < 3; channel++) data[at + channel] = Math.round((sum[channel] ?? 0) / inside);
      data[at + 3] = Math.round((255 * inside) / (SAMPLES * SAMPLES));
    }
  }
  return { data, width, height, channels: 4, left, top };
}

/** Pixels that a picture should have to be laid onto a quadrilateral: as many as its longer sides. */
export function sizeFor([a, b, c, d]: Quad): { width: number; height: number } {
  const length = ([x1, y1]: Pixel, [x2, y2]: Pixel): number => Math.hypot(x2 - x1, y2 - y1);
  return {
    width: Math.max(2, Math.ceil(Math.max(length(a, b), length(d, c)))),
    height: Math.max(2, Math.ceil(Math.max(length(a, d), length(b, c)))),
  };
}

/** Adds the colour between the four pixels around a place. */
function addSample({ data, width, height, channels }: Raster, u: number, v: number, sum: Float64Array): void {
  const x = Math.min(width - 1, Math.max(0, u * width - 0.5));
  const y = Math.min(height - 1, Math.max(0, v * height - 0.5));
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  const right = x0 + 1 < width ? channels : 0;
  const down = y0 + 1 < height ? width * channels : 0;
  const fx = x - x0;
  const fy = y - y0;
  const at = (y0 * width + x0) * channels;
  for (let channel = 0; channel < 3; channel++) {
    const here = at + channel;
    const above = (data[here] ?? 0) * (1 - fx) + (data[here + right] ?? 0) * fx;
    const below = (data[here + down] ?? 0) * (1 - fx) + (data[here + down + right] ?? 0) * fx;
    sum[channel] = (sum[channel] ?? 0) + above * (1 - fy) + below * fy;
  }
}
