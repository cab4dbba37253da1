import { describe, expect, test } from 'vitest';
import { formatOf, parseTranscript, toTranscript } from '../../../machines/video-processing/transcript/captions.ts';
import { judge } from '../../../machines/video-processing/transcript/quality.ts';
import { isSaid, locate, timestamp } from '../../../machines/video-processing/transcript/quotes.ts';
import { comparable } from '../../../machines/video-processing/transcript/words.ts';

const plain = (text: string) => toTranscript('txt', [{ start: null, end: null, text }]);

describe('parsing', () => {
  test('WebVTT: byte order mark, CRLF, notes, styles, settings, markup, entities', async () => {
    const text =
      '\uFEFFWEBVTT - a title\r\n\r\nNOTE not said\r\n\r\nSTYLE\r\n::cue { color: red }\r\n\r\none\r\n00:00:01.000 --> 00:00:03.000 align:start\r\n<v Bob>Salt &amp; <i>pepper</i>\r\nand more\r\n\r\n00:05.500 --> 00:07.000\r\nLater\r\n';
    expect(await parseTranscript(text, 'vtt')).toEqual({
      method: 'vtt',
      text: 'Salt & pepper and more Later',
      segments: [
        { start: 1, end: 3, text: 'Salt & pepper and more' },
        { start: 5.5, end: 7, text: 'Later' },
      ],
    });
  });
  test('SubRip: byte order mark, placement, fonts, order, backward times', async () => {
    const text =
      '\uFEFF1\r\n00:00:04,000 --> 00:00:05,000\r\n<font color="red">second</font>\r\n\r\n2\r\n00:00:01,000 --> 00:00:02,000\r\n{\\an8}<b>first</b>\r\n\r\n3\r\n00:00:09,000 --> 00:00:08,000\r\nbackward\r\n';
    expect((await parseTranscript(text, 'srt')).segments).toEqual([
      { start: 1, end: 2, text: 'first' },
      { start: 4, end: 5, text: 'second' },
    ]);
  });
  test('overlapping, rolling cues say each word once', async () => {
    const text =
      'WEBVTT\n\n00:00.000 --> 00:02.000\nso a long job survives\n\n00:01.500 --> 00:03.500\nso a long job survives\nevery single crash\n\n00:03.400 --> 00:04.000\nevery single crash\n';
    expect((await parseTranscript(text, 'vtt')).text).toBe('so a long job survives every single crash');
  });
  test('overlapping cues of two speakers are both kept', async () => {
    const text =
      'WEBVTT\n\n00:00.000 --> 00:02.000\n<v A>What do you think?\n\n00:01.500 --> 00:03.500\n<v B>It is fine.\n';
    expect((await parseTranscript(text, 'vtt')).text).toBe('What do you think? It is fine.');
  });
  test('plain text: paragraphs without times, NUL and lone surrogates gone', async () => {
    expect(await parseTranscript('One\r\ntwo\0\r\n\r\nthree \ud800', 'txt')).toEqual({
      method: 'txt',
      text: 'One two three \ufffd',
      segments: [
        { start: null, end: null, text: 'One two' },
        { start: null, end: null, text: 'three \ufffd' },
      ],
    });
  });
  test.each(['', 'garbage\nhere', 'WEBVTT', '\uFEFF', '-->', 'WEBVTT\n\nxx --> yy\nno'])(
    'nothing comes of %j as captions',
    async (text) => {
      expect((await parseTranscript(text, 'vtt')).segments).toEqual([]);
      expect((await parseTranscript(text, 'srt')).segments).toEqual([]);
    },
  );
  test('the format is recognised', () => {
    expect(formatOf('\uFEFFWEBVTT\n')).toBe('vtt');
    expect(formatOf('1\r\n00:00:01,000 --> 00:00:02,000\r\nx')).toBe('srt');
    expect(formatOf('Hello --> there')).toBe('txt');
    expect(formatOf('WEBVTT', 'a.TXT')).toBe('txt');
  });
});

describe('quality', () => {
  const words =
    'Durable statecharts write every transition to Postgres before anything else happens so that a crashed worker loses no more than one step of work'.split(
      ' ',
    );
  test.each<[string, string, number | null, RegExp]>([
    ['nothing', '', 20, /no words/],
    ['too short', 'Hello there.', 20, /2 words/],
    ['few words for its length', words.join(' '), 3_600, /words a minute are too few/],
    ['too many words for its length', words.join(' '), 2, /more than anybody says/],
    ['numbers instead of letters', `${words.slice(0, 4).join(' ')} ${'1234 5678 '.repeat(20)}`, 20, /are letters/],
    ['the same over and over', 'la la la na '.repeat(20), 20, /over and over/],
  ])('%s', (_, text, seconds, reason) => {
    expect(judge(plain(text), seconds).reason).toMatch(reason);
  });
  test('good', () => {
    expect(judge(plain(words.join(' ')), 10)).toEqual({
      quality: { words: 24, wordsPerMinute: 144, letterShare: 1, variety: 1 },
      reason: null,
    });
    expect(judge(plain(words.join(' ')), null).reason).toBeNull();
  });
  test('of another video', () => {
    const other = toTranscript('vtt', [{ start: 90, end: 100, text: words.join(' ') }]);
    expect(judge(other, 20).reason).toMatch(/goes on to 90 s, the video ends at 20 s/);
  });
});

describe('quotes', () => {
  const transcript = toTranscript('vtt', [
    { start: 0, end: 2, text: 'So a long job' },
    { start: 2, end: 4, text: 'survives every crash.' },
    { start: 4, end: 6, text: 'Nice.' },
  ]);
  test('get the times of the cues they span', () => {
    expect(locate('long job survives', transcript)).toEqual({ text: 'long job survives', start: 0, end: 4 });
    expect(locate('“survives every crash.”', transcript)).toEqual({ text: 'survives every crash.', start: 2, end: 4 });
    expect(locate('Nice.', transcript)).toEqual({ text: 'Nice.', start: 4, end: 6 });
  });
  test('that nobody said are not found', () => {
    expect(locate('survives most crashes', transcript)).toBeUndefined();
    expect(locate(' ', transcript)).toBeUndefined();
  });
  test('are compared by words', () => {
    expect(isSaid('SURVIVES every crash, nice', comparable(transcript.text))).toBe(true);
    expect(isSaid('every cras', comparable(transcript.text))).toBe(false);
  });
  test('timestamps', () => {
    expect([0, 65.9, 3_725].map(timestamp)).toEqual(['0:00', '1:05', '1:02:05']);
  });
});
