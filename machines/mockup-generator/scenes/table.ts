import { camera } from '../picture/camera.ts';
import type { Pixel, Quad } from '../picture/homography.ts';
import { blur, Brush, CANVAS, fit, level, type Plane, type Scene } from './scene.ts';

const brush = new Brush(camera([-6, 78, 60], [2, 0, 3], 44, CANVAS));
const table = level(0);
/** Degrees that the sheet is turned. */
const TURN = -7;

/** An unframed print that lies on a table, seen from a chair. */
export const tableTop: Scene = {
  description: 'Unframed on a wooden table with a cup of coffee, seen from a chair.',
  room: {
    behind: [
      '<defs><linearGradient id="wood" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#8c6546"/><stop offset="0.5" stop-color="#7a563a"/><stop offset="1" stop-color="#65452d"/></linearGradient></defs>',
      `<rect width="${CANVAS.width}" height="${CANVAS.height}" fill="url(#wood)"/>`,
      ...planks(),
    ].join(''),
    before: [
      `<defs>${blur('a22', 20)}${blur('a12', 11)}${blur('a5', 5)}`,
      '<linearGradient id="cup" x1="0" y1="0" x2="1" y2="0"><stop offset="0" stop-color="#ffffff"/><stop offset="0.55" stop-color="#e9e4dc"/><stop offset="1" stop-color="#b1a798"/></linearGradient>',
      '<radialGradient id="coffee" cx="0.42" cy="0.4" r="0.7"><stop offset="0" stop-color="#7a4a26"/><stop offset="0.75" stop-color="#4a2a13"/><stop offset="1" stop-color="#2e190b"/></radialGradient>',
      '<linearGradient id="light" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#fff4dd" stop-opacity="0.2"/><stop offset="0.5" stop-color="#fff4dd" stop-opacity="0"/><stop offset="1" stop-color="#1d0f05" stop-opacity="0.3"/></linearGradient>',
      '</defs>',
      shade(),
      `<rect width="${CANVAS.width}" height="${CANVAS.height}" fill="url(#light)"/>`,
      cup(),
      pencil(),
    ].join(''),
  },
  stage(aspect) {
    const { width, height } = fit(aspect, { width: 46, height: 44 });
    const corner = (x: number, y: number): readonly [number, number] => [(x * width) / 2, (y * height) / 2];
    const outline = [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)] as const;
    const sheet = turned(-3, 1, 0.25);
    const at = ([x, y]: readonly [number, number]): Pixel => brush.at(sheet(x, y));
    const quad: Quad = [at(outline[0]), at(outline[1]), at(outline[2]), at(outline[3])];
    const shadow = (dx: number, dz: number): string => brush.polygon(turned(dx - 3, 1 + dz, 0), outline, '');
    const below = [
      `<defs>${blur('b16', 14)}${blur('b4', 3)}</defs>`,
      `<g filter="url(#b16)" fill="#1d0f05" fill-opacity="0.5">${shadow(1.4, 1)}</g>`,
      `<g filter="url(#b4)" fill="#1d0f05" fill-opacity="0.55">${shadow(0.3, 0.25)}</g>`,
    ].join('');
    return { below, quad, above: '' };
  },
};

/** The sheet's plane: its middle at a place on the table, turned, so high above it. Its first coordinate goes right, its second towards the reader. */
function turned(x: number, z: number, height: number): Plane {
  const angle = (TURN * Math.PI) / 180;
  return (u, v) => [
    x + u * Math.cos(angle) - v * Math.sin(angle),
    height,
    z + u * Math.sin(angle) + v * Math.cos(angle),
  ];
}

function planks(): string[] {
  return Array.from({ length: 11 }, (_, index) => {
    const x = -90 + index * 17;
    const tone = ['#8a6344', '#7c583b', '#926a49', '#745236'][index % 4];
    const board = brush.polygon(
      table,
      [
        [x, -90],
        [x + 16.8, -90],
        [x + 16.8, 44],
        [x, 44],
      ],
      `fill="${tone}" fill-opacity="0.75"`,
    );
    const grain = Array.from({ length: 6 }, (_, line) => {
      const at = x + 1.6 + line * 2.5 + ((index * 7 + line * 3) % 5) * 0.22;
      const bend = ((index + line) % 3) * 0.5 - 0.5;
      return brush.polygon(
        table,
        [
          [at, -90],
          [at + bend, -20],
          [at - bend * 0.5, 44],
          [at + 0.2 - bend * 0.5, 44],
          [at + 0.22 + bend, -20],
          [at + 0.16, -90],
        ],
        'fill="#3f2815" fill-opacity="0.26"',
      );
    });
    const gap = brush.polygon(
      table,
      [
        [x - 0.14, -90],
        [x + 0.14, -90],
        [x + 0.14, 44],
        [x - 0.14, 44],
      ],
      'fill="#2a1809" fill-opacity="0.8"',
    );
    return board + grain.join('') + gap;
  });
}

