import { z } from 'zod';
import type { Transcript } from '../model.ts';
import { wordsOf } from './words.ts';

/** What a transcript is measured by. */
export const qualitySchema = z.object({
  words: z.int(),
  /** Null without a duration. */
  wordsPerMinute: z.number().nullable(),
  /** Letters among the characters that are not spaces, 0 to 1. */
  letterShare: z.number(),
  /** Different words in windows of 50, 0 to 1: repeated nonsense is low. */
  variety: z.number(),
});
export type Quality = z.infer<typeof qualitySchema>;

/** Below or above these a transcript is of no use. */
const LIMITS = {
  words: 20,
  /** Speech is 100 to 200; less than this is a video without much speech, or a transcript with holes. */
  minWordsPerMinute: 20,
  /** The fastest auctioneers do less. */
  maxWordsPerMinute: 450,
  letterShare: 0.65,
  variety: 0.3,
  /** Seconds that a cue may begin after the end of the video. */
  overrun: 5,
} as const;

/** Measures a transcript; `reason` is set when it is not good enough, and says so to a person. */
export function judge(transcript: Transcript, seconds: number | null): { quality: Quality; reason: string | null } {
  const words = wordsOf(transcript.text);
  const characters = transcript.text.match(/\S/gu)?.length ?? 0;
  const letters = transcript.text.match(/\p{L}/gu)?.length ?? 0;
  const perMinute = seconds === null || seconds < 1 ? null : (words.length * 60) / seconds;
  const quality: Quality = {
    words: words.length,
    wordsPerMinute: perMinute === null ? null : Math.round(perMinute),
    letterShare: hundredths(characters === 0 ? 0 : letters / characters),
    variety: hundredths(varietyOf(words)),
  };
  return { quality, reason: reasonAgainst(quality, transcript, seconds) };
}

function reasonAgainst(quality: Quality, transcript: Transcript, seconds: number | null): string | null {
  if (quality.words === 0) return 'The transcript has no words.';
  if (quality.words < LIMITS.words)
    return `The transcript has ${quality.words} words; at least ${LIMITS.words} are needed.`;
  if (quality.letterShare < LIMITS.letterShare)
    return `Only ${quality.letterShare * 100} % of the transcript are letters.`;
  if (quality.variety < LIMITS.variety) return 'The transcript says the same words over and over.';
  const last = transcript.segments.findLast((segment) => segment.start !== null)?.start;
  if (seconds !== null && last !== null && last !== undefined && last > seconds + LIMITS.overrun) {
    return `The transcript goes on to ${Math.round(last)} s, the video ends at ${Math.round(seconds)} s.`;
  }
  const pace = quality.wordsPerMinute;
  if (pace !== null && pace < LIMITS.minWordsPerMinute)
    return `${pace} words a minute are too few for the length of the video.`;
  if (pace !== null && pace > LIMITS.maxWordsPerMinute) return `${pace} words a minute are more than anybody says.`;
  return null;
}

function varietyOf(words: string[]): number {
  const windows: number[] = [];
  for (let at = 0; at < words.length; at += 50) {
    const window = words.slice(at, at + 50);
    if (window.length >= 20 || at === 0) windows.push(new Set(window).size / window.length);
  }
  return windows.length === 0 ? 0 : windows.reduce((sum, value) => sum + value, 0) / windows.length;
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
