import { mix } from '../drawing/colour.ts';
import type { Point, Shape } from '../drawing/drawing.ts';
import { circle, everything } from '../drawing/paths.ts';
import { capitals, descent, grown, letters, sans, serif, setAuthor, setQuote, type Style } from './style.ts';

const QUOTE = serif({ family: 'abril-fatface', weight: 400 }, { family: 'playfair-display', weight: 800 });
const NAME = sans(500, { family: 'josefin-sans', weight: 600 });

/** Warm rings like a sun of the seventies, below the words, or beside them on a wide sheet. */
export const sunrise: Style = {
  name: 'sunrise',
  description: 'Warm rings like a rising sun of the seventies, set in Abril Fatface.',
  palette: { paper: '#fbecd0', ink: '#5b1f1a', accent: '#d3502b', second: '#f2a63f' },
  draw(words, sheet, palette, scale) {
    const { width, height } = sheet;
    const wide = width / height > 1.3;
    const side = wide ? 84 : 92;
    const radius = wide ? height * 0.66 : Math.min(width * 0.5, height * 0.34);
    const centre: Point = wide ? [width, height] : [width / 2, height];
    const room = wide ? width - side - radius * 1.02 - 40 : width - 2 * side;
    const author =
      words.author === null
        ? undefined
        : setAuthor(capitals(words.author), room, {
            stack: NAME,
            align: 'center',
            tracking: 0.14,
            size: 33,
          });
    const gap = 62;
    const below = author === undefined ? 0 : gap + author.height;
    const free = wide ? height : height - radius;
    const edge = wide ? side : 92;
    const top = Math.max(edge, sheet.safe.block);
    const quote = setQuote(words.text, { width: room, height: free - edge - top - below - 30 }, scale, {
      stack: QUOTE,
      leading: 1.12,
      align: 'center',
      maxSize: grown(150, sheet),
    });
    const y = top - edge + (free - (top - edge) - quote.height - below - descent(quote) / 2) / 2 + (wide ? 0 : 10);
    const middle = wide ? side + room / 2 : width / 2;
    const rings = [
      mix(palette.paper, palette.second, 0.42),
      palette.second,
      mix(palette.second, palette.accent, 0.55),
      palette.accent,
      mix(palette.accent, palette.ink, 0.55),
      palette.ink,
    ];
    const ground: Shape[] = [{ d: everything(sheet), fill: palette.paper }];
    for (const [index, fill] of rings.entries()) {
      ground.push({ d: circle(centre, radius * (1 - index * 0.15)), fill });
    }
    ground.push({ d: circle(centre, radius * 0.14), fill: palette.paper });
    const text = [letters(quote, middle - quote.width / 2, y, palette.ink)];
    if (author !== undefined)
      text.push(
        letters(
          author,
          middle - author.width / 2,
          y + quote.height + descent(quote) + gap / 2,
          mix(palette.accent, palette.ink, 0.45),
        ),
      );
    return { ground, letters: text, size: quote.size };
  },
};
