import type { Draft, Format, Insights, Quote } from '../../model.ts';
import { LIMITS, tweetLength } from '../../review/limits.ts';
import { isSaid, timestamp } from '../../transcript/quotes.ts';
import { comparable } from '../../transcript/words.ts';
import type { DraftMaterial } from '../text-engine.ts';

/** Puts a draft together from what was really said; sentences that a reviewer refused are left out. */
export function assembleDraft({ format, insights, feedback }: DraftMaterial): Draft {
  const avoid = feedback?.avoid ?? [];
  const material = avoid.length === 0 ? insights : without(insights, avoid);
  return { format, method: 'extractive', title: insights.title, parts: ASSEMBLE[format](material) };
}

const ASSEMBLE: Record<Format, (insights: Insights) => string[]> = {
  newsletter: (insights) => [
    blocks(
      `# ${insights.title}`,
      insights.summary,
      ...insights.outline.flatMap((section) => [`## ${section.title}${at(section.start)}`, list(section.points)]),
      ...quotesBlock('In their words', pullQuotes(insights).slice(0, 2)),
      themesLine(insights),
    ),
  ],
  blog: (insights) => [
    blocks(
      `# ${insights.title}`,
      insights.summary,
      ...insights.outline.flatMap((section) => [
        `## ${section.title}`,
        section.points.join(' '),
        ...pullQuotes(insights)
          .filter((quote) => belongs(quote, section))
          .map(blockquote),
      ]),
      themesLine(insights),
    ),
  ],
  twitter: (insights) => {
    const opening = [insights.title, insights.themes.length === 0 ? '' : `On ${names(insights, 3)}.`]
      .filter(Boolean)
      .join('\n\n');
    const points = unique([
      ...insights.quotes.map(({ text }) => `“${text}”`),
      ...insights.outline.flatMap(({ points: said }) => said),
    ]);
    const tweets = [opening, ...points]
      .slice(0, LIMITS.twitter.maxParts)
      .map((tweet) => fit(tweet, LIMITS.twitter.characters - 7));
    return tweets.map((tweet, index) => `${tweet}\n\n${index + 1}/${tweets.length}`);
  },
  linkedin: (insights) => [
    fit(
      blocks(
        insights.title,
        insights.summary,
        insights.outline.map(({ title, points }) => `• ${title}: ${points[0] ?? ''}`).join('\n'),
        ...insights.quotes.slice(0, 1).map(({ text }) => `“${text}”`),
        insights.themes
          .slice(0, 4)
          .map(({ name }) => hashtag(name))
          .join(' '),
      ),
      LIMITS.linkedin.characters,
    ),
  ],
};

function without(insights: Insights, avoid: string[]): Insights {
  const risky = (text: string) => avoid.some((excerpt) => text.includes(excerpt) || isSaid(excerpt, comparable(text)));
  return {
    ...insights,
    summary: sentencesOf(insights.summary)
      .filter((sentence) => !risky(sentence))
      .join('')
      .trim(),
    quotes: insights.quotes.filter(({ text }) => !risky(text)),
    themes: insights.themes.filter(({ name }) => !risky(name)),
    outline: insights.outline
      .map((section) => ({ ...section, points: section.points.filter((point) => !risky(point)) }))
      .filter((section) => section.points.length > 0 && !risky(section.title)),
  };
}

function sentencesOf(text: string): string[] {
  return [...new Intl.Segmenter('en', { granularity: 'sentence' }).segment(text)].map(({ segment }) => segment);
}

function blocks(...parts: string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

function list(points: string[]): string {
  return points.map((point) => `- ${point}`).join('\n');
}

function quotesBlock(heading: string, quotes: Quote[]): string[] {
  return quotes.length === 0 ? [] : [`## ${heading}`, ...quotes.map(blockquote)];
}

function blockquote({ text, start }: Quote): string {
  return start === null ? `> “${text}”` : `> “${text}”\n>\n> — ${timestamp(start)}`;
}

function themesLine(insights: Insights): string {
  return insights.themes.length === 0 ? '' : `**Themes:** ${names(insights, 6)}`;
}

function names(insights: Insights, count: number): string {
  return insights.themes
    .slice(0, count)
    .map(({ name }) => name)
    .join(', ');
}

function at(start: number | null): string {
  return start === null ? '' : ` (${timestamp(start)})`;
}

function belongs(quote: Quote, section: Insights['outline'][number]): boolean {
  if (quote.start === null || section.start === null || section.end === null) return false;
  return quote.start >= section.start && quote.start < section.end;
}

/** Quotes that the text does not have already; the first one, where it has all. */
function pullQuotes({ quotes, summary, outline }: Insights): Quote[] {
  const told = outline
    .flatMap(({ points }) => points)
    .concat(summary)
    .join('\n');
  const fresh = quotes.filter(({ text }) => !told.includes(text));
  return fresh.length > 0 ? fresh : quotes.slice(0, 1);
}

/** The same sentence as a quote and as a point is said once. */
function unique(texts: string[]): string[] {
  const seen = new Set<string>();
  return texts.filter((text) => {
    const key = comparable(text);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Cuts at a space, and closes a quotation that the cut left open. */
function fit(text: string, length: number): string {
  if (tweetLength(text) <= length) return text;
  let short = text;
  while (tweetLength(short) > length - 2) short = short.slice(0, short.includes(' ') ? short.lastIndexOf(' ') : -1);
  return short.lastIndexOf('“') > short.lastIndexOf('”') ? `${short}…”` : `${short}…`;
}

function hashtag(theme: string): string {
  const words = theme.match(/[\p{L}\p{N}]+/gu) ?? [];
  return `#${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')}`;
}
