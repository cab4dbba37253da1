import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** A century. */
const LONGEST = 36_525 * 86_400_000;

/** For options that take a length of time like `90s`, `15m`, `2h`, `30d`: milliseconds. */
export function age(value: string): number {
  const [, number, unit = ''] = /^(\d{1,12})([smhd])$/.exec(value) ?? [];
  const milliseconds = Number(number) * (UNITS[unit] ?? NaN);
  if (!(milliseconds <= LONGEST)) throw new InvalidArgumentError('It must be like 90s, 15m, 2h or 30d.');
  return milliseconds;
}

/** For options that take a time, or how long ago it was; ISO 8601. */
export function timeOrAge(value: string): string {
  if (/^\d+[smhd]$/.test(value)) return new Date(Date.now() - age(value)).toISOString();
  const time = /^\d{4}-\d\d-\d\d/.test(value) ? new Date(value) : new Date(NaN);
  if (Number.isNaN(time.getTime()))
    throw new InvalidArgumentError('It must be a time like 2026-01-31T12:00:00Z, or an age like 90s, 15m, 2h or 30d.');
  return time.toISOString();
}
