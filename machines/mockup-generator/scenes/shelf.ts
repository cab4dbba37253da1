import { camera, type Place } from '../picture/camera.ts';
import { frame } from './frame.ts';
import { blur, Brush, CANVAS, level, upright, type Scene } from './scene.ts';

const brush = new Brush(camera([-74, 118, 262], [4, 112, 10], 40, CANVAS));
const SHELF = 70;
const top = level(SHELF);
const wall = upright(0.1);
/** Degrees that the frame leans back. */
const LEAN = 4.5;

/** A frame that leans on a shelf between a vase and books. */
export const shelf: Scene = {
  description: 'Leaning in a thin black frame on a shelf, between a vase and books.',
  room: {
    behind: [
      `<defs>${blur('b26', 24)}`,
      `<radialGradient id="wall" cx="0.32" cy="0.3" r="0.95"><stop offset="0" stop-color="#dfe3dc"/><stop offset="0.6" stop-color="#c6cdc4"/><stop offset="1" stop-color="#a3aca2"/></radialGradient>`,
      `<linearGradient id="wood" x1="0" y1="0" x2="1" y2="0.2"><stop offset="0" stop-color="#c99c68"/><stop offset="0.5" stop-color="#d9b07d"/><stop offset="1" stop-color="#b98a57"/></linearGradient>`,
      `<linearGradient id="edge" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#b08250"/><stop offset="1" stop-color="#8f6739"/></linearGradient>`,
      '</defs>',
      `<rect width="${CANVAS.width}" height="${CANVAS.height}" fill="url(#wall)"/>`,
      // The shadow of the shelf below it, then the shelf.
      `<g filter="url(#b26)" fill="#2c332c" fill-opacity="0.42">${brush.rectangle(wall, -150, 44, 150, 65, '')}</g>`,
      brush.polygon(
        top,
        [
          [-170, 0],
          [170, 0],
          [170, 46],
          [-170, 46],
        ],
        'fill="url(#wood)"',
      ),
      ...grain(),
      brush.rectangle(upright(46), -170, SHELF - 5.5, 170, SHELF, 'fill="url(#edge)"'),
      brush.rectangle(upright(46), -170, SHELF - 0.5, 170, SHELF, 'fill="#e7c696" fill-opacity="0.7"'),
    ].join(''),
    before: [`<defs>${blur('a16', 14)}${blur('a8', 8)}${gradients()}</defs>`, vase(), books()].join(''),
  },
  stage(aspect) {
    const framed = frame(
      brush,
      aspect,
      {
        width: 72,
        height: 82,
        moulding: 1.1,
        mat: 3.4,
        depth: 2,
        colours: ['#3a3733', '#262321', '#1d1b19', '#2f2c29'],
      },
      { x: 2, y: SHELF, stands: true },
      lean,
    );
    const { x1, x2, y2 } = framed.outer;
    const below = [
      `<defs>${blur('b26', 24)}${blur('b10', 9)}${blur('b4', 4)}</defs>`,
      // What the frame throws on wall and shelf; the light comes from the left.
      `<g filter="url(#b26)" fill="#232a23" fill-opacity="0.5">${brush.polygon(
        wall,
        [
          [x1 + 6, SHELF],
          [x2 + 17, SHELF],
          [x2 + 13, y2 - 3],
          [x1 + 6, y2 - 2],
        ],
        '',
      )}</g>`,
      `<g filter="url(#b10)" fill="#3c2a14" fill-opacity="0.5">${brush.polygon(
        top,
        [
          [x1 - 1, 14],
          [x2 + 1, 14],
          [x2 + 12, 2],
          [x1 + 4, 2],
        ],
        '',
      )}</g>`,
      `<g filter="url(#b4)" fill="#2a1c0c" fill-opacity="0.6">${brush.polygon(
        top,
        [
          [x1, 17],
          [x2, 17],
          [x2, 20],
          [x1, 20],
        ],
        '',
      )}</g>`,
      framed.svg,
    ].join('');
    return { below, quad: framed.quad, above: framed.above };
  },
};

function lean(x: number, y: number, out: number): Place {
  const angle = (LEAN * Math.PI) / 180;
  const up = y - SHELF;
  return [x, SHELF + up * Math.cos(angle) + out * Math.sin(angle), 16 - up * Math.sin(angle) + out * Math.cos(angle)];
}

function grain(): string[] {
  return Array.from({ length: 16 }, (_, index) => {
    const z = 2 + index * 2.8;
    const from = -170 + ((index * 67) % 120);
    return brush.polygon(
      top,
      [
        [from, z],
        [from + 210, z + 0.6],
        [from + 210, z + 0.9],
        [from, z + 0.25],
      ],
      'fill="#8a6236" fill-opacity="0.22"',
    );
  });
}

