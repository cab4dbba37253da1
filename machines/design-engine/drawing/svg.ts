import type { Drawing, Gradient, Shape } from './drawing.ts';

/** What of a drawing is drawn. */
export type Layers = 'all' | 'ground';

/**
 * A drawing as an SVG document of so many pixels. It has nothing but paths: no text, no font, no reference to anything
 * outside, so that it looks the same everywhere and no text of a user stands in it.
 */
export function toSvg(drawing: Drawing, width: number, height: number, layers: Layers = 'all'): string {
  const { sheet } = drawing;
  const shapes = layers === 'all' ? [...drawing.ground, ...drawing.letters] : drawing.ground;
  const gradients: string[] = [];
  const body = shapes.map((shape) => elementOf(shape, gradients)).join('');
  const box = [-sheet.bleed, -sheet.bleed, sheet.width + 2 * sheet.bleed, sheet.height + 2 * sheet.bleed];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${box.join(' ')}" preserveAspectRatio="none"><defs>${gradients.join('')}</defs>${body}</svg>`;
}

function elementOf({ d, fill, stroke, opacity }: Shape, gradients: string[]): string {
  const painted =
    fill === undefined
      ? 'none'
      : typeof fill === 'string'
        ? fill
        : `url(#g${gradients.push(gradientOf(fill, gradients.length))})`;
  const stroked =
    stroke === undefined
      ? ''
      : ` stroke="${stroke.colour}" stroke-width="${stroke.width}"${stroke.round ? ' stroke-linecap="round" stroke-linejoin="round"' : ''}`;
  // Of the paint, not of the element: that would cost a second picture as large as the whole.
  const faded = opacity === undefined ? '' : ` fill-opacity="${opacity}" stroke-opacity="${opacity}"`;
  return `<path fill="${painted}"${stroked}${faded} d="${d}"/>`;
}

function gradientOf(gradient: Gradient, before: number): string {
  const stops = gradient.stops.map(([offset, colour]) => `<stop offset="${offset}" stop-color="${colour}"/>`).join('');
  const id = `g${before + 1}`;
  if (gradient.kind === 'radial') {
    const [x, y] = gradient.centre;
    return `<radialGradient id="${id}" gradientUnits="userSpaceOnUse" cx="${x}" cy="${y}" r="${gradient.radius}">${stops}</radialGradient>`;
  }
  const [[x1, y1], [x2, y2]] = [gradient.from, gradient.to];
  return `<linearGradient id="${id}" gradientUnits="userSpaceOnUse" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}">${stops}</linearGradient>`;
}
