import { syllable } from 'syllable';
import { wordsOf } from '../transcript/words.ts';

/**
 * Flesch reading ease of a text: 206.835 − 1.015 × words per sentence − 84.6 × syllables per word.
 * 60–70 is plain English, 0–30 is hard; very short sentences give more than 100. Null under 20 words.
 */
export function readingEaseOf(markdown: string): number | null {
  const text = markdown
    .replace(/^>\s*[—–-].*$/gm, '')
    .replace(/^\s*\d+\/\d+\s*$/gm, '')
    .replace(/^[#>*\-•\s]+/gm, '');
  const words = wordsOf(text);
  if (words.length < 20) return null;
  // A heading or a list item ends like a sentence.
  const sentences = text.split(/(?<=[.!?…])["”]?\s+|\n+/).filter((sentence) => wordsOf(sentence).length > 0).length;
  const syllables = words.reduce((sum, word) => sum + Math.max(1, syllable(word)), 0);
  const ease = 206.835 - 1.015 * (words.length / sentences) - 84.6 * (syllables / words.length);
  return Math.round(ease * 10) / 10;
}
