import { contrast, luminance } from '../drawing/colour.ts';
import type { Pixels } from './pixels.ts';

/** What is measured of the letters in a picture. */
export interface Measured {
  /** WCAG contrast ratio of the middle of strokes and what lies below them, that nine of ten places reach. */
  contrast: number;
  /** Where letters are: from the left and upper edge, as shares of the picture. Null where none were found. */
  box: { left: number; top: number; right: number; bottom: number } | null;
  /** Letters' pixels in relation to what was to be drawn: 1 when all letters are there and whole. */
  whole: number;
}

/** Below that nothing is seen: noise of a JPEG. Distance of two colours, 0 to 441. */
const NOISE = 24;

/**
 * Finds the letters in a picture's real pixels, by what differs from the same picture without them, and measures them.
 * @param expected the picture as it was to be drawn
 * @param ground the same without letters
 */
export function measureLetters(delivered: Pixels, expected: Pixels, ground: Pixels): Measured {
  const found = differenceOf(delivered, ground);
  const wanted = differenceOf(expected, ground);
  const ratios: number[] = [];
  const box = { left: 1, top: 1, right: 0, bottom: 0 };
  const { width, height } = delivered;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      if (!isMiddle(found.by, x, y, width, height) || isEdge(ground, x, y, found.by[pixel] ?? 0)) continue;
      ratios.push(contrast(luminanceAt(delivered, pixel), luminanceAt(ground, pixel)));
      box.left = Math.min(box.left, x / width);
      box.right = Math.max(box.right, (x + 1) / width);
      box.top = Math.min(box.top, y / height);
      box.bottom = Math.max(box.bottom, (y + 1) / height);
    }
  }
  ratios.sort((a, b) => a - b);
  return {
    contrast: ratios[Math.floor(ratios.length * 0.1)] ?? 1,
    box: ratios.length === 0 ? null : box,
    whole: wanted.ink === 0 ? 0 : 1 - mismatch(found, wanted),
  };
}

interface Difference {
  /** By pixel, 0 to 441. */
  by: Float32Array;
  /** Sum over all pixels. */
  ink: number;
}

function differenceOf(picture: Pixels, ground: Pixels): Difference {
  const count = picture.width * picture.height;
  const by = new Float32Array(count);
  let ink = 0;
  for (let pixel = 0; pixel < count; pixel++) {
    const at = pixel * 3;
    const red = (picture.data[at] ?? 0) - (ground.data[at] ?? 0);
    const green = (picture.data[at + 1] ?? 0) - (ground.data[at + 1] ?? 0);
    const blue = (picture.data[at + 2] ?? 0) - (ground.data[at + 2] ?? 0);
    const distance = Math.hypot(red, green, blue);
    if (distance < NOISE / 2) continue;
    by[pixel] = distance;
    ink += distance;
  }
  return { by, ink };
}

/** Share of the ink that was to be there and is not, or is where none was to be. */
function mismatch(found: Difference, wanted: Difference): number {
  let wrong = 0;
  for (let pixel = 0; pixel < wanted.by.length; pixel++) {
    wrong += Math.abs((found.by[pixel] ?? 0) - (wanted.by[pixel] ?? 0));
  }
  return Math.min(1, wrong / wanted.ink);
}

/**
 * Whether a pixel is in the middle of a stroke: none within two pixels differs more. What smoothing leaves at the edges
 * is neither seen as a colour nor measured.
 */
function isMiddle(by: Float32Array, x: number, y: number, width: number, height: number): boolean {
  const own = by[y * width + x] ?? 0;
  if (own < NOISE) return false;
  for (let ny = Math.max(0, y - 2); ny <= Math.min(height - 1, y + 2); ny++) {
    for (let nx = Math.max(0, x - 2); nx <= Math.min(width - 1, x + 2); nx++) {
      if ((by[ny * width + nx] ?? 0) > own) return false;
    }
  }
  return true;
}

/** Edges of the ground are smoothed a little differently in each file: what differs no more than that is no letter. */
function isEdge({ data, width, height }: Pixels, x: number, y: number, difference: number): boolean {
  let steepness = 0;
  for (let channel = 0; channel < 3; channel++) {
    let [least, most] = [255, 0];
    for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
      for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
        const value = data[(ny * width + nx) * 3 + channel] ?? 0;
        least = Math.min(least, value);
        most = Math.max(most, value);
      }
    }
    steepness += (most - least) ** 2;
  }
  return difference < NOISE + 0.6 * Math.sqrt(steepness);
}

function luminanceAt({ data }: Pixels, pixel: number): number {
  const at = pixel * 3;
  return luminance([data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0]);
}
