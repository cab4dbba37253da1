import { mix } from '../drawing/colour.ts';
import type { Shape } from '../drawing/drawing.ts';
import { circle, everything, rectangle } from '../drawing/paths.ts';
import { grown, letters, sans, setAuthor, setQuote, type Style } from './style.ts';

const QUOTE = sans(800, { family: 'archivo', weight: 800 });
const NAME = sans(500, { family: 'archivo', weight: 500 });

/** A poster of the Swiss school: large letters from the left, one strong colour, one circle. */
export const swiss: Style = {
  name: 'swiss',
  description: 'Large letters from the left on one strong colour with a circle, set in Archivo.',
  palette: { paper: '#1b3fd1', ink: '#fbf7ee', accent: '#ffb703', second: '#1733ad' },
  draw(words, sheet, palette, scale) {
    const { width, height } = sheet;
    const side = 84;
    const room = width - 2 * side;
    const author =
      words.author === null
        ? undefined
        : setAuthor(words.author, room * 0.62, { stack: NAME, align: 'start', tracking: 0.01, size: 38 });
    const edge = Math.max(side, sheet.safe.block);
    const top = edge + 78;
    const bottom = edge + (author === undefined ? 30 : author.height + 92);
    const quote = setQuote(words.text, { width: room, height: height - top - bottom }, scale, {
      stack: QUOTE,
      leading: 1.04,
      tracking: -0.022,
      align: 'start',
      maxSize: grown(170, sheet),
    });
    const rtl = isRtl(words.text);
    const at = (block: { width: number }): number => (rtl ? width - side - block.width : side);
    const radius = Math.min(width, height) * 0.36;
    const centre = [rtl ? 0.1 * width : width * 0.9, height - radius * 0.28] as const;
    const ground: Shape[] = [
      { d: everything(sheet), fill: palette.paper },
      { d: circle(centre, radius * 1.34), fill: mix(palette.paper, palette.second, 0.55) },
      { d: circle(centre, radius), fill: palette.second },
      { d: circle(centre, radius * 0.23), fill: palette.accent },
      { d: rectangle(rtl ? width - side - 92 : side, edge, 92, 15), fill: palette.accent },
    ];
    const text = [letters(quote, at(quote), top, palette.ink)];
    if (author !== undefined) text.push(letters(author, at(author), height - edge - author.height, palette.ink));
    return { ground, letters: text, size: quote.size };
  },
};

function isRtl(text: string): boolean {
  return /^[^\p{L}]*[\p{Script=Hebrew}\p{Script=Arabic}]/u.test(text);
}