function gradients(): string {
  return [
    '<linearGradient id="clay" x1="0" y1="0" x2="1" y2="0"><stop offset="0" stop-color="#f3e8dc"/><stop offset="0.45" stop-color="#e3d2c0"/><stop offset="1" stop-color="#a8917b"/></linearGradient>',
    '<linearGradient id="wax" x1="0" y1="0" x2="1" y2="0"><stop offset="0" stop-color="#f5efe3"/><stop offset="1" stop-color="#cfc3ad"/></linearGradient>',
  ].join('');
}

/** A round vase with dry stems. */
function vase(): string {
  const z = 26;
  const at = upright(z);
  const [x, half] = [-58, 13];
  const profile = Array.from({ length: 25 }, (_, index) => index / 24).map(
    (share) => [share * 27, half * (0.42 + 0.58 * Math.sin(Math.PI * (0.14 + share * 0.74)) ** 0.9)] as const,
  );
  const outline = [
    ...profile.map(([y, r]) => [x - r, SHELF + y] as const),
    ...profile.toReversed().map(([y, r]) => [x + r, SHELF + y] as const),
  ];
  const stems = Array.from({ length: 8 }, (_, index) => {
    const spread = (index - 3.5) * 6;
    const height = 44 + ((index * 23) % 17);
    const tip = [x + spread * 1.15, SHELF + 24 + height] as const;
    const stem = brush.polygon(
      at,
      [
        [x + spread * 0.1 - 0.3, SHELF + 24],
        [x + spread * 0.1 + 0.3, SHELF + 24],
        [tip[0] + 0.25, tip[1]],
        [tip[0] - 0.25, tip[1]],
      ],
      'fill="#a68a5c"',
    );
    const plume = Array.from({ length: 14 }, (_, part) => {
      const share = 0.52 + part * 0.036;
      const px = x + spread * (0.1 + 1.05 * share);
      const py = SHELF + 24 + height * share;
      const size = 1.7 * Math.sin(Math.PI * (0.12 + ((part + 1) / 15) * 0.8)) + 0.5;
      const side = part % 2 === 0 ? 1 : -1;
      return brush.ellipse(
        at,
        px + side * size * 0.7,
        py,
        size * 0.62,
        size * 1.3,
        `fill="${['#d9bd8b', '#c8a871', '#e5cfa3'][(part + index) % 3]}"`,
      );
    });
    return stem + plume.join('');
  });
  return [
    `<g filter="url(#a16)" fill="#3c2a14" fill-opacity="0.5">${brush.ellipse(top, x + 9, z - 2, 22, 8, '')}</g>`,
    ...stems,
    brush.polygon(at, outline, 'fill="url(#clay)"'),
    brush.ellipse((px, py) => [px, SHELF + 27, py], x, z, 5.9, 3, 'fill="#7d6a58"'),
  ].join('');
}

/** A pile of books with a candle on it. */
function books(): string {
  const pile = [
    { y: 0, height: 5, from: 42, to: 88, colour: '#4d6a73', cover: '#5d7d87' },
    { y: 5, height: 4, from: 45, to: 86, colour: '#b4563a', cover: '#c56a4c' },
    { y: 9, height: 3.4, from: 46, to: 82, colour: '#e2d3b5', cover: '#efe4cc' },
  ];
  const parts = pile.map(({ y, height, from, to, colour, cover }) => {
    const [low, high] = [SHELF + y, SHELF + y + height];
    return [
      brush.polygon(
        level(high),
        [
          [from, 12],
          [to, 12],
          [to, 38],
          [from, 38],
        ],
        `fill="${cover}"`,
      ),
      brush.surface(
        [
          [from, low, 12],
          [from, low, 38],
          [from, high, 38],
          [from, high, 12],
        ],
        'fill="#efe8da"',
      ),
      brush.rectangle(upright(38), from, low, to, high, `fill="${colour}"`),
      brush.rectangle(
        upright(38.1),
        from + 5,
        low + height * 0.42,
        from + 18,
        low + height * 0.62,
        'fill="#ffffff" fill-opacity="0.55"',
      ),
    ].join('');
  });
  const y = SHELF + 12.4;
  return [
    `<g filter="url(#a16)" fill="#3c2a14" fill-opacity="0.55">${brush.polygon(
      top,
      [
        [44, 10],
        [102, 10],
        [100, 40],
        [42, 40],
      ],
      '',
    )}</g>`,
    ...parts,
    `<g filter="url(#a8)" fill="#6b5a3a" fill-opacity="0.5">${brush.ellipse(level(y), 68, 25, 8, 6, '')}</g>`,
    brush.rectangle(upright(26), 59, y, 71, y + 13, 'fill="url(#wax)"', 1.2),
    brush.ellipse((px, pz) => [px, y + 13, pz], 65, 26, 6, 3, 'fill="#fbf6ea"'),
    brush.rectangle(upright(26), 64.8, y + 13, 65.2, y + 15.4, 'fill="#3b3229"'),
  ].join('');
}
