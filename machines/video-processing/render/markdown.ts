import { FORMATS, type Draft, type Insights, type Media } from '../model.ts';
import { timestamp } from '../transcript/quotes.ts';

/** A draft as one Markdown text; the tweets of a thread are set apart by rules. */
export function draftMarkdown(draft: Draft): string {
  if (draft.format !== 'twitter') return `${draft.parts.join('\n\n')}\n`;
  return `${draft.parts.map(asSpoken).join('\n\n---\n\n')}\n`;
}

/** The insight pack: what the video says, and where the drafts are. */
export function packMarkdown(insights: Insights, media: Media, score: number): string {
  const lines = [
    `# ${insights.title}`,
    insights.summary,
    table([
      ['Length', timestamp(media.seconds)],
      ['Format', [media.container, media.video?.codec, media.audio?.codec].filter(Boolean).join(', ')],
      ...(media.video === null ? [] : [['Picture', `${media.video.width} × ${media.video.height}`] as const]),
      ['Review', `${score} of 100`],
    ]),
    '## Themes',
    insights.themes.map(({ name, mentions }) => `- ${name} (${mentions})`).join('\n'),
    '## Quotes',
    insights.quotes
      .map(({ text, start }) => `> “${text}”${start === null ? '' : `\n>\n> — ${timestamp(start)}`}`)
      .join('\n\n'),
    '## Outline',
    insights.outline
      .map(({ title, start, points }, index) => {
        const heading = `${index + 1}. **${title}**${start === null ? '' : ` (${timestamp(start)})`}`;
        return [heading, ...points.map((point) => `   - ${point}`)].join('\n');
      })
      .join('\n'),
    '## Drafts',
    FORMATS.map((format) => `- [${format}](${format}.html)`).join('\n'),
  ];
  return `${lines.filter((line) => line !== '').join('\n\n')}\n`;
}

/** A tweet's line breaks are meant. */
function asSpoken(tweet: string): string {
  return tweet.replace(/([^\n])\n(?!\n)/g, '$1  \n');
}

function table(rows: readonly (readonly [string, string] | string[])[]): string {
  return ['| | |', '|---|---|', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}
