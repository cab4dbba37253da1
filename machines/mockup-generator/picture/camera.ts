import type { Pixel } from './homography.ts';

/** A point in a room, in centimetres: to the right, upwards, and out of the back wall towards the viewer. */
export type Place = readonly [x: number, y: number, z: number];

/** A pinhole camera that makes pictures of a size. */
export interface Camera {
  project: (place: Place) => Pixel;
}

/** A camera at a place that looks at another. @param opening degrees that it sees from the left to the right */
export function camera(from: Place, to: Place, opening: number, size: { width: number; height: number }): Camera {
  const forward = unit([to[0] - from[0], to[1] - from[1], to[2] - from[2]]);
  const right = unit(cross(forward, [0, 1, 0]));
  const up = cross(right, forward);
  const focal = size.width / 2 / Math.tan((opening * Math.PI) / 360);
  return {
    project: (place) => {
      const away: Place = [place[0] - from[0], place[1] - from[1], place[2] - from[2]];
      const depth = dot(away, forward);
      return [
        round(size.width / 2 + (focal * dot(away, right)) / depth),
        round(size.height / 2 - (focal * dot(away, up)) / depth),
      ];
    },
  };
}

function dot(a: Place, b: Place): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross(a: Place, b: Place): Place {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function unit(a: Place): Place {
  const length = Math.hypot(...a);
  return [a[0] / length, a[1] / length, a[2] / length];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
