/** What each format may hold. Characters of a tweet are weighted, see {@link tweetLength}. */
export const LIMITS = {
  newsletter: { characters: 40_000, minWords: 20, maxParts: 1 },
  blog: { characters: 80_000, minWords: 20, maxParts: 1 },
  twitter: { characters: 280, minWords: 10, maxParts: 25 },
  linkedin: { characters: 3_000, minWords: 10, maxParts: 1 },
} as const;

/** Characters as X counts them: letters of most alphabets and common marks are one, everything else (Chinese, emoji) two. */
export function tweetLength(text: string): number {
  let length = 0;
  for (const character of text.normalize('NFC')) {
    const code = character.codePointAt(0) ?? 0;
    const light =
      code <= 4_351 ||
      (code >= 8_192 && code <= 8_205) ||
      (code >= 8_208 && code <= 8_223) ||
      (code >= 8_242 && code <= 8_247);
    length += light ? 1 : 2;
  }
  return length;
}

const NUMBER = /\s*\(?\d+\s*\/\s*\d+\)?\s*$/;

/** A tweet without the `3/7` at its end. */
export function withoutNumber(tweet: string): string {
  return tweet.replace(NUMBER, '').trimEnd();
}
