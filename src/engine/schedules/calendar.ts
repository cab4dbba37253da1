import { createHash } from 'node:crypto';
import { Cron, CronPattern } from 'croner';
import { DefinitionError } from '../../core/error.ts';
import type { Schedule } from '../../core/schedule.ts';
import { describe } from '../../core/thrown.ts';
import type { Millis } from '../ports.ts';
import { zoneOf, type WallTime, type Zone } from './zone.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
/** A day: what is spread wider is another calendar. */
const MOST_JITTER = 86_400_000;

type When = Pick<Schedule, 'id' | 'cron' | 'timezone' | 'jitter'>;

/**
 * The times of a schedule, in whole seconds. Cron gives wall times; each becomes an instant by one rule. Where the expression names hours,
 * every wall time comes once: one that the zone leaves out at the first moment after the gap, one that it has twice the first time. Where
 * it has every hour, it is an interval: it goes by what the clock shows, through the hour that is left out and through both that are repeated.
 */
export class Calendar {
  private readonly when: When;
  private readonly zone: Zone;
  private readonly wallTimes: Cron;
  private readonly everyHour: boolean;

  constructor(when: When) {
    this.when = when;
    this.zone = zoneOf(when.timezone);
    this.wallTimes = new Cron(when.cron, { utcOffset: 0, paused: true });
    this.everyHour = new CronPattern(when.cron).hour.every((matches) => matches === 1);
  }

  /** The first time after that one; null when there is none. */
  after(time: Millis): Millis | null {
    const wall = this.zone.wallTime(time);
    const here = this.zone.shows(wall);
    if (here.times !== 'twice') return this.instantAfter(wall);
    if (this.everyHour) {
      const next = this.wallAfter(wall);
      if (next !== null && next < here.to) return time + next - wall;
      const again = time < here.second ? this.wallAfter(here.from - 1) : null;
      if (again !== null && again < here.to) return here.second + again - wall;
    }
    // The times that are shown again came the first time.
    return this.instantAfter(time < here.second && !this.everyHour ? wall : here.to - 1);
  }

  /** The last time before that one; null when there is none. */
  before(time: Millis): Millis | null {
    const wall = this.zone.wallTime(time);
    const here = this.zone.shows(wall);
    if (here.times !== 'twice' || time < here.second) return this.instantBefore(wall, time);
    if (this.everyHour) {
      const previous = this.wallBefore(wall);
      if (previous !== null && previous >= here.from) return time + previous - wall;
    }
    const previous = this.wallBefore(here.to);
    if (previous !== null && previous >= here.from) return here.first + previous - wall;
    return this.instantBefore(here.from, time);
  }

  /** The last times from one up to another, both included, oldest first. */
  between(from: Millis, to: Millis, most: number): Millis[] {
    const times: Millis[] = [];
    for (let time = this.before(to + 1); time !== null && time >= from && times.length < most; time = this.before(time))
      times.push(time);
    return times.toReversed();
  }

  /** When a start is due: the same for all who ask. */
  due(tick: Millis): Millis {
    const { id, jitter } = this.when;
    if (jitter === 0) return tick;
    return tick + (createHash('sha256').update(`${id} ${tick}`).digest().readUInt32BE() % (jitter + 1));
  }

  /** The instant of the first wall time after that one, which is not shown again later. */
  private instantAfter(wall: WallTime): Millis | null {
    const next = this.wallAfter(wall);
    if (next === null) return null;
    const shown = this.zone.shows(next);
    if (shown.times === 'once') return shown.at;
    if (shown.times === 'twice') return shown.first;
    return this.everyHour ? this.instantAfter(shown.to - 1) : shown.change;
  }

  /** The last instant before a time of those of the wall times before that one. */
  private instantBefore(wall: WallTime, time: Millis): Millis | null {
    const previous = this.wallBefore(wall);
    if (previous === null) return null;
    const shown = this.zone.shows(previous);
    if (shown.times === 'once') return shown.at;
    if (shown.times === 'twice') return this.everyHour && shown.second < time ? shown.second : shown.first;
    return this.everyHour || shown.change >= time ? this.instantBefore(shown.from, time) : shown.change;
  }

  private wallAfter(wall: WallTime): WallTime | null {
    return this.wallTimes.nextRun(new Date(wall))?.getTime() ?? null;
  }

  private wallBefore(wall: WallTime): WallTime | null {
    return this.wallTimes.previousRuns(1, new Date(wall))[0]?.getTime() ?? null;
  }
}

/** @throws DefinitionError `INVALID_SCHEDULE` */
export function calendarOf(schedule: Schedule): Calendar {
  const { id, name, jitter } = schedule;
  const refuse = (what: string): DefinitionError => new DefinitionError('INVALID_SCHEDULE', `Schedule ${id}: ${what}`);
  if (!NAME.test(name)) throw refuse('a name has letters, digits, - and _, at most 100.');
  if (!Number.isInteger(jitter) || jitter < 0 || jitter > MOST_JITTER)
    throw refuse(`jitter is whole milliseconds from 0 to ${MOST_JITTER} (a day).`);
  try {
    const calendar = new Calendar(schedule);
    // A zone that there is not shows when it is used only.
    if (calendar.after(0) === null) throw new Error('it never comes.');
    return calendar;
  } catch (error) {
    throw refuse(`cron ${JSON.stringify(schedule.cron)} in ${schedule.timezone}: ${describe(error)}`);
  }
}
