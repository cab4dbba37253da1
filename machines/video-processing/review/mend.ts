import type { Draft } from '../model.ts';
import { isSaid } from '../transcript/quotes.ts';
import { comparable } from '../transcript/words.ts';
import { LIMITS, tweetLength, withoutNumber } from './limits.ts';
import { quotesIn } from './quoted.ts';

/** Room for `\n\n25/25`. */
const NUMBER_LENGTH = 7;

/** Mends what needs no judgement: drops quotes that nobody said, repeated paragraphs and excess length, numbers threads anew. */
export function mend(draft: Draft, said: string): { draft: Draft; fixes: string[] } {
  const fixes: string[] = [];
  const seen = new Set<string>();
  let parts = draft.parts.map((part) => {
    const honest = withoutFakes(part, said, fixes);
    return withoutRepetition(honest, seen, fixes);
  });
  parts = parts.filter((part) => comparable(withoutNumber(part)) !== '');
  if (draft.format === 'twitter') parts = thread(parts, fixes);
  if (draft.format === 'linkedin')
    parts = parts.map((part) => shorten(part, LIMITS.linkedin.characters, (text) => text.length, fixes));
  return { draft: { ...draft, parts }, fixes };
}

function withoutFakes(part: string, said: string, fixes: string[]): string {
  const fakes = quotesIn(part).filter((quote) => !isSaid(quote, said));
  if (fakes.length === 0) return part;
  return part
    .split(/\n\s*\n/)
    .map((paragraph) => {
      const inside = fakes.filter((fake) => paragraph.replaceAll(/\n>\s?/g, ' ').includes(fake));
      if (inside.length === 0) return paragraph;
      fixes.push(...inside.map((fake) => `dropped a quote that is not in the transcript: ${fake.slice(0, 80)}`));
      if (paragraph.startsWith('>')) return '';
      return paragraph
        .split(/(?<=[.!?]["”]?)\s+(?!["”])/)
        .filter((sentence) => !quotesIn(sentence).some((quote) => inside.includes(quote)))
        .join(' ');
    })
    .filter((paragraph) => paragraph !== '' && quotesIn(paragraph).every((quote) => isSaid(quote, said)))
    .join('\n\n');
}

function withoutRepetition(part: string, seen: Set<string>, fixes: string[]): string {
  return part
    .split(/\n\s*\n/)
    .filter((paragraph) => {
      const text = comparable(withoutNumber(paragraph));
      if (text.split(' ').length < 4) return true;
      if (!seen.has(text)) return seen.add(text) !== undefined;
      fixes.push(`dropped a repeated paragraph: ${paragraph.slice(0, 60)}`);
      return false;
    })
    .join('\n\n');
}

function thread(parts: string[], fixes: string[]): string[] {
  const room = LIMITS.twitter.characters - NUMBER_LENGTH;
  const kept = parts.slice(0, LIMITS.twitter.maxParts);
  if (kept.length < parts.length)
    fixes.push(`dropped ${parts.length - kept.length} tweets over the limit of ${LIMITS.twitter.maxParts}`);
  const numbered = kept.map((part, index) => {
    const text = shorten(withoutNumber(part), room, tweetLength, fixes);
    return `${text}\n\n${index + 1}/${kept.length}`;
  });
  if (numbered.some((part, index) => !parts[index]?.trimEnd().endsWith(`${index + 1}/${kept.length}`)))
    fixes.push('numbered the thread');
  return numbered;
}

/** Cuts after the last sentence that fits, else after the last word; a quotation left open is closed. */
function shorten(text: string, room: number, lengthOf: (text: string) => number, fixes: string[]): string {
  if (lengthOf(text) <= room) return text;
  fixes.push(`shortened from ${lengthOf(text)} to at most ${room} characters`);
  let cut = text;
  while (lengthOf(cut) > room - 2) {
    const space = cut.search(/\s+\S*$/);
    cut = space > 0 ? cut.slice(0, space) : cut.slice(0, -1).toWellFormed();
  }
  const sentence = /^[\s\S]*[.!?]["”]?(?=\s|$)/.exec(cut)?.[0] ?? '';
  const kept = lengthOf(sentence) > room / 2 ? sentence : `${cut}…`;
  return kept.lastIndexOf('“') > kept.lastIndexOf('”') ? `${kept}”` : kept;
}
