import { camera } from '../picture/camera.ts';
import { frame } from './frame.ts';
import { blur, Brush, CANVAS, level, upright, type Plane, type Scene } from './scene.ts';

const brush = new Brush(camera([92, 150, 440], [4, 152, 0], 41, CANVAS));
const wall = upright(0);
const floor = level(0);

/** A framed print above a sofa, with the afternoon sun on the wall. */
export const livingRoom: Scene = {
  description: 'Framed in oak above a sofa, with the afternoon sun on the wall.',
  room: {
    behind: [
      `<defs><linearGradient id="wall" x1="0" y1="0" x2="1" y2="0.7"><stop offset="0" stop-color="#efe6da"/><stop offset="1" stop-color="#d8cabb"/></linearGradient>`,
      `<linearGradient id="floor" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#a98763"/><stop offset="1" stop-color="#c6a47c"/></linearGradient></defs>`,
      brush.rectangle(wall, -420, 0, 420, 420, 'fill="url(#wall)"'),
      brush.polygon(
        floor,
        [
          [-420, 0],
          [420, 0],
          [420, 200],
          [-420, 200],
        ],
        'fill="url(#floor)"',
      ),
      ...boards(),
      brush.rectangle(upright(0.5), -420, 0, 420, 11, 'fill="#f4eee6"'),
      brush.rectangle(upright(0.6), -420, 10.2, 420, 11, 'fill="#ffffff" fill-opacity="0.7"'),
    ].join(''),
    before: [
      `<defs>${blur('a10', 9)}`,
      `<linearGradient id="sofa" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#8a9783"/><stop offset="1" stop-color="#5f6c5b"/></linearGradient>`,
      `<linearGradient id="seat" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#9caa94"/><stop offset="1" stop-color="#77856f"/></linearGradient>`,
      '</defs>',
      sun(),
      furniture(),
    ].join(''),
  },
  stage(aspect) {
    const framed = frame(
      brush,
      aspect,
      {
        width: 126,
        height: 118,
        moulding: 2.2,
        mat: 6,
        depth: 3,
        colours: ['#d9b184', '#b98f60', '#a57c50', '#caa173'],
      },
      { x: 0, y: 187 },
      (x, y, out) => [x, y, out],
    );
    const { x1, y1, x2, y2 } = framed.outer;
    const below = [
      `<defs>${blur('b18', 15)}${blur('b6', 5)}</defs>`,
      // The shadow on the wall, soft and softer.
      `<g filter="url(#b18)" fill="#3a2a1c" fill-opacity="0.34">${brush.rectangle(wall, x1 + 3, y1 - 9, x2 + 8, y2 - 5, '')}</g>`,
      `<g filter="url(#b6)" fill="#2c1f14" fill-opacity="0.4">${brush.rectangle(wall, x1 + 1, y1 - 3, x2 + 3, y2 - 1, '')}</g>`,
      framed.svg,
    ].join('');
    return { below, quad: framed.quad, above: framed.above };
  },
};

function boards(): string[] {
  return Array.from({ length: 30 }, (_, index) => {
    const x = -420 + index * 28;
    return brush.polygon(
      floor,
      [
        [x, 0],
        [x + 0.7, 0],
        [x + 0.7, 200],
        [x, 200],
      ],
      'fill="#7d5f41" fill-opacity="0.45"',
    );
  });
}

/** Light of a window with two bars, across wall and frame. */
function sun(): string {
  const panes = [0, 1].flatMap((column) =>
    [0, 1, 2].map((row) => {
      const [x, y] = [-116 + column * 46, 126 + row * 42];
      return brush.polygon(
        upright(1),
        [
          [x, y],
          [x + 42, y + 12],
          [x + 42, y + 50],
          [x, y + 38],
        ],
        '',
      );
    }),
  );
  return `<g filter="url(#a10)" fill="#fff3d6" fill-opacity="0.36">${panes.join('')}</g>`;
}

