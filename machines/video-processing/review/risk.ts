import { englishDataset, englishRecommendedTransformers, RegExpMatcher } from 'obscenity';
import type { Risk } from '../model.ts';

/**
 * What must not go out without a person having seen it:
 * - `medical-promise`: a cure, or a treatment without risk;
 * - `financial-promise`: a sure profit, or an investment without risk;
 * - `email-address`, `phone-number`: a way to reach a person;
 * - `profanity`: the English list of the obscenity library, disguised spellings included.
 */
const RULES: readonly { rule: Risk['rule']; pattern: RegExp }[] = [
  {
    rule: 'medical-promise',
    pattern:
      /\b(?:cures?|heals?|reverses?|eliminates?)\s+(?:\w+\s+){0,2}(?:cancer|diabetes|depression|anxiety|autism|alzheimer'?s|covid(?:-19)?|arthritis|disease|illness)\b/gi,
  },
  {
    rule: 'medical-promise',
    pattern:
      /\b(?:miracle (?:cure|drug|treatment)|no side[- ]effects|guaranteed (?:cure|weight loss|recovery)|stop taking your medic(?:ine|ation))\b/gi,
  },
  {
    rule: 'financial-promise',
    pattern: /\bguaranteed?\s+(?:\w+\s+){0,2}(?:returns?|profits?|income|gains?|interest)\b/gi,
  },
  {
    rule: 'financial-promise',
    pattern:
      /\b(?:risk[- ]free (?:\w+\s+)?(?:investment|returns?|profits?|money)|(?:double|triple) your (?:money|investment)|get rich quick(?:ly)?|cannot lose money|can't lose money)\b/gi,
  },
  { rule: 'email-address', pattern: /\b[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}\b/gu },
  {
    rule: 'phone-number',
    pattern: /(?<![\w/.:-])(?:\+\d{1,3}[\s.-]?)?(?:\(\d{2,4}\)[\s.-]?)?\d{2,4}(?:[\s.-]\d{2,4}){2,4}(?![\w/:-])/g,
  },
  { rule: 'phone-number', pattern: /(?<![\w/.:-])\+\d{9,14}\b/g },
];

/** Digits that a phone number has at least; less is a date, a time or a score. */
const PHONE_DIGITS = 9;

let matcher: RegExpMatcher | undefined;

/** Everything in a text that a person has to see first. */
export function risksIn(text: string): Risk[] {
  const found = RULES.flatMap(({ rule, pattern }) =>
    [...text.matchAll(pattern)]
      .map(([excerpt]): Risk => ({ rule, excerpt }))
      .filter(({ excerpt }) => rule !== 'phone-number' || excerpt.replace(/\D/g, '').length >= PHONE_DIGITS),
  );
  matcher ??= new RegExpMatcher({ ...englishDataset.build(), ...englishRecommendedTransformers });
  const profane = matcher
    .getAllMatches(text, true)
    .map(({ startIndex, endIndex }): Risk => ({ rule: 'profanity', excerpt: text.slice(startIndex, endIndex + 1) }));
  const seen = new Set<string>();
  return [...found, ...profane].filter(
    ({ rule, excerpt }) => !seen.has(`${rule} ${excerpt}`) && seen.add(`${rule} ${excerpt}`),
  );
}
