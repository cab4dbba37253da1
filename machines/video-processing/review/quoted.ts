import { wordsOf } from '../transcript/words.ts';

/** A quotation shorter than this is a word in inverted commas, not a quote. */
const MIN_WORDS = 4;
const MARKS = /“([^”]+)”|"([^"\n]+)"/g;

/** What a text claims that somebody said: passages in quotation marks, and block quotes. */
export function quotesIn(text: string): string[] {
  const marked = [...text.matchAll(MARKS)].map((match) => match[1] ?? match[2] ?? '');
  const blocks = text
    .split(/\n\s*\n/)
    .map(blockQuoteOf)
    .filter((quote): quote is string => quote !== null && quote.search(MARKS) < 0);
  return [...marked, ...blocks]
    .map((quote) => quote.replace(/…$/, ''))
    .filter((quote) => wordsOf(quote).length >= MIN_WORDS);
}

/** The quote in a Markdown block quote, without the line that names who said it. */
function blockQuoteOf(paragraph: string): string | null {
  const lines = paragraph.split('\n').filter((line) => line.startsWith('>'));
  if (lines.length === 0) return null;
  return lines
    .map((line) => line.replace(/^>\s?/, ''))
    .filter((line) => !/^\s*[—–-]/.test(line))
    .join(' ');
}
