import { randomBytes } from 'node:crypto';

/** Crockford's base 32: no i, l, o, u. */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
/** Digits of the time: 50 bits for the 48 that it has. */
const TIME = 10;
/** Digits of chance, 80 bits. */
const CHANCE = 16;

/**
 * A ULID (https://github.com/ulid/spec) in lower case: the time, then chance. In order of time in any collation, and
 * ten characters shorter than a UUID, in each of the rows and index entries that name it.
 * @param now milliseconds since 1970
 */
export function ulid(now: number): string {
  let id = '';
  for (let digit = TIME - 1; digit >= 0; digit--) id += DIGITS[Math.floor(now / 32 ** digit) % 32];
  for (const byte of randomBytes(CHANCE)) id += DIGITS[byte % 32];
  return id;
}
