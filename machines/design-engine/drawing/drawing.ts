/** A colour as `#rrggbb`. */
export type Colour = string;

/** A run of colours along a line, or outwards from a centre. Points are in the drawing's units, offsets from 0 to 1. */
export type Gradient =
  | { kind: 'linear'; from: Point; to: Point; stops: readonly Stop[] }
  | { kind: 'radial'; centre: Point; radius: number; stops: readonly Stop[] };
export type Point = readonly [x: number, y: number];
export type Stop = readonly [offset: number, colour: Colour];

/** A filled or stroked path. */
export interface Shape {
  /** SVG path data with absolute M, L, Q, C and Z. */
  d: string;
  fill?: Colour | Gradient;
  stroke?: { colour: Colour; width: number; round?: boolean };
  /** 0 to 1. */
  opacity?: number;
}

/** The sheet that is drawn on. One unit is a thousandth of its short side; the origin is the corner of the trimmed sheet. */
export interface Sheet {
  width: number;
  height: number;
  /** What is printed beyond each edge and cut off. */
  bleed: number;
  /** No letter comes nearer to the left and right edges, and to the top and bottom ones. */
  safe: { inline: number; block: number };
}

/** A picture in vectors, apart in what lies below and the letters: so that the letters can be measured in the pixels. */
export interface Drawing {
  sheet: Sheet;
  ground: readonly Shape[];
  letters: readonly Shape[];
  /** One em of the quote, in units. */
  size: number;
}
