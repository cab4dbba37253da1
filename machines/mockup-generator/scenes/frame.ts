import type { Quad } from '../picture/homography.ts';
import { fit, type Brush, type Plane } from './scene.ts';
import type { Place } from '../picture/camera.ts';

/** A picture's frame. Centimetres. */
export interface FrameLook {
  /** Room for frame and all. */
  width: number;
  height: number;
  moulding: number;
  /** White card between picture and frame. */
  mat: number;
  depth: number;
  /** Of the moulding: as the light falls on its upper, right, lower and left side. */
  colours: readonly [top: string, right: string, bottom: string, left: string];
}

/** A frame that hangs or stands, and the place of the picture in it. */
export interface Framed {
  /** The frame with its card; what casts the shadow is drawn by the scene. */
  svg: string;
  /** Shadow of the moulding on the picture, and a shine of glass. */
  above: string;
  quad: Quad;
  /** Of the outer frame. */
  outer: { x1: number; y1: number; x2: number; y2: number };
}

/**
 * Frames a picture.
 * @param at the middle, and for a frame that stands the lower edge
 * @param lift takes a place in the frame's own plane (x, y, out of it) into the room
 */
export function frame(
  brush: Brush,
  aspect: number,
  look: FrameLook,
  at: { x: number; y: number; stands?: boolean },
  lift: (x: number, y: number, out: number) => Place,
): Framed {
  const around = look.moulding + look.mat;
  const print = fit(aspect, { width: look.width - 2 * around, height: look.height - 2 * around });
  const [halfWidth, height] = [print.width / 2 + around, print.height + 2 * around];
  const y1 = at.stands ? at.y : at.y - height / 2;
  const outer = { x1: at.x - halfWidth, x2: at.x + halfWidth, y1, y2: y1 + height };
  const front: Plane = (x, y) => lift(x, y, look.depth);
  const card: Plane = (x, y) => lift(x, y, look.depth * 0.55);
  const inner = inset(outer, look.moulding);
  const picture = inset(outer, around);
  const [top, right, bottom, left] = look.colours;
  const svg = [
    ...sides(brush, outer, look, lift),
    ring(brush, front, outer, inner, [top, right, bottom, left]),
    rect(brush, card, inner, 'fill="#fbfaf7"'),
    // The bevel that is cut into the card.
    look.mat > 0 ? rect(brush, card, inset(picture, -0.35), 'fill="#e4e0d8"') : '',
  ].join('');
  const shade = shadowInside(brush, card, inner, look);
  return { svg, above: shade, quad: brush.quad(card, picture.x1, picture.y1, picture.x2, picture.y2), outer };
}

type Box = Framed['outer'];

function inset({ x1, y1, x2, y2 }: Box, by: number): Box {
  return { x1: x1 + by, y1: y1 + by, x2: x2 - by, y2: y2 - by };
}

function rect(brush: Brush, plane: Plane, { x1, y1, x2, y2 }: Box, paint: string): string {
  return brush.rectangle(plane, x1, y1, x2, y2, paint);
}

/** The four sides of the moulding, mitred. */
function ring(brush: Brush, plane: Plane, a: Box, b: Box, [top, right, bottom, left]: readonly string[]): string {
  const side = (points: readonly (readonly [number, number])[], colour: string | undefined): string =>
    brush.polygon(plane, points, `fill="${colour}" stroke="${colour}" stroke-width="0.6"`);
  return [
    side(
      [
        [a.x1, a.y2],
        [a.x2, a.y2],
        [b.x2, b.y2],
        [b.x1, b.y2],
      ],
      top,
    ),
    side(
      [
        [a.x2, a.y2],
        [a.x2, a.y1],
        [b.x2, b.y1],
        [b.x2, b.y2],
      ],
      right,
    ),
    side(
      [
        [a.x1, a.y1],
        [a.x2, a.y1],
        [b.x2, b.y1],
        [b.x1, b.y1],
      ],
      bottom,
    ),
    side(
      [
        [a.x1, a.y2],
        [a.x1, a.y1],
        [b.x1, b.y1],
        [b.x1, b.y2],
      ],
      left,
    ),
  ].join('');
}

/** Outer sides: those that the camera sees; the front covers the others. */
function sides(
  brush: Brush,
  box: Box,
  { depth, colours }: FrameLook,
  lift: (x: number, y: number, out: number) => Place,
): string[] {
  const wall = (x1: number, y1: number, x2: number, y2: number, colour: string): string =>
    brush.surface([lift(x1, y1, 0), lift(x2, y2, 0), lift(x2, y2, depth), lift(x1, y1, depth)], `fill="${colour}"`);
  const [top, right, bottom, left] = colours;
  return [
    wall(box.x1, box.y2, box.x2, box.y2, top),
    wall(box.x1, box.y1, box.x2, box.y1, bottom),
    wall(box.x1, box.y1, box.x1, box.y2, left),
    wall(box.x2, box.y1, box.x2, box.y2, right),
  ];
}

/** The moulding stands out of the card and shades its upper and left edge; glass lightens a stripe. */
function shadowInside(brush: Brush, card: Plane, box: Box, { depth }: FrameLook): string {
  const wide = depth * 0.7;
  const corners = brush.quad(card, box.x1, box.y1, box.x2, box.y2);
  const clip = `<clipPath id="inside"><path d="M${corners.map((corner) => corner.join(' ')).join('L')}Z"/></clipPath>`;
  const [w, h] = [box.x2 - box.x1, box.y2 - box.y1];
  return [
    `<defs>${clip}<filter id="soft" x="-50%" y="-50%" width="200%" height="200%"><feGaussianBlur stdDeviation="7"/></filter></defs>`,
    `<g clip-path="url(#inside)">`,
    `<g filter="url(#soft)" fill="#1c1410" fill-opacity="0.34">`,
    brush.rectangle(card, box.x1 - 3, box.y2 - wide, box.x2 + 3, box.y2 + 3, ''),
    brush.rectangle(card, box.x1 - 3, box.y1 - 3, box.x1 + wide * 0.8, box.y2 + 3, ''),
    '</g>',
    brush.polygon(
      card,
      [
        [box.x1 + w * 0.52, box.y2],
        [box.x1 + w * 0.86, box.y2],
        [box.x1 + w * 0.34, box.y1],
        [box.x1, box.y1],
        [box.x1, box.y1 + h * 0.06],
      ],
      'fill="#ffffff" fill-opacity="0.055"',
    ),
    '</g>',
  ].join('');
}
