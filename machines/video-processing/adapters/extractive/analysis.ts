import { setImmediate as nextTurn } from 'node:timers/promises';
import nlp from 'compromise';
import type { Transcript } from '../../model.ts';
import { timesAt } from '../../transcript/quotes.ts';
import { wordsOf } from '../../transcript/words.ts';

/** One sentence, word for word as it stands in the transcript. */
export interface Sentence {
  text: string;
  start: number | null;
  end: number | null;
  words: number;
  /** Content words by their root: nouns, verbs, adjectives. */
  terms: string[];
  /** Noun phrases, without articles. */
  phrases: Phrase[];
}

export interface Phrase {
  /** As it was said, in lower case but for names. */
  text: string;
  /** Its words by their root: what makes two phrases the same. */
  root: string;
}

/** Longer ones (captions without full stops) are cut where a cue ends, or here. */
const MAX_WORDS = 45;
/** Sentences analysed without letting anything else run. */
const BATCH = 20;

/** Cuts a transcript into sentences and finds the words that carry its meaning. */
export async function analyse(transcript: Transcript, signal: AbortSignal): Promise<Sentence[]> {
  const sentences: Sentence[] = [];
  for (const { text, offset } of sentencesOf(transcript)) {
    const times = timesAt(offset, text.length, transcript.segments);
    sentences.push({ text, ...times, words: wordsOf(text).length, ...linguistics(text) });
    if (sentences.length % BATCH === 0) {
      await nextTurn();
      signal.throwIfAborted();
    }
  }
  return sentences;
}

interface Piece {
  text: string;
  offset: number;
}

function sentencesOf(transcript: Transcript): Piece[] {
  const ends = new Set<number>();
  let at = 0;
  for (const { text } of transcript.segments) ends.add((at += text.length + 1));
  const pieces: Piece[] = [];
  for (const { segment, index } of new Intl.Segmenter('en', { granularity: 'sentence' }).segment(transcript.text)) {
    pieces.push(...cut({ text: segment, offset: index }, ends));
  }
  return pieces
    .map(({ text, offset }) => ({ text: text.trim(), offset: offset + text.length - text.trimStart().length }))
    .filter(({ text }) => wordsOf(text).length > 0);
}

/** Cuts what is too long at the ends of cues once 12 words are together, and after 45 words wherever it is. */
function cut(sentence: Piece, cueEnds: Set<number>): Piece[] {
  if (wordsOf(sentence.text).length <= MAX_WORDS) return [sentence];
  const pieces: Piece[] = [];
  let from = 0;
  let words = 0;
  for (const match of sentence.text.matchAll(/\S+\s*/g)) {
    const until = match.index + match[0].length;
    words++;
    if (words < MAX_WORDS && !(words >= 12 && cueEnds.has(sentence.offset + until))) continue;
    pieces.push({ text: sentence.text.slice(from, until), offset: sentence.offset + from });
    from = until;
    words = 0;
  }
  if (from < sentence.text.length) pieces.push({ text: sentence.text.slice(from), offset: sentence.offset + from });
  return pieces;
}

interface Term {
  text: string;
  normal: string;
  root?: string;
  tags?: string[];
}

/** Words that are tagged as nouns or verbs but carry no meaning of their own. */
const EMPTY = new Set(
  'thing things something anything everything nothing lot lots kind sort way bit one ones get go come make do be have let say know think want look be is else able just really very its their our your his her my whose'.split(
    ' ',
  ),
);

/** Words after which a noun is singular. */
const ONE = new Set(['a', 'an', 'another', 'each', 'every', 'one', 'this', 'that']);

function linguistics(text: string): Pick<Sentence, 'terms' | 'phrases'> {
  const view = nlp(text);
  view.compute('root');
  const terms = (view.json({ terms: { normal: true, tags: true } }) as { terms: Term[] }[]).flatMap(
    (part) => part.terms,
  );
  return { terms: terms.filter(carriesMeaning).map(rootOf), phrases: phrasesOf(terms) };
}

function phrasesOf(terms: Term[]): Phrase[] {
  const phrases: Phrase[] = [];
  let run: Term[] = [];
  let before: Term | undefined;
  const close = () => {
    // Adjectives belong to the noun after them only.
    while (run.length > 0 && !isNoun(run.at(-1))) run.pop();
    // In "a database restarts" the last word is a verb that looks like a plural.
    if (run.length > 1 && ONE.has(before?.normal ?? '') && run.at(-1)?.tags?.includes('Plural') === true) run.pop();
    const kept = run.slice(-3);
    if (kept.length > 0) phrases.push({ text: kept.map(asSaid).join(' '), root: kept.map(rootOf).join(' ') });
    run = [];
  };
  for (const term of terms) {
    const joins = carriesMeaning(term) && (isNoun(term) || (has(term, 'Adjective') && !isNoun(run.at(-1))));
    if (!joins) close();
    else run.push(term);
    if (!joins) before = term;
    if (/[,.;:!?]$/.test(term.text)) close();
  }
  close();
  return phrases;
}

function carriesMeaning(term: Term): boolean {
  const root = rootOf(term);
  if (
    root.length < 3 ||
    EMPTY.has(root) ||
    has(term, 'Pronoun') ||
    has(term, 'Auxiliary') ||
    has(term, 'Copula') ||
    has(term, 'Determiner') ||
    has(term, 'Value') ||
    has(term, 'Date')
  )
    return false;
  return isNoun(term) || has(term, 'Verb') || has(term, 'Adjective');
}

function isNoun(term: Term | undefined): boolean {
  return term !== undefined && has(term, 'Noun') && !has(term, 'Pronoun');
}

function has(term: Term, tag: string): boolean {
  return term.tags?.includes(tag) ?? false;
}

function rootOf(term: Term): string {
  return (term.root ?? term.normal).toLowerCase();
}

function asSaid(term: Term): string {
  const word = term.text.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
  return has(term, 'ProperNoun') || word === word.toUpperCase() ? word : word.toLowerCase();
}
