import type { Point, Sheet } from './drawing.ts';

/** A rectangle; with a radius, with round corners. */
export function rectangle(x: number, y: number, width: number, height: number, radius = 0): string {
  const right = x + width;
  const bottom = y + height;
  if (radius === 0) return `M${x} ${y}L${right} ${y}L${right} ${bottom}L${x} ${bottom}Z`;
  const k = radius * 0.4477;
  return [
    `M${x + radius} ${y}L${right - radius} ${y}C${right - k} ${y} ${right} ${y + k} ${right} ${y + radius}`,
    `L${right} ${bottom - radius}C${right} ${bottom - k} ${right - k} ${bottom} ${right - radius} ${bottom}`,
    `L${x + radius} ${bottom}C${x + k} ${bottom} ${x} ${bottom - k} ${x} ${bottom - radius}`,
    `L${x} ${y + radius}C${x} ${y + k} ${x + k} ${y} ${x + radius} ${y}Z`,
  ].join('');
}

/** The whole sheet with its bleed. */
export function everything({ width, height, bleed }: Sheet): string {
  return rectangle(-bleed, -bleed, width + 2 * bleed, height + 2 * bleed);
}

/** A circle of four Bézier curves. */
export function circle([x, y]: Point, radius: number): string {
  return ellipse([x, y], radius, radius);
}

/** An ellipse of four Bézier curves. */
export function ellipse([x, y]: Point, rx: number, ry: number): string {
  const kx = rx * 0.5523;
  const ky = ry * 0.5523;
  return [
    `M${x + rx} ${y}C${x + rx} ${y + ky} ${x + kx} ${y + ry} ${x} ${y + ry}`,
    `C${x - kx} ${y + ry} ${x - rx} ${y + ky} ${x - rx} ${y}`,
    `C${x - rx} ${y - ky} ${x - kx} ${y - ry} ${x} ${y - ry}`,
    `C${x + kx} ${y - ry} ${x + rx} ${y - ky} ${x + rx} ${y}Z`,
  ].join('');
}

/** A straight stroke. */
export function line([x1, y1]: Point, [x2, y2]: Point): string {
  return `M${x1} ${y1}L${x2} ${y2}`;
}

/** A point at an angle (radians, clockwise from the right) and a distance. */
export function towards([x, y]: Point, angle: number, distance: number): Point {
  return [round(x + Math.cos(angle) * distance), round(y + Math.sin(angle) * distance)];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
