import { describe, expect, test } from 'vitest';
import { reviewDraft } from '../../../machines/video-processing/review/review.ts';
import { tweetLength } from '../../../machines/video-processing/review/limits.ts';
import { readingEaseOf } from '../../../machines/video-processing/review/readability.ts';
import { risksIn } from '../../../machines/video-processing/review/risk.ts';
import { htmlPage } from '../../../machines/video-processing/render/html.ts';
import type { Format } from '../../../machines/video-processing/model.ts';
import { toTranscript } from '../../../machines/video-processing/transcript/captions.ts';

const transcript = toTranscript('txt', [
  {
    start: null,
    end: null,
    text: 'So a long job survives every crash. When a worker dies, another one reads the last transition and goes on.',
  },
]);
const BODY =
  'A job that takes hours can be hit by a crash. Here is what helps, and it is less work than you might think. Write each step down before you take the next one.';
const check = (format: Format, ...parts: string[]) =>
  reviewDraft({ format, method: 'gemini', title: 'T', parts }, transcript);
const failed = (result: ReturnType<typeof check>) =>
  result.checks.filter(({ passed }) => !passed).map(({ name }) => name);

describe('quotes', () => {
  test('that were said stay, however they are marked', () => {
    const result = check(
      'blog',
      `${BODY}\n\n> “So a long job survives every crash.”\n>\n> — 0:05\n\nShe says "another one reads the last transition" and smiles.`,
    );
    expect(result.fixes).toEqual([]);
    expect(failed(result)).toEqual([]);
    expect(result.score).toBe(100);
  });
  test('that nobody said are dropped with their sentence or block', () => {
    const result = check(
      'blog',
      `${BODY} He says “databases never ever lose a row”. And so on.\n\n> Nobody has ever said this here.\n\n“Totally made up words”`,
    );
    expect(result.draft.parts).toEqual([`${BODY} And so on.`]);
    expect(result.fixes).toHaveLength(3);
    expect(failed(result)).toEqual([]);
  });
  test('single words in inverted commas are no quotes', () => {
    expect(check('blog', `${BODY} This is called “durable execution”.`).fixes).toEqual([]);
  });
});

describe('threads', () => {
  test('are cut to 280 and numbered', () => {
    const result = check('twitter', `${'Word '.repeat(80)}end.`, 'Short one. 7/9', BODY);
    expect(result.draft.parts.every((part) => tweetLength(part) <= 280)).toBe(true);
    expect(result.draft.parts.map((part) => part.slice(-3))).toEqual(['1/3', '2/3', '3/3']);
    expect(failed(result)).toEqual([]);
  });
  test('lose repeated tweets', () => {
    expect(check('twitter', `${BODY} 1/2`, `${BODY} 2/2`).draft.parts).toHaveLength(1);
  });
  test('count Chinese and emoji double', () => {
    expect(tweetLength('crash')).toBe(5);
    expect(tweetLength('崩溃')).toBe(4);
    expect(tweetLength('“’—')).toBe(3);
  });
});

test('a LinkedIn post is cut to 3,000', () => {
  const result = check(
    'linkedin',
    Array.from({ length: 200 }, (_, index) => `Sentence number ${index} of a long post.`).join(' '),
  );
  expect(result.draft.parts[0]?.length).toBeLessThanOrEqual(3_000);
  expect(result.draft.parts[0]).toMatch(/\.$/);
  expect(failed(result)).toEqual([]);
});

test('what cannot be mended fails', () => {
  expect(failed(check('blog', 'Too short.'))).toEqual(['limits']);
  expect(failed(check('blog'))).toEqual(['limits']);
  const dense =
    'Institutionalization necessitates interdepartmental operationalization notwithstanding organizational incomprehensibility '.repeat(
      5,
    );
  expect(failed(check('blog', dense))).toEqual(['readability']);
});

test('repeated paragraphs are dropped', () => {
  expect(check('newsletter', `${BODY}\n\n${BODY}`).draft.parts).toEqual([BODY]);
});

test('reading ease', () => {
  expect(readingEaseOf('The cat sat on the mat. '.repeat(5))).toBeGreaterThan(100);
  expect(readingEaseOf('Too short')).toBeNull();
});

describe('risk', () => {
  test.each([
    ['medical-promise', 'This tea cures type 2 diabetes.'],
    ['medical-promise', 'A miracle cure with no side effects'],
    ['financial-promise', 'Guaranteed monthly returns of 10 %'],
    ['financial-promise', 'Double your money in a week'],
    ['email-address', 'Write to ada.lovelace+x@mail.example.co.uk today'],
    ['phone-number', 'Call +49 30 1234 5678'],
    ['phone-number', 'Call (030) 123 45 67 89'],
    ['phone-number', 'Call 555-123-4567 now'],
    ['profanity', 'What the fuck'],
    ['profanity', 'what the fuuuuck'],
  ])('%s: %s', (rule, text) => {
    expect(risksIn(text).map((risk) => risk.rule)).toContain(rule);
  });
  test.each([
    'The database cures nothing. Retries return a result; profits are not guaranteed.',
    'On 2026-01-15 at 10:30 we had 1,000,000 rows in 12.5 ms, version 1.2.3, http://127.0.0.1:8080/a.',
    'Meet me at 3 pm @home. Scunthorpe has a class on assets. Write it, pass it, assess it.',
    '1/7 2/7 0:05 1:02:05',
  ])('nothing in %s', (text) => {
    expect(risksIn(text)).toEqual([]);
  });
  test('takes points and says what was found', () => {
    const result = check('blog', `${BODY} Mail ada@example.com.`);
    expect(result.risks).toEqual([{ rule: 'email-address', excerpt: 'ada@example.com' }]);
    expect(result.score).toBe(70);
    expect(result.checks.find(({ name }) => name === 'risk')?.detail).toContain('ada@example.com');
  });
});

test('HTML is shown, not run', () => {
  const page = htmlPage(
    '<b>T</b>',
    '# <script>alert(1)</script>\n\n[x](javascript:alert(1)) ![y](http://tracker.example/p.png) <img src=x onerror=alert(1)>',
  );
  expect(page).not.toMatch(/<script|<img|href="javascript/);
  expect(page).toContain('&lt;script&gt;');
  expect(page).toContain('<title>&lt;b&gt;T&lt;/b&gt;</title>');
});
