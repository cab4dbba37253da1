import { createHash } from 'node:crypto';
import { Cron } from 'croner';
import { DefinitionError } from '../../core/error.ts';
import type { Schedule } from '../../core/schedule.ts';
import { describe } from '../../core/thrown.ts';
import type { Millis } from '../ports.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;
/** A day: what is spread wider is another calendar. */
const MOST_JITTER = 86_400_000;

type When = Pick<Schedule, 'id' | 'cron' | 'timezone' | 'jitter'>;

/**
 * The times of a schedule, in whole seconds. A time that its zone leaves out (the clock goes forward) comes at the first moment after the
 * gap; one that it has twice comes the first time.
 */
export class Calendar {
  private readonly when: When;
  private readonly cron: Cron;

  constructor(when: When) {
    this.when = when;
    this.cron = new Cron(when.cron, { timezone: when.timezone, paused: true });
  }

  /** The first time after that one; null when there is none. */
  after(time: Millis): Millis | null {
    return this.cron.nextRun(new Date(time))?.getTime() ?? null;
  }

  /** The last times from one up to another, both included, oldest first. */
  between(from: Millis, to: Millis, most: number): Millis[] {
    const before = new Date(to + 1_000);
    return this.cron
      .previousRuns(most + 1, before)
      .map((date) => date.getTime())
      .filter((time) => time >= from && time <= to)
      .slice(0, most)
      .toReversed();
  }

  /** When a start is due: the same for all who ask. */
  due(tick: Millis): Millis {
    const { id, jitter } = this.when;
    if (jitter === 0) return tick;
    return tick + (createHash('sha256').update(`${id} ${tick}`).digest().readUInt32BE() % (jitter + 1));
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
