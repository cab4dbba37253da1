import { mix } from '../drawing/colour.ts';
import type { Shape } from '../drawing/drawing.ts';
import { everything, line, rectangle } from '../drawing/paths.ts';
import { capitals, descent, grown, letters, serif, setAuthor, setQuote, type Style } from './style.ts';

const QUOTE = serif({ family: 'playfair-display', weight: 500 });
const NAME = serif({ family: 'eb-garamond', weight: 500 });

/** A page of a fine book: cream paper, a hairline frame, a large opening mark. */
export const editorial: Style = {
  name: 'editorial',
  description: 'Cream paper, a hairline frame and a large opening mark, set in Playfair Display.',
  palette: { paper: '#f7f1e5', ink: '#211c18', accent: '#b5532a', second: '#d9c7a7' },
  draw(words, sheet, palette, scale) {
    const { width, height } = sheet;
    const wide = width / height > 1.3;
    const inset = 46;
    const side = wide ? 150 : 118;
    const mark = setQuote('“', { width: 300, height: 300 }, 1, {
      stack: QUOTE,
      leading: 1,
      align: 'center',
      maxSize: wide ? 200 : 250,
    });
    // Only the upper part of the em is inked.
    const markHeight = mark.size * 0.3;
    const author =
      words.author === null
        ? undefined
        : setAuthor(capitals(words.author), width - 2 * side, {
            stack: NAME,
            align: 'center',
            tracking: 0.2,
            size: 30,
          });
    const top = Math.max(inset + (wide ? 62 : 84), sheet.safe.block);
    const below = author === undefined ? 0 : 124 + author.height;
    const quote = setQuote(
      words.text,
      { width: width - 2 * side, height: height - 2 * top - markHeight - 54 - below },
      scale,
      {
        stack: QUOTE,
        leading: 1.24,
        align: 'center',
        maxSize: grown(124, sheet),
      },
    );
    const total = markHeight + 54 + quote.height + below;
    let y = (height - total) / 2;
    const text: Shape[] = [];
    const ground: Shape[] = [
      { d: everything(sheet), fill: palette.paper },
      ...frame(width, height, inset, mix(palette.paper, palette.ink, 0.55)),
    ];
    ground.push({ d: mark.path((width - mark.width) / 2, y), fill: palette.accent });
    y += markHeight + 54;
    text.push(letters(quote, (width - quote.width) / 2, y, palette.ink));
    y += quote.height;
    if (author !== undefined) {
      const middle = y + (124 + descent(quote)) / 2;
      ground.push({
        d: line([width / 2 - 34, middle], [width / 2 + 34, middle]),
        stroke: { colour: palette.accent, width: 2.6 },
      });
      text.push(letters(author, (width - author.width) / 2, y + 124, palette.ink));
    }
    return { ground, letters: text, size: quote.size };
  },
};

function frame(width: number, height: number, inset: number, colour: string): Shape[] {
  const inner = inset + 12;
  return [
    { d: rectangle(inset, inset, width - 2 * inset, height - 2 * inset), stroke: { colour, width: 2.6 } },
    { d: rectangle(inner, inner, width - 2 * inner, height - 2 * inner), stroke: { colour, width: 1 } },
  ];
}
