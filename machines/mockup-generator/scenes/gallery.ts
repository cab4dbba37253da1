import { camera } from '../picture/camera.ts';
import { frame } from './frame.ts';
import { blur, Brush, CANVAS, level, upright, type Scene } from './scene.ts';

const brush = new Brush(camera([-205, 152, 272], [30, 122, 0], 53, CANVAS));
const wall = upright(0);
const floor = level(0);

/** A large frame in a gallery, seen from the side, under a spotlight. */
export const gallery: Scene = {
  description: 'Large in a walnut frame in a gallery, seen from the side, under spotlights.',
  room: {
    behind: [
      `<defs>${blur('b50', 48)}${blur('b20', 18)}${blur('b7', 6)}`,
      '<linearGradient id="wall" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#cfcbc5"/><stop offset="0.55" stop-color="#dedad4"/><stop offset="1" stop-color="#b9b3ab"/></linearGradient>',
      '<linearGradient id="floor" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#8a6a4a"/><stop offset="1" stop-color="#6c4f35"/></linearGradient>',
      '</defs>',
      `<rect width="${CANVAS.width}" height="${CANVAS.height}" fill="url(#wall)"/>`,
      // Light from above: a wide cone and a bright middle.
      `<g filter="url(#b50)" fill="#fff6e4" fill-opacity="0.62">${brush.polygon(
        wall,
        [
          [-30, 330],
          [54, 330],
          [150, 40],
          [-126, 40],
        ],
        '',
      )}</g>`,
      `<g filter="url(#b50)" fill="#fff9ee" fill-opacity="0.6">${brush.ellipse(wall, 12, 168, 92, 88, '')}</g>`,
      `<g filter="url(#b50)" fill="#fff6e4" fill-opacity="0.4">${brush.polygon(
        wall,
        [
          [250, 330],
          [310, 330],
          [380, 60],
          [190, 60],
        ],
        '',
      )}</g>`,
      brush.polygon(
        floor,
        [
          [-190, 0],
          [900, 0],
          [900, 190],
          [-190, 190],
        ],
        'fill="url(#floor)"',
      ),
      ...boards(),
      // The wall is mirrored in the varnish.
      `<g filter="url(#b20)" fill="#f3e6d2" fill-opacity="0.2">${brush.polygon(
        floor,
        [
          [-80, 2],
          [120, 2],
          [100, 80],
          [-60, 80],
        ],
        '',
      )}</g>`,
      brush.rectangle(upright(1.5), -330, 0, 900, 9, 'fill="#efebe5"'),
      brush.rectangle(upright(1.6), -330, 8.4, 900, 9, 'fill="#ffffff"'),
      neighbour(),
    ].join(''),
    before: [`<defs>${blur('a30', 28)}${blur('a9', 8)}</defs>`, bench()].join(''),
  },
  stage(aspect) {
    const framed = frame(
      brush,
      aspect,
      {
        width: 150,
        height: 142,
        moulding: 2.6,
        mat: 9,
        depth: 4.5,
        colours: ['#7a5236', '#55371f', '#3f2815', '#66432a'],
      },
      { x: 14, y: 160 },
      (x, y, out) => [x, y, out],
    );
    const { x1, y1, x2, y2 } = framed.outer;
    const below = [
      `<defs>${blur('b20', 18)}${blur('b7', 6)}</defs>`,
      `<g filter="url(#b20)" fill="#221a12" fill-opacity="0.5">${brush.polygon(
        wall,
        [
          [x1 + 1, y1 - 13],
          [x2 - 1, y1 - 13],
          [x2 + 4, y2 - 8],
          [x1 - 4, y2 - 8],
        ],
        '',
      )}</g>`,
      `<g filter="url(#b7)" fill="#1a120b" fill-opacity="0.5">${brush.rectangle(wall, x1, y1 - 4, x2 + 2, y1 + 4, '')}</g>`,
      label(x2, y1),
      framed.svg,
    ].join('');
    return { below, quad: framed.quad, above: framed.above };
  },
};

