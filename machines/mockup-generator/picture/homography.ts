/** A point on a picture, in pixels from the upper left corner. */
export type Pixel = readonly [x: number, y: number];

/** Corners from the upper left one clockwise. */
export type Quad = readonly [Pixel, Pixel, Pixel, Pixel];

/** A projective map of the plane, row by row. */
export type Homography = readonly [number, number, number, number, number, number, number, number, number];

/**
 * The map that takes the unit square's corners to a quadrilateral's (P. Heckbert, Fundamentals of Texture Mapping and
 * Image Warping, 1989, section 2.2.3).
 * @throws Error when the corners lie on a line
 */
export function squareTo([[x0, y0], [x1, y1], [x2, y2], [x3, y3]]: Quad): Homography {
  const [dx1, dx2, dx3] = [x1 - x2, x3 - x2, x0 - x1 + x2 - x3];
  const [dy1, dy2, dy3] = [y1 - y2, y3 - y2, y0 - y1 + y2 - y3];
  const determinant = dx1 * dy2 - dx2 * dy1;
  if (Math.abs(determinant) < 1e-9) throw new Error('The corners of a quadrilateral must not lie on a line.');
  const g = (dx3 * dy2 - dx2 * dy3) / determinant;
  const h = (dx1 * dy3 - dx3 * dy1) / determinant;
  return [x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h, 1];
}

/** The map that goes back; up to a factor, which a projective map does not have. */
export function inverse([a, b, c, d, e, f, g, h, i]: Homography): Homography {
  return [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ];
}

/** Where a point is taken. */
export function apply([a, b, c, d, e, f, g, h, i]: Homography, x: number, y: number): Pixel {
  const w = g * x + h * y + i;
  return [(a * x + b * y + c) / w, (d * x + e * y + f) / w];
}
