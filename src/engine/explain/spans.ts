import type { Millis } from '../ports.ts';

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** A stretch of time as people say it: `3 days`, `2 hours`, `1 minute`, `850 ms`. */
export function span(milliseconds: Millis): string {
  const ms = Math.max(0, Math.round(milliseconds));
  for (const [unit, size] of UNITS) {
    if (ms < size) continue;
    // One that is nearly two says more with a figure behind the point.
    const count = ms < 10 * size ? Math.floor(ms / (size / 10)) / 10 : Math.floor(ms / size);
    return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return `${ms} ms`;
}
