import type { Box, Point } from './placed.ts';

/** What part of a chart is seen: canvas × scale + (x, y) = window. */
export interface View {
  x: number;
  y: number;
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

export const MIN_SCALE = 0.1;
const MAX_SCALE = 2.5;
/** Below it names cannot be read: it is better to see a part. */
const READABLE = 0.62;
const MARGIN = 16;
/** What lies over the lower edge: the legend and the buttons. */
const FOOT = 44;

/** All of the canvas, in the middle. */
export function fitted(window: Size, canvas: Size): View {
  const height = window.height - FOOT;
  const scale = clamp(Math.min((window.width - MARGIN * 2) / canvas.width, (height - MARGIN) / canvas.height, 1));
  return {
    scale,
    x: (window.width - canvas.width * scale) / 2,
    y: (height + MARGIN - canvas.height * scale) / 2,
  };
}

/** All of it where that can be read, else the part around a box. */
export function opened(window: Size, canvas: Size, around: Box | undefined): View {
  const all = fitted(window, canvas);
  if (all.scale >= READABLE || around === undefined) return all;
  const scale = clamp(
    Math.min(0.85, (window.width - MARGIN * 2) / around.width, (window.height - MARGIN * 2) / around.height),
  );
  return centred(window, canvas, around, Math.max(scale, all.scale));
}

/** A box in the middle, without showing more of what is beyond the canvas than has to be. */
export function centred(window: Size, canvas: Size, box: Box, scale: number): View {
  return {
    scale,
    x: held(window.width / 2 - (box.x + box.width / 2) * scale, window.width, canvas.width * scale),
    y: held((window.height - FOOT) / 2 - (box.y + box.height / 2) * scale, window.height - FOOT, canvas.height * scale),
  };
}

/** Nearer or further, with what is at the point staying there. */
export function zoomed(view: View, at: Point, factor: number): View {
  const scale = clamp(view.scale * factor);
  const ratio = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio };
}

/** Whether all of a box is seen. */
export function shows(view: View, window: Size, box: Box): boolean {
  const left = box.x * view.scale + view.x;
  const top = box.y * view.scale + view.y;
  return (
    left >= 0 &&
    top >= 0 &&
    left + box.width * view.scale <= window.width &&
    top + box.height * view.scale <= window.height - FOOT
  );
}

/** The box around boxes; undefined around none. */
export function around(boxes: readonly Box[]): Box | undefined {
  if (boxes.length === 0) return undefined;
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  return {
    x,
    y,
    width: Math.max(...boxes.map((box) => box.x + box.width)) - x,
    height: Math.max(...boxes.map((box) => box.y + box.height)) - y,
  };
}

function held(offset: number, window: number, canvas: number): number {
  if (canvas + MARGIN * 2 <= window) return (window - canvas) / 2;
  return Math.min(MARGIN, Math.max(window - canvas - MARGIN, offset));
}

function clamp(scale: number): number {
  return Math.min(MAX_SCALE, Math.max(MIN_SCALE, scale));
}
