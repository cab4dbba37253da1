import { DurachartError } from './error.ts';

/** Only numbers of 16 digits or more, or with an exponent, can be others in JavaScript (IEEE 754 keeps 15 digits). */
const MAY_CHANGE = /\d[\d.]{15}|\d[eE]/;

/**
 * JSON.parse that refuses what it would change without a word: a number that JavaScript has no equal of (`9007199254740993`, `1e400`,
 * 18 digits after the point), and a key that an object has twice, of which one value would be lost. `-0` is taken, and is stored as 0.
 * @throws SyntaxError as JSON.parse does; DurachartError `INEXACT_JSON`
 */
export function parseExactJson(text: string): unknown {
  const value: unknown = MAY_CHANGE.test(text) ? JSON.parse(text, asWritten as never) : JSON.parse(text);
  if (membersOf(text) > keysIn(value)) throw inexact('an object has one key twice', 'Write each key once.', {});
  return value;
}

function asWritten(key: string, value: unknown, { source }: { source: string }): unknown {
  if (typeof value !== 'number' || isExact(source, value)) return value;
  throw inexact(
    `the number ${source.slice(0, 40)}${key === '' ? '' : ` (${key.slice(0, 100)})`} is ${value} in JavaScript`,
    'Send it as a string.',
    { key, becomes: String(value) },
  );
}

function inexact(what: string, remedy: string, details: Record<string, unknown>): DurachartError {
  return new DurachartError('INEXACT_JSON', `The JSON would be changed by being read: ${what}. ${remedy}`, { details });
}

/** Equal to the shortest way in which a double is written, or to that with 17 digits, which older libraries write. */
function isExact(source: string, value: number): boolean {
  if (!Number.isFinite(value)) return false;
  const given = decimal(source);
  return given === decimal(String(value)) || given === decimal(value.toPrecision(17));
}

/** The same text for numbers that are equal: sign, digits without zeros at their ends, and their exponent. */
function decimal(number: string): string {
  const [mantissa = '', exponent = '0'] = number.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const power = Number(exponent) - fraction.length + digits.length - significant.length;
  return `${mantissa.startsWith('-') ? '-' : ''}${significant}e${power}`;
}

/** How many members the objects in the text have. The text is known to be JSON. */
function membersOf(text: string): number {
  let members = 0;
  for (let start = text.indexOf('"'); start >= 0; start = text.indexOf('"', start)) {
    const end = endOfString(text, start);
    start = end + 1;
    while (isSpace(text.charCodeAt(start))) start++;
    if (text[start] === ':') members++;
  }
  return members;
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (text[before - 1] === '\\') before--;
    // An odd number of backslashes makes the quotation mark part of the string.
    if ((end - before) % 2 === 0) return end;
  }
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

/** Without recursion, since nothing has bounded the depth yet. */
function keysIn(root: unknown): number {
  let keys = 0;
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    const inner = Object.values(value) as unknown[];
    if (!Array.isArray(value)) keys += inner.length;
    for (const item of inner) open.push(item);
  }
  return keys;
}
