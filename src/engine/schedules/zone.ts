import type { Millis } from '../ports.ts';

/** What the clock on a wall shows, as milliseconds: those of the instant at which UTC shows the same. */
export type WallTime = number;

/**
 * The instants at which a zone's clock shows a time: one, two (the clock was set back), or none (it was set forward). `from` and `to`
 * bound the wall times that are repeated or left out, `to` is not among them.
 */
export type Shown =
  | { times: 'once'; at: Millis }
  | { times: 'twice'; first: Millis; second: Millis; from: WallTime; to: WallTime }
  | { times: 'never'; change: Millis; from: WallTime; to: WallTime };

const SECOND = 1_000;
/** No offset is larger, and no zone changes its clock twice within two of them. */
const DAY = 86_400_000;

/** The clock of a time zone, by the data of Intl. */
export class Zone {
  private readonly format: Intl.DateTimeFormat;
  private lastChange = -Infinity;

  /** @throws RangeError for a zone that there is not */
  constructor(name: string) {
    this.format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  wallTime(instant: Millis): WallTime {
    return instant + this.offset(instant);
  }

  /** When the clock shows a time. */
  shows(wall: WallTime): Shown {
    const base = wholeSecond(wall);
    const before = this.offset(base - DAY);
    const after = this.offset(base + DAY);
    if (before === after) return { times: 'once', at: wall - before };
    const change = this.changeBetween(base - DAY, base + DAY, before);
    const [first, second] = [wall - before, wall - after];
    if (first < change && second >= change)
      return { times: 'twice', first, second, from: change + after, to: change + before };
    if (first >= change && second < change)
      return { times: 'never', change, from: change + before, to: change + after };
    return { times: 'once', at: first < change ? first : second };
  }

  /** The first instant with another offset; times near a change are asked for one after the other, so the last one found is kept. */
  private changeBetween(low: Millis, high: Millis, before: Millis): Millis {
    if (this.lastChange > low && this.lastChange <= high) return this.lastChange;
    while (high - low > SECOND) {
      const half = wholeSecond((low + high) / 2);
      if (this.offset(half) === before) low = half;
      else high = half;
    }
    this.lastChange = high;
    return high;
  }

  /** Milliseconds that the clock is ahead of UTC. */
  private offset(instant: Millis): Millis {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.format.formatToParts(instant)) parts[type] = Number(value);
    const { year, month, day, hour, minute, second } = parts as Record<Intl.DateTimeFormatPartTypes, number>;
    return Date.UTC(year, month - 1, day, hour, minute, second) - wholeSecond(instant);
  }
}

function wholeSecond(time: number): number {
  return Math.floor(time / SECOND) * SECOND;
}

const zones = new Map<string, Zone>();

/** The zone of that name; a format of Intl is costly to make, so there is one for all who ask. @throws RangeError */
export function zoneOf(name: string): Zone {
  const known = zones.get(name) ?? new Zone(name);
  zones.set(name, known);
  return known;
}
