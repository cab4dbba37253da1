/** What a terminal would obey (C0 and C1 controls), and what would show text in another order than it is. */
// oxlint-disable-next-line no-control-regex -- they are what it looks for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text from elsewhere on one line, without anything that a terminal would obey. */
export function plain(text: string): string {
  return text
    .replace(/[\t\r\n]+/g, ' ')
    .replace(UNSAFE, '')
    .toWellFormed();
}

/** The same, with its line breaks. */
export function plainLines(text: string): string {
  return text.split(/\r?\n/).map(plain).join('\n');
}

/** JSON that a terminal shows as it is; any JSON parser gives back the value. */
export function safeJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent) ?? 'null';
  return text.replace(UNSAFE, (char) =>
    char === '\n' ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const WIDE =
  /^(\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}])/u;

/** Columns that a text takes on a terminal. */
export function width(text: string): number {
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) columns += WIDE.test(segment) ? 2 : 1;
  return columns;
}

/** The text, cut to so many columns. */
export function truncate(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += WIDE.test(segment) ? 2 : 1;
    if (used > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** The text in lines of at most so many columns, broken between words; undefined: one line. What has no blanks is not broken. */
export function wrap(text: string, columns: number | undefined): string[] {
  if (columns === undefined) return [text];
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && width(last) + 1 + width(word) <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

export function pad(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, columns - width(text)));
  return align === 'left' ? text + space : space + text;
}

/** `850ms`, `1.2s`, `12s`, `3m 12s`, `2h 5m`, `3d 4h` @param milliseconds below 0 counts as 0 */
export function duration(milliseconds: number): string {
  const ms = Math.max(0, Math.round(milliseconds));
  if (ms < 1_000) return `${ms}ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return two(minutes, 'm', seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? two(hours, 'h', minutes % 60, 'm') : two(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** `just now`, `12s ago`, `3m ago`, `in 2h` */
export function relative(time: string | Date, now: Date): string {
  const ms = now.getTime() - new Date(time).getTime();
  const seconds = Math.floor(Math.abs(ms) / 1_000);
  if (seconds < 1) return 'just now';
  const [amount, unit] =
    seconds < 60
      ? [seconds, 's']
      : seconds < 3_600
        ? [seconds / 60, 'm']
        : seconds < 86_400
          ? [seconds / 3_600, 'h']
          : [seconds / 86_400, 'd'];
  const text = `${Math.floor(Number(amount))}${unit}`;
  return ms < 0 ? `in ${text}` : `${text} ago`;
}

/** `1.4 MB` */
export function bytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let amount = size;
  for (; amount >= 1_000 && unit < units.length - 1; unit++) amount /= 1_000;
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${units[unit]}`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit} ${small}${smallUnit}`;
}
