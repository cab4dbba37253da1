import type { Check, Draft } from '../model.ts';
import { isSaid } from '../transcript/quotes.ts';
import { comparable, wordsOf } from '../transcript/words.ts';
import { LIMITS, tweetLength, withoutNumber } from './limits.ts';
import { quotesIn } from './quoted.ts';
import { readingEaseOf } from './readability.ts';

/** Below this only a specialist reads on: lawyers' and scientists' prose. */
const MIN_READING_EASE = 10;

/** Checks a draft without changing it. @param said the transcript, comparable */
export function inspect(draft: Draft, said: string): { checks: Check[]; readingEase: number | null } {
  const text = draft.parts.join('\n\n');
  const readingEase = readingEaseOf(text);
  const fake = quotesIn(text).filter((quote) => !isSaid(quote, said));
  const repeated = repetitionsIn(draft);
  const numbered =
    draft.format !== 'twitter' ||
    draft.parts.every((part, index) => part.trimEnd().endsWith(`${index + 1}/${draft.parts.length}`));
  const over = limitsBroken(draft);
  const checks: Check[] = [
    { name: 'limits', passed: over === null, detail: over ?? 'within the limits' },
    {
      name: 'quotes',
      passed: fake.length === 0,
      detail: fake.length === 0 ? 'all in the transcript' : `not in the transcript: ${fake.join(' | ').slice(0, 300)}`,
    },
    {
      name: 'readability',
      passed: readingEase === null || readingEase >= MIN_READING_EASE,
      detail: readingEase === null ? 'too short to tell' : `Flesch reading ease ${readingEase}`,
    },
    { name: 'duplicates', passed: repeated === 0, detail: repeated === 0 ? 'none' : `${repeated} repeated paragraphs` },
    { name: 'numbering', passed: numbered, detail: numbered ? 'in order' : 'the parts are not numbered 1/n to n/n' },
  ];
  return { checks, readingEase };
}

/** Which limit of its format a draft breaks, or null. */
function limitsBroken({ format, parts }: Draft): string | null {
  const limits = LIMITS[format];
  const words = wordsOf(parts.join(' ')).length;
  if (words < limits.minWords) return `${words} words, at least ${limits.minWords} are needed`;
  if (parts.length > limits.maxParts) return `${parts.length} parts, at most ${limits.maxParts} are allowed`;
  const longest = Math.max(...parts.map(format === 'twitter' ? tweetLength : (part) => part.length));
  return longest > limits.characters ? `${longest} characters, at most ${limits.characters} are allowed` : null;
}

/** Paragraphs (or tweets) that say the same as an earlier one. */
function repetitionsIn({ parts }: Draft): number {
  const paragraphs = parts
    .flatMap((part) => part.split(/\n\s*\n/))
    .map((text) => comparable(withoutNumber(text)))
    .filter((text) => text.split(' ').length >= 4);
  return paragraphs.length - new Set(paragraphs).size;
}