/** Soft shadows of leaves in front of a window, across table and sheet. */
function shade(): string {
  const leaves = Array.from({ length: 11 }, (_, index) => {
    const along = index / 10;
    const [x, z] = [-34 + along * 30, -30 + along * 34];
    const side = index % 2 === 0 ? 1 : -1;
    const angle = ((38 + side * 52) * Math.PI) / 180;
    const length = 15 - along * 6;
    return brush.polygon(
      table,
      Array.from({ length: 25 }, (_, point) => {
        const share = point <= 12 ? point / 12 : (24 - point) / 12;
        const breadth = Math.sin(Math.PI * share) * length * 0.15 * (point <= 12 ? 1 : -1);
        return [
          x + Math.cos(angle) * share * length - Math.sin(angle) * breadth,
          z + Math.sin(angle) * share * length + Math.cos(angle) * breadth,
        ] as const;
      }),
      '',
    );
  });
  return `<g filter="url(#a12)" fill="#2a1a10" fill-opacity="0.17">${leaves.join('')}</g>`;
}

/** A cup on its saucer. */
function cup(): string {
  const [x, z] = [37, -12];
  const ring = (radius: number, height: number, paint: string): string =>
    brush.ellipse(level(height), x, z, radius, radius, paint);
  const wall = (low: number, high: number, from: number, to: number): string => {
    const half = Array.from({ length: 25 }, (_, index) => (index / 24) * 2 * Math.PI);
    const lower = half.map((angle) => brush.at([x + from * Math.cos(angle), low, z + from * Math.sin(angle)]));
    const upper = half.map((angle) => brush.at([x + to * Math.cos(angle), high, z + to * Math.sin(angle)]));
    return `<path d="${hull([...lower, ...upper])}" fill="url(#cup)"/>`;
  };
  return [
    `<g filter="url(#a22)" fill="#170b03" fill-opacity="0.6">${brush.ellipse(table, x + 3, z + 2, 12.5, 12, '')}</g>`,
    ring(11, 0.4, 'fill="#cfc7ba"'),
    ring(11, 1, 'fill="#f4f0ea"'),
    ring(7, 1.05, 'fill="#ded7cc"'),
    `<g filter="url(#a5)" fill="#2b1b0e" fill-opacity="0.35">${brush.ellipse(level(1.1), x + 1.6, z + 0.8, 6, 5.6, '')}</g>`,
    `<path d="${handle(x, z)}" fill="none" stroke="#cdc4b6" stroke-width="17" stroke-linecap="round"/>`,
    wall(1.2, 8.4, 3.6, 6.1),
    ring(6.1, 8.4, 'fill="#fbf9f5"'),
    ring(5.6, 8.2, 'fill="#d8d0c4"'),
    ring(5.4, 7.4, 'fill="url(#coffee)"'),
    `<g filter="url(#a5)">${brush.ellipse(level(7.45), x - 1.6, z - 1.4, 1.9, 1, 'fill="#d9a877" fill-opacity="0.55"')}</g>`,
  ].join('');
}

function handle(x: number, z: number): string {
  const [a, b, c, d] = [
    brush.at([x + 5.2, 6.9, z + 2.4]),
    brush.at([x + 11, 7.4, z + 5.2]),
    brush.at([x + 10, 2.6, z + 5]),
    brush.at([x + 4.2, 3, z + 2.2]),
  ];
  return `M${a.join(' ')}C${b.join(' ')} ${c.join(' ')} ${d.join(' ')}`;
}

/** The outline around points (A. Andrew's monotone chain, 1979). */
function hull(points: readonly (readonly [number, number])[]): string {
  const sorted = points.toSorted(([ax, ay], [bx, by]) => ax - bx || ay - by);
  const half = (all: typeof sorted): typeof sorted => {
    const kept: (readonly [number, number])[] = [];
    for (const point of all) {
      for (;;) {
        const [a, b] = kept.slice(-2);
        if (a === undefined || b === undefined) break;
        if ((b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) > 0) break;
        kept.pop();
      }
      kept.push(point);
    }
    return kept.slice(0, -1);
  };
  return `M${[...half(sorted), ...half(sorted.toReversed())].map((point) => point.join(' ')).join('L')}Z`;
}

/** A pencil left of the sheet. */
function pencil(): string {
  const along = (from: number, to: number, width: number, height: number, paint: string): string => {
    const place = (share: number, side: number): readonly [number, number] => [-37 + share * 7 + side, 16 - share * 34];
    return brush.polygon(
      level(height),
      [place(from, -width), place(to, -width), place(to, width), place(from, width)],
      paint,
    );
  };
  return [
    `<g filter="url(#a5)" fill="#170b03" fill-opacity="0.5">${along(-0.01, 1.03, 0.7, 0, '')}</g>`,
    along(0.05, 0.9, 0.55, 0.6, 'fill="#e0a52c"'),
    along(0.05, 0.9, 0.16, 0.62, 'fill="#f2c55b"'),
    along(0, 0.05, 0.55, 0.6, 'fill="#d98b8b"'),
    along(0.045, 0.07, 0.58, 0.61, 'fill="#b9bcc0"'),
    along(0.9, 0.965, 0.36, 0.6, 'fill="#ecd3a8"'),
    along(0.965, 1, 0.15, 0.6, 'fill="#3a3330"'),
  ].join('');
}
