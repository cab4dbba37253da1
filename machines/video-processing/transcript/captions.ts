import * as mediaCaptions from 'media-captions';
import type { Segment, Transcript, TranscriptFormat } from '../model.ts';

/** What is used of media-captions. Its own type files cannot be resolved under NodeNext. */
interface Captions {
  parseText(text: string, options: { type: 'vtt' | 'srt' }): Promise<{ cues: Cue[] }>;
  tokenizeVTTCue(cue: Cue): CueNode[];
}
interface Cue {
  startTime: number;
  endTime: number;
  text: string;
}
type CueNode = { type: 'text'; data: string } | { type: string; children: CueNode[] };

const captions = mediaCaptions as unknown as Captions;

/** Recognises the format of a transcript; `fileName` has the last word. */
export function formatOf(text: string, fileName?: string): TranscriptFormat {
  const extension = /\.(vtt|srt|txt)$/i.exec(fileName ?? '')?.[1]?.toLowerCase();
  if (extension !== undefined) return extension as TranscriptFormat;
  if (/^\uFEFF?WEBVTT(\s|$)/.test(text)) return 'vtt';
  return /^\s*\d[\d:]*[,.]\d+\s+-->\s/m.test(text) ? 'srt' : 'txt';
}

/** Reads a transcript: markup, byte order mark and line ends are taken off, what overlapping cues repeat is kept once. */
export async function parseTranscript(text: string, format: TranscriptFormat): Promise<Transcript> {
  const clean = text
    .replace(/^\uFEFF/, '')
    .replaceAll('\0', '')
    .toWellFormed();
  return toTranscript(format, format === 'txt' ? paragraphs(clean) : await cues(clean, format));
}

/** Puts segments in order and joins their text. */
export function toTranscript(method: Transcript['method'], segments: Segment[]): Transcript {
  const filled = segments
    .map((segment) => ({ ...segment, text: tidy(segment.text) }))
    .filter((segment) => segment.text !== '')
    .toSorted((a, b) => (a.start ?? 0) - (b.start ?? 0));
  const kept: Segment[] = [];
  for (const segment of filled) {
    const text = withoutRepetition(segment, kept.at(-1));
    if (text !== '') kept.push({ ...segment, text });
  }
  return { method, segments: kept, text: kept.map((segment) => segment.text).join(' ') };
}

async function cues(text: string, format: 'vtt' | 'srt'): Promise<Segment[]> {
  const parsed = await captions.parseText(text, { type: format });
  return parsed.cues
    .filter((cue) => Number.isFinite(cue.startTime) && cue.endTime >= cue.startTime)
    .map((cue) => ({ start: round(cue.startTime), end: round(cue.endTime), text: plain(cue) }));
}

/** The cue's text without tags; `{\an8}` is how SRT files place a line. */
function plain(cue: Cue): string {
  cue.text = cue.text.replace(/\{\\[^}]*\}/g, '');
  return captions.tokenizeVTTCue(cue).map(textOf).join('');
}

function textOf(node: CueNode): string {
  if ('data' in node) return node.data;
  return node.type === 'rt' ? '' : node.children.map(textOf).join('');
}

function paragraphs(text: string): Segment[] {
  return text.split(/\n\s*\n|\r\n\s*\r\n/).map((paragraph) => ({ start: null, end: null, text: paragraph }));
}

/** Rolling captions show the line before once more: cut off what this cue repeats of it. */
function withoutRepetition(segment: Segment, before: Segment | undefined): string {
  if (before === undefined || segment.start === null || before.end === null) return segment.text;
  const overlaps = segment.start < before.end + 0.05;
  if (!overlaps) return segment.text;
  const ours = segment.text.split(' ');
  const theirs = before.text.split(' ');
  for (let length = Math.min(ours.length, theirs.length); length >= 3; length--) {
    if (theirs.slice(-length).join(' ') === ours.slice(0, length).join(' ')) return ours.slice(length).join(' ');
  }
  return segment.text === before.text ? '' : segment.text;
}

function tidy(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function round(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}
