import type { Insights, Quote, Transcript } from '../../model.ts';
import { locate } from '../../transcript/quotes.ts';
import { analyse, type Sentence } from './analysis.ts';
import { sectionsOf } from './outline.ts';
import { rank, similarity, vectors, type Vector } from './ranking.ts';
import { headingFor, themesOf } from './themes.ts';

const QUOTE_WORDS = { min: 5, max: 40 };

/**
 * Insights without a language model: themes are the noun phrases that are said most, quotes the sentences that
 * LexRank puts first and that do not repeat each other, the outline the stretches between changes of vocabulary.
 */
export async function extractInsights(transcript: Transcript, title: string, signal: AbortSignal): Promise<Insights> {
  const sentences = await analyse(transcript, signal);
  const rows = vectors(sentences.map((sentence) => sentence.terms));
  const scores = rank(rows);
  const themes = themesOf(sentences);
  const quotable = best(sentences, rows, scores, between(sentences.length / 2, 2, 6), isQuotable);
  const summary = best(sentences, rows, scores, between(sentences.length / 4, 1, 3), ({ words }) => words >= 6);
  return {
    method: 'extractive',
    title,
    summary: summary.map((index) => sentences[index]?.text ?? '').join(' '),
    themes,
    quotes: quotable.flatMap((index): Quote[] => {
      const quote = locate(sentences[index]?.text ?? '', transcript);
      return quote === undefined ? [] : [quote];
    }),
    outline: outlineOf(sentences, rows, scores, new Set(summary)),
  };
}

/** The points of a section are none of the summary's sentences, unless it has no others. */
function outlineOf(sentences: Sentence[], rows: Vector[], scores: number[], summary: Set<number>): Insights['outline'] {
  const sections = sectionsOf(rows);
  const used = new Set<string>();
  return sections.map(({ from, to }) => {
    const inside = sentences.slice(from, to);
    const fresh = inside.filter((_, index) => !summary.has(from + index));
    const fits = (sentence: Sentence) => fresh.length === 0 || fresh.includes(sentence);
    const points = best(inside, rows.slice(from, to), scores.slice(from, to), 2, fits);
    return {
      title: headingFor(inside, sentences, used),
      start: inside[0]?.start ?? null,
      end: inside.at(-1)?.end ?? null,
      points: points.map((index) => inside[index]?.text ?? ''),
    };
  });
}

function isQuotable({ words, text }: Sentence): boolean {
  return words >= QUOTE_WORDS.min && words <= QUOTE_WORDS.max && !text.endsWith('?');
}

/** The best sentences, in their order in the text; each next one is marked down by what it repeats (maximal marginal relevance). */
function best(
  sentences: Sentence[],
  rows: Vector[],
  scores: number[],
  count: number,
  fits: (sentence: Sentence) => boolean,
): number[] {
  const top = Math.max(...scores);
  const chosen: number[] = [];
  const candidates = sentences
    .map((_, index) => index)
    .filter((index) => fits(sentences[index] as Sentence))
    .toSorted((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))
    .slice(0, 10 * count);
  while (chosen.length < count && candidates.length > 0) {
    const gain = (index: number) => {
      const repeated = Math.max(0, ...chosen.map((other) => similarity(rows[index] as Vector, rows[other] as Vector)));
      return (scores[index] ?? 0) / top - 0.7 * repeated;
    };
    const next = candidates.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    chosen.push(next);
    candidates.splice(candidates.indexOf(next), 1);
  }
  return chosen.toSorted((a, b) => a - b);
}

function between(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, Math.round(value)));
}