function furniture(): string {
  const back = upright(40);
  const seat = upright(70);
  const pillow = upright(56);
  return [
    brush.rectangle(back, -122, 4, 122, 88, 'fill="url(#sofa)"', 12),
    ...[-104, 2].map((x) => brush.rectangle(upright(46), x, 36, x + 102, 85, 'fill="url(#seat)"', 10)),
    `<g filter="url(#a10)" fill="#20281d" fill-opacity="0.45">${brush.rectangle(upright(48), -110, 30, 110, 47, '')}</g>`,
    brush.rectangle(seat, -104, 2, 104, 36, 'fill="url(#sofa)"', 3),
    ...[-104, 1].map((x) => brush.rectangle(seat, x, 28, x + 103, 46, 'fill="url(#seat)"', 6)),
    `<g filter="url(#a10)" fill="#20281d" fill-opacity="0.45">${brush.rectangle(pillow, -88, 42, -20, 50, '')}</g>`,
    cushion(pillow, -88, 45, 44, 40, -5, '#d48a5f', '#bd7448'),
    cushion(upright(60), -56, 43, 36, 32, 4, '#f0e5d3', '#d9ccb6'),
    ...[-130, 102].map((x) => brush.rectangle(upright(74), x, 2, x + 28, 60, 'fill="url(#sofa)"', 11)),
    ...plant(),
  ].join('');
}

/** A pillow with hollow sides and pulled-out corners, tilted by some degrees. */
function cushion(
  at: Plane,
  x: number,
  y: number,
  width: number,
  height: number,
  tilt: number,
  colour: string,
  shade: string,
): string {
  const turn = (tilt * Math.PI) / 180;
  const outline = Array.from({ length: 40 }, (_, index) => {
    const side = Math.floor(index / 10);
    const along = (index % 10) / 10;
    const hollow = Math.sin(along * Math.PI) * 0.05;
    const [u, v] = (
      [
        [along, hollow],
        [1 - hollow, along],
        [1 - along, 1 - hollow],
        [hollow, 1 - along],
      ] as const
    )[side] ?? [0, 0];
    const [dx, dy] = [u * width, v * height];
    return [x + dx * Math.cos(turn) - dy * Math.sin(turn), y + dx * Math.sin(turn) + dy * Math.cos(turn)] as const;
  });
  const lower = outline.map(
    ([px, py]) => [x + width / 2 + (px - x - width / 2) * 0.86, y + (py - y) * 0.4 + 2] as const,
  );
  return [
    brush.polygon(at, outline, `fill="${colour}" stroke="${colour}" stroke-width="7" stroke-linejoin="round"`),
    `<g filter="url(#a10)" fill-opacity="0.7">${brush.polygon(at, lower, `fill="${shade}"`)}</g>`,
  ].join('');
}

function plant(): string[] {
  const at = upright(70);
  const [x, y] = [158, 44];
  const leaves = Array.from({ length: 13 }, (_, index) => {
    const angle = 18 + index * 12;
    const colour = ['#4f6b4a', '#5f7d57', '#3f5a3d', '#6d8a62'][index % 4] ?? '#4f6b4a';
    return leaf(at, x, y, angle, 60 + ((index * 29) % 36), 8.5, colour);
  });
  return [
    ...leaves,
    brush.polygon(
      at,
      [
        [x - 19, 48],
        [x + 19, 48],
        [x + 15, 2],
        [x - 15, 2],
      ],
      'fill="#ece5da" stroke="#ece5da" stroke-width="5" stroke-linejoin="round"',
    ),
    `<g filter="url(#a10)">${brush.polygon(
      at,
      [
        [x + 7, 48],
        [x + 20, 48],
        [x + 16, 2],
        [x + 5, 2],
      ],
      'fill="#bfb3a2" fill-opacity="0.75"',
    )}</g>`,
  ];
}

/** A leaf with a lighter vein. @param angle degrees from the right, upwards */
function leaf(at: Plane, x: number, y: number, angle: number, length: number, breadth: number, colour: string): string {
  const turn = (angle * Math.PI) / 180;
  const place = (along: number, aside: number): readonly [number, number] => {
    // It bends down a little towards its tip.
    const [u, v] = [along * length, aside * breadth];
    const fall = along * along * length * 0.16 * Math.abs(Math.cos(turn));
    return [x + Math.cos(turn) * u - Math.sin(turn) * v, y + Math.sin(turn) * u + Math.cos(turn) * v - fall];
  };
  const steps = Array.from({ length: 17 }, (_, index) => index / 16);
  const width = (along: number): number => Math.sin(Math.PI * along ** 1.25) ** 0.9;
  const outline = [
    ...steps.map((along) => place(along, width(along))),
    ...steps.toReversed().map((along) => place(along, -width(along))),
  ];
  const vein = [
    ...steps.map((along) => place(along * 0.96, 0.06)),
    ...steps.toReversed().map((along) => place(along * 0.96, -0.06)),
  ];
  return brush.polygon(at, outline, `fill="${colour}"`) + brush.polygon(at, vein, 'fill="#a9bd97" fill-opacity="0.6"');
}