function boards(): string[] {
  return Array.from({ length: 11 }, (_, index) => {
    const z = 8 + index * 17;
    return brush.polygon(
      floor,
      [
        [-190, z],
        [900, z],
        [900, z + 0.5],
        [-190, z + 0.5],
      ],
      'fill="#3d2a18" fill-opacity="0.55"',
    );
  });
}

/** Another frame farther along the wall, with a plain picture of shapes. */
function neighbour(): string {
  const [x1, y1, x2, y2] = [236, 112, 320, 212];
  return [
    `<g filter="url(#b7)" fill="#1a120b" fill-opacity="0.45">${brush.rectangle(wall, x1, y1 - 7, x2 + 2, y1 + 6, '')}</g>`,
    brush.surface(
      [
        [x1, y1, 0],
        [x1, y2, 0],
        [x1, y2, 4],
        [x1, y1, 4],
      ],
      'fill="#2a2623"',
    ),
    brush.rectangle(upright(4), x1, y1, x2, y2, 'fill="#2f2b28"'),
    brush.rectangle(upright(4), x1 + 3, y1 + 3, x2 - 3, y2 - 3, 'fill="#f6f3ee"'),
    brush.rectangle(upright(4), x1 + 14, y1 + 16, x2 - 14, y2 - 16, 'fill="#e8d9c3"'),
    brush.ellipse(upright(4), (x1 + x2) / 2, y1 + 58, 17, 17, 'fill="#c65f3d"'),
    brush.polygon(
      upright(4),
      [
        [x1 + 14, y1 + 16],
        [x2 - 14, y1 + 16],
        [x2 - 14, y1 + 44],
        [x1 + 14, y1 + 32],
      ],
      'fill="#2f4a5c"',
    ),
  ].join('');
}

function label(x: number, y: number): string {
  const plane = upright(0.6);
  return [
    `<g filter="url(#b7)" fill="#221a12" fill-opacity="0.35">${brush.rectangle(plane, x + 9, y + 1, x + 22, y + 10, '')}</g>`,
    brush.rectangle(plane, x + 9, y + 3, x + 22, y + 12, 'fill="#fdfcfa"'),
    ...[0, 1, 2].map((row) =>
      brush.rectangle(
        plane,
        x + 10.5,
        y + 9.4 - row * 2.2,
        x + (row === 0 ? 18 : 20.5 - row),
        y + 10.1 - row * 2.2,
        'fill="#8b857d"',
      ),
    ),
  ].join('');
}

/** A bench with a leather top. */
function bench(): string {
  const [x1, x2, z1, z2, y] = [-10, 150, 108, 146, 44];
  const leg = (x: number, z: number): string => brush.rectangle(upright(z), x, 0, x + 4, y - 8, 'fill="#2b241e"');
  return [
    `<g filter="url(#a30)" fill="#140c05" fill-opacity="0.6">${brush.polygon(
      floor,
      [
        [x1 - 4, z1],
        [x2 + 8, z1],
        [x2 + 8, z2 + 2],
        [x1 - 4, z2 + 2],
      ],
      '',
    )}</g>`,
    leg(x2 - 10, z1 + 4),
    leg(x1 + 6, z1 + 4),
    leg(x2 - 10, z2 - 3),
    leg(x1 + 6, z2 - 3),
    brush.surface(
      [
        [x1, y - 8, z1],
        [x1, y - 8, z2],
        [x1, y, z2],
        [x1, y, z1],
      ],
      'fill="#5e4029"',
    ),
    brush.rectangle(upright(z2), x1, y - 8, x2, y, 'fill="#74502f"', 1.6),
    brush.polygon(
      level(y),
      [
        [x1, z1],
        [x2, z1],
        [x2, z2],
        [x1, z2],
      ],
      'fill="#96693f"',
    ),
    `<g filter="url(#a9)" fill="#d9ab7a" fill-opacity="0.5">${brush.polygon(
      level(y),
      [
        [x1 + 14, z1 + 5],
        [x2 - 20, z1 + 5],
        [x2 - 24, z1 + 14],
        [x1 + 16, z1 + 14],
      ],
      '',
    )}</g>`,
  ].join('');
}
