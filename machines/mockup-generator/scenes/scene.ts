import type { Camera, Place } from '../picture/camera.ts';
import type { Pixel, Quad } from '../picture/homography.ts';

/** Pixels of a mockup. */
export const CANVAS = { width: 1_600, height: 1_200 } as const;

/** What hangs on the picture: SVG below it, where it lies, SVG above it. */
export interface Staged {
  below: string;
  quad: Quad;
  above: string;
}

/** A room that we drew, by shapes of its own; nothing in it comes from anywhere else. */
export interface Scene {
  description: string;
  /** What is the same with every picture: SVG behind everything, and in front of everything. */
  room: { behind: string; before: string };
  /** @param aspect of the picture: its width by its height */
  stage: (aspect: number) => Staged;
}

/** A flat piece of the room, in which shapes are drawn in centimetres. */
export type Plane = (x: number, y: number) => Place;

/** The upright plane so far in front of the back wall. */
export function upright(z: number): Plane {
  return (x, y) => [x, y, z];
}

/** The level plane so high above the floor; its second coordinate goes towards the viewer. */
export function level(height: number): Plane {
  return (x, z) => [x, height, z];
}

/** Shapes on planes, as the camera sees them. */
export class Brush {
  private readonly camera: Camera;

  constructor(camera: Camera) {
    this.camera = camera;
  }

  /** A polygon. */
  polygon(plane: Plane, points: readonly (readonly [number, number])[], paint: string): string {
    return `<path d="${this.path(points.map(([x, y]) => plane(x, y)))}" ${paint}/>`;
  }

  /** A polygon anywhere in the room. */
  surface(places: readonly Place[], paint: string): string {
    return `<path d="${this.path(places)}" ${paint}/>`;
  }

  /** A rectangle, with round corners where a radius is given. */
  rectangle(plane: Plane, x1: number, y1: number, x2: number, y2: number, paint: string, radius = 0): string {
    return this.polygon(plane, roundRectangle(x1, y1, x2, y2, radius), paint);
  }

  /** An ellipse. */
  ellipse(plane: Plane, x: number, y: number, rx: number, ry: number, paint: string): string {
    const points = Array.from({ length: 48 }, (_, index) => {
      const angle = (index / 48) * 2 * Math.PI;
      return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)] as const;
    });
    return this.polygon(plane, points, paint);
  }

  at(place: Place): Pixel {
    return this.camera.project(place);
  }

  quad(plane: Plane, x1: number, y1: number, x2: number, y2: number): Quad {
    return [this.at(plane(x1, y2)), this.at(plane(x2, y2)), this.at(plane(x2, y1)), this.at(plane(x1, y1))];
  }

  private path(places: readonly Place[]): string {
    return `M${places.map((place) => this.at(place).join(' ')).join('L')}Z`;
  }
}

function roundRectangle(x1: number, y1: number, x2: number, y2: number, radius: number): (readonly [number, number])[] {
  if (radius === 0)
    return [
      [x1, y1],
      [x2, y1],
      [x2, y2],
      [x1, y2],
    ];
  const corners = [
    [x2 - radius, y1 + radius, -90],
    [x2 - radius, y2 - radius, 0],
    [x1 + radius, y2 - radius, 90],
    [x1 + radius, y1 + radius, 180],
  ] as const;
  return corners.flatMap(([x, y, from]) =>
    Array.from({ length: 7 }, (_, index) => {
      const angle = ((from + index * 15) * Math.PI) / 180;
      return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)] as const;
    }),
  );
}

/** Width and height of a picture, in centimetres, as large as it may be. */
export function fit(aspect: number, room: { width: number; height: number }): { width: number; height: number } {
  const width = Math.min(room.width, room.height * aspect);
  return { width, height: width / aspect };
}

/** A blur as an SVG filter; half its width is its deviation, in pixels. */
export function blur(id: string, deviation: number): string {
  return `<filter id="${id}" x="-60%" y="-60%" width="220%" height="220%"><feGaussianBlur stdDeviation="${deviation}"/></filter>`;
}
