import type { Check, Draft, DraftReview, Transcript } from '../model.ts';
import { comparable } from '../transcript/words.ts';
import { inspect } from './checks.ts';
import { mend } from './mend.ts';
import { risksIn } from './risk.ts';

/** What each check takes off the 100 points when it fails; what had to be mended takes off less. */
const POINTS: Record<Check['name'], number> = {
  limits: 30,
  quotes: 30,
  readability: 15,
  duplicates: 10,
  numbering: 5,
  risk: 30,
};
const PER_FIX = 3;

/** Mends a draft as far as that goes, then checks it. */
export function reviewDraft(
  written: Draft,
  transcript: Transcript,
): Omit<DraftReview, 'format' | 'key'> & { draft: Draft } {
  const said = comparable(transcript.text);
  const { draft, fixes } = mend(written, said);
  const risks = risksIn(draft.parts.join('\n\n'));
  const { checks, readingEase } = inspect(draft, said);
  const all: Check[] = [
    ...checks,
    {
      name: 'risk',
      passed: risks.length === 0,
      detail:
        risks.length === 0 ? 'nothing found' : risks.map(({ rule, excerpt }) => `${rule} (${excerpt})`).join(', '),
    },
  ];
  const lost = all.filter(({ passed }) => !passed).reduce((sum, { name }) => sum + POINTS[name], 0);
  return { draft, fixes, risks, readingEase, checks: all, score: Math.max(0, 100 - lost - PER_FIX * fixes.length) };
}
