import { mix } from '../drawing/colour.ts';
import type { Point, Shape } from '../drawing/drawing.ts';
import { circle, ellipse, everything, line, towards } from '../drawing/paths.ts';
import { descent, grown, letters, serif, setAuthor, setQuote, type Palette, type Style } from './style.ts';

const QUOTE = serif(
  { family: 'cormorant-garamond', weight: 600, italic: true },
  { family: 'cormorant-garamond', weight: 600 },
);
const NAME = serif({ family: 'cormorant-garamond', weight: 600 });

/** Branches in two corners on soft paper. */
export const botanical: Style = {
  name: 'botanical',
  description: 'Branches of leaves in two corners on soft paper, set in Cormorant Garamond italic.',
  palette: { paper: '#f5efe6', ink: '#33402f', accent: '#7f9277', second: '#e3b9a0' },
  draw(words, sheet, palette, scale) {
    const { width, height } = sheet;
    const wide = width / height > 1.3;
    const side = wide ? 190 : 130;
    const top = Math.max(wide ? 130 : height > 1.5 * width ? 330 : height > 1.1 * width ? 235 : 190, sheet.safe.block);
    const author =
      words.author === null
        ? undefined
        : setAuthor(words.author, width - 2 * side, { stack: NAME, align: 'center', tracking: 0.06, size: 42 });
    const below = author === undefined ? 0 : 116 + author.height;
    const quote = setQuote(words.text, { width: width - 2 * side, height: height - 2 * top - below }, scale, {
      stack: QUOTE,
      leading: 1.16,
      align: 'center',
      maxSize: grown(142, sheet),
    });
    const y = (height - quote.height - below) / 2;
    const reach = wide ? 430 : height > 1.5 * width ? 640 : 520;
    const ground: Shape[] = [
      { d: everything(sheet), fill: palette.paper },
      { d: ellipse([width * 0.93, height * 0.03], reach * 0.62, reach * 0.5), fill: palette.second, opacity: 0.5 },
      { d: ellipse([width * 0.04, height * 0.99], reach * 0.6, reach * 0.52), fill: palette.accent, opacity: 0.24 },
      ...branch([width + 20, -30], Math.PI * 0.845, reach, palette, 1),
      ...branch([width + 30, 60], Math.PI * 0.62, reach * 0.74, palette, -1),
      ...branch([-20, height + 30], -Math.PI * 0.155, reach, palette, 1),
      ...branch([-30, height - 60], -Math.PI * 0.38, reach * 0.74, palette, -1),
    ];
    const text = [letters(quote, (width - quote.width) / 2, y, palette.ink)];
    if (author !== undefined) {
      const middle = y + quote.height + (116 + descent(quote)) / 2 - 4;
      ground.push({ d: circle([width / 2, middle], 5), fill: palette.second });
      for (const direction of [-1, 1]) {
        const from = width / 2 + direction * 20;
        ground.push({
          d: line([from, middle], [from + direction * 44, middle]),
          stroke: { colour: palette.second, width: 2.2, round: true },
        });
      }
      text.push(letters(author, (width - author.width) / 2, y + quote.height + 116, palette.ink));
    }
    return { ground, letters: text, size: quote.size };
  },
};

/** A bent stem with pairs of leaves that become smaller towards its tip. */
function branch(from: Point, angle: number, length: number, palette: Palette, bend: 1 | -1): Shape[] {
  const shapes: Shape[] = [];
  const leaves = 9;
  const dark = mix(palette.accent, palette.ink, 0.35);
  const along = (share: number): { at: Point; angle: number } => {
    const turned = angle + bend * 0.42 * (share - 0.3);
    return { at: towards(from, turned, length * share), angle: turned + bend * 0.42 * share };
  };
  const stem = Array.from({ length: 13 }, (_, index) => along(index / 12).at);
  shapes.push({
    d: stem.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join(''),
    stroke: { colour: dark, width: 3.4, round: true },
  });
  for (let index = 1; index <= leaves; index++) {
    const share = 0.14 + (0.84 * index) / leaves;
    const { at, angle: direction } = along(share);
    const size = length * 0.225 * (1.08 - 0.62 * share);
    for (const sideways of [-1, 1]) {
      const tone = (index + (sideways > 0 ? 1 : 0)) % 3;
      const fill = tone === 0 ? dark : tone === 1 ? palette.accent : mix(palette.accent, palette.paper, 0.36);
      shapes.push(...leaf(at, direction + sideways * (0.95 - 0.3 * share), size, fill, mix(fill, palette.paper, 0.45)));
    }
  }
  const tip = along(1);
  shapes.push(...leaf(tip.at, tip.angle, length * 0.1, palette.accent, mix(palette.accent, palette.paper, 0.45)));
  return shapes;
}

function leaf(from: Point, angle: number, length: number, fill: string, vein: string): Shape[] {
  const tip = towards(from, angle, length);
  const control = (side: number, share: number, breadth: number): Point =>
    towards(towards(from, angle, length * share), angle + (side * Math.PI) / 2, length * breadth);
  const [a, b, c, d] = [
    control(-1, 0.18, 0.24),
    control(-1, 0.72, 0.22),
    control(1, 0.72, 0.22),
    control(1, 0.18, 0.24),
  ];
  return [
    {
      d: `M${from.join(' ')}C${a.join(' ')} ${b.join(' ')} ${tip.join(' ')}C${c.join(' ')} ${d.join(' ')} ${from.join(' ')}Z`,
      fill,
    },
    { d: line(from, towards(from, angle, length * 0.82)), stroke: { colour: vein, width: 1.4, round: true } },
  ];
}
