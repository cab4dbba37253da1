import type { Quote, Segment, Transcript } from '../model.ts';
import { comparable } from './words.ts';

/** The quote with the times at which it is said, or undefined when the transcript does not have it word for word. */
export function locate(text: string, transcript: Transcript): Quote | undefined {
  const wanted = text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^["“”']+|["“”']+$/g, '');
  if (wanted === '') return undefined;
  const offset = transcript.text.indexOf(wanted);
  return offset < 0 ? undefined : { text: wanted, ...timesAt(offset, wanted.length, transcript.segments) };
}

/** Whether the words stand in the transcript in this order; marks and capitals may differ. */
export function isSaid(text: string, said: string): boolean {
  const wanted = comparable(text);
  return wanted !== '' && ` ${said} `.includes(` ${wanted} `);
}

/** Start and end of a stretch of a transcript's text. */
export function timesAt(
  offset: number,
  length: number,
  segments: Segment[],
): { start: number | null; end: number | null } {
  let at = 0;
  let start: number | null = null;
  let end: number | null = null;
  let begun = false;
  for (const segment of segments) {
    const until = at + segment.text.length;
    if (until > offset && at < offset + length) {
      if (!begun) start = segment.start;
      begun = true;
      end = segment.end;
    }
    at = until + 1;
  }
  return { start, end };
}

/** `1:05`, or `1:02:05` from an hour on. */
export function timestamp(seconds: number): string {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60];
  const [hours = 0, minutes = 0, rest = 0] = parts;
  const tail = String(rest).padStart(2, '0');
  return hours === 0 ? `${minutes}:${tail}` : `${hours}:${String(minutes).padStart(2, '0')}:${tail}`;
}
