import { mix } from '../drawing/colour.ts';
import type { Point, Shape, Sheet } from '../drawing/drawing.ts';
import { circle, everything, line, towards } from '../drawing/paths.ts';
import { capitals, grown, letters, sans, setAuthor, setQuote, type Palette, type Room, type Style } from './style.ts';

const QUOTE = sans(400, { family: 'josefin-sans', weight: 400 });
const NAME = sans(400, { family: 'josefin-sans', weight: 400 });

/** Longer quotes are hard to read in capitals. */
const CAPITALS_UP_TO = 90;

/** A clear night: stars, the phases of the moon, gold lines. */
export const night: Style = {
  name: 'night',
  description: 'A clear night with stars and the phases of the moon in gold, set in Josefin Sans.',
  palette: { paper: '#0d1733', ink: '#f6efdd', accent: '#e2bd6b', second: '#2b3a72' },
  draw(words, sheet, palette, scale) {
    const { width, height } = sheet;
    const wide = width / height > 1.3;
    const side = wide ? 170 : 120;
    const inCapitals = words.text.length <= CAPITALS_UP_TO;
    const author =
      words.author === null
        ? undefined
        : setAuthor(words.author, width - 2 * side, { stack: NAME, align: 'center', tracking: 0.08, size: 36 });
    const moon = wide ? 26 : 32;
    const top = Math.max(wide ? 120 : 130, sheet.safe.block);
    const head = 2 * moon + (wide ? 66 : 96);
    const below = author === undefined ? 0 : 92 + author.height;
    const text = inCapitals ? capitals(words.text) : words.text;
    const quote = setQuote(text, { width: width - 2 * side, height: height - 2 * top - head - below }, scale, {
      stack: QUOTE,
      leading: inCapitals ? 1.42 : 1.3,
      tracking: inCapitals ? 0.09 : 0.01,
      align: 'center',
      maxSize: grown(inCapitals ? 94 : 104, sheet),
    });
    const y = (height - head - quote.height - below) / 2;
    const ground: Shape[] = [
      {
        d: everything(sheet),
        fill: {
          kind: 'radial',
          centre: [width / 2, height * 0.42],
          radius: Math.hypot(width, height) * 0.62,
          stops: [
            [0, palette.second],
            [0.55, mix(palette.second, palette.paper, 0.72)],
            [1, palette.paper],
          ],
        },
      },
      ...stars(sheet, palette, {
        x: side,
        y: y - 20,
        width: width - 2 * side,
        height: head + quote.height + below + 60,
      }),
      ...arcs(sheet, palette),
      ...phases([width / 2, y + moon], moon, palette),
    ];
    const shown = [letters(quote, (width - quote.width) / 2, y + head, palette.ink)];
    if (author !== undefined) {
      const middle = y + head + quote.height + 48;
      ground.push(...star([width / 2, middle], 13, palette.accent));
      shown.push(letters(author, (width - author.width) / 2, y + head + quote.height + 92, palette.accent));
    }
    return { ground, letters: shown, size: quote.size };
  },
};

/** Five phases, waxing and waning. */
function phases([x, y]: Point, radius: number, palette: Palette): Shape[] {
  const shapes: Shape[] = [];
  for (const [index, lit] of [0.25, 0.55, 1, 0.55, 0.25].entries()) {
    const place = index - 2;
    const size = radius * (1 - 0.17 * Math.abs(place));
    const centre: Point = [x + place * radius * 2.7, y];
    shapes.push({ d: circle(centre, size), stroke: { colour: palette.accent, width: 1.6 }, opacity: 0.55 });
    shapes.push({ d: moonPath(centre, size, lit, place < 0 ? -1 : 1), fill: palette.accent });
  }
  return shapes;
}

/** The lit part of a moon: a half circle and half an ellipse. */
function moonPath([x, y]: Point, radius: number, lit: number, side: 1 | -1): string {
  if (lit === 1) return circle([x, y], radius);
  const k = radius * 0.5523;
  const outer = side * radius;
  const inner = side * radius * (1 - 2 * lit);
  const bulge = inner * 0.5523;
  return [
    `M${x} ${y - radius}C${x + side * k} ${y - radius} ${x + outer} ${y - k} ${x + outer} ${y}`,
    `C${x + outer} ${y + k} ${x + side * k} ${y + radius} ${x} ${y + radius}`,
    `C${x + bulge} ${y + radius} ${x + inner} ${y + k} ${x + inner} ${y}`,
    `C${x + inner} ${y - k} ${x + bulge} ${y - radius} ${x} ${y - radius}Z`,
  ].join('');
}

/**
 * Scattered by the R2 sequence of M. Roberts (2018), which leaves no clumps and is always the same; none where the words are.
 */
function stars({ width, height, bleed }: Sheet, palette: Palette, words: Room): Shape[] {
  const shapes: Shape[] = [];
  const count = Math.round((150 * width * height) / 1_000_000);
  for (let index = 0; index < count; index++) {
    const x = ((index * 0.754877666) % 1) * (width + 2 * bleed) - bleed;
    const y = ((index * 0.569840296) % 1) * (height + 2 * bleed) - bleed;
    if (x > words.x && x < words.x + words.width && y > words.y && y < words.y + words.height) continue;
    const bright = (index * 37) % 11;
    if (bright === 0) shapes.push(...star([x, y], 8 + (index % 3) * 3, palette.accent));
    else shapes.push({ d: circle([x, y], 0.9 + (bright % 4) * 0.5), fill: palette.ink, opacity: 0.35 + bright * 0.05 });
  }
  return shapes;
}

/** Quarter rings in the corners, like a chart of the sky. */
function arcs({ width, height }: Sheet, palette: Palette): Shape[] {
  const shapes: Shape[] = [];
  for (const [x, y, angle] of [
    [0, 0, 0],
    [width, height, Math.PI],
  ] as const) {
    for (const radius of [150, 176]) {
      shapes.push({ d: circle([x, y], radius), stroke: { colour: palette.accent, width: 1.5 }, opacity: 0.6 });
    }
    for (let tick = 0; tick <= 12; tick++) {
      const turned = angle + (tick / 12) * (Math.PI / 2);
      shapes.push({
        d: line(towards([x, y], turned, 182), towards([x, y], turned, tick % 3 === 0 ? 204 : 192)),
        stroke: { colour: palette.accent, width: 1.5 },
        opacity: 0.6,
      });
    }
  }
  return shapes;
}

/** A star of four points. */
function star([x, y]: Point, size: number, colour: string): Shape[] {
  const waist = size * 0.14;
  const corners: Point[] = [
    [x, y - size],
    [x + waist, y - waist],
    [x + size, y],
    [x + waist, y + waist],
    [x, y + size],
    [x - waist, y + waist],
    [x - size, y],
    [x - waist, y - waist],
  ];
  return [{ d: `M${corners.map((corner) => corner.join(' ')).join('L')}Z`, fill: colour }];
}
