import type { Insights } from '../../model.ts';
import type { Phrase, Sentence } from './analysis.ts';

const MAX_THEMES = 6;

interface Candidate {
  text: string;
  root: string;
  weight: number;
}

/** The noun phrases that stand for the text: often said themselves, made of words that are often said. */
export function themesOf(sentences: Sentence[]): Insights['themes'] {
  const chosen: Candidate[] = [];
  for (const candidate of candidatesOf(sentences)) {
    if (chosen.length === MAX_THEMES) break;
    if (!chosen.some((other) => overlap(other.root, candidate.root))) chosen.push(candidate);
  }
  return chosen.map(({ text, root }) => ({ name: text, mentions: mentionsOf(root, sentences) }));
}

/** Sentences that have all words of the phrase, as whatever part of speech. */
function mentionsOf(root: string, sentences: Sentence[]): number {
  const words = root.split(' ');
  return sentences.filter(({ terms }) => words.every((word) => terms.includes(word))).length;
}

/** A heading from the phrases that belong to this part more than to the rest; `used` keeps headings apart. */
export function headingFor(part: Sentence[], whole: Sentence[], used: Set<string>): string {
  const rest = countTerms(whole);
  const own = candidatesOf(part)
    .map((candidate) => ({ ...candidate, weight: candidate.weight / average(candidate.root, rest) }))
    .filter(({ root }) => !used.has(root))
    .toSorted((a, b) => b.weight - a.weight);
  const [first] = own;
  if (first === undefined) return capital(part[0]?.text.split(' ').slice(0, 6).join(' ') ?? '');
  const second = own.find(({ root }) => !overlap(first.root, root));
  const both = second === undefined ? [first] : [first, second];
  for (const { root } of both) used.add(root);
  return capital(both.map(({ text }) => text).join(' and '));
}

function candidatesOf(sentences: Sentence[]): Candidate[] {
  const terms = countTerms(sentences);
  const said = new Map<string, Phrase[]>();
  for (const phrase of sentences.flatMap((sentence) => sentence.phrases)) {
    said.set(phrase.root, [...(said.get(phrase.root) ?? []), phrase]);
  }
  return [...said]
    .map(([root, phrases]): Candidate => {
      const length = root.split(' ').length;
      const weight = average(root, terms) * Math.sqrt(length) * Math.sqrt(phrases.length);
      return { text: mostSaid(phrases), root, weight };
    })
    .toSorted((a, b) => b.weight - a.weight);
}

function countTerms(sentences: Sentence[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of sentences.flatMap((sentence) => sentence.terms)) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

function average(root: string, counts: Map<string, number>): number {
  const words = root.split(' ');
  return words.reduce((sum, word) => sum + (counts.get(word) ?? 1), 0) / words.length;
}

/** Two phrases with half of their words in common say the same. */
function overlap(a: string, b: string): boolean {
  const left = a.split(' ');
  const right = new Set(b.split(' '));
  return 2 * left.filter((word) => right.has(word)).length >= Math.min(left.length, right.size);
}

function mostSaid(phrases: Phrase[]): string {
  const counts = new Map<string, number>();
  for (const { text } of phrases) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
