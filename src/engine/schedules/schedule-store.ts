import type { Commit, Millis } from '../ports.ts';

/** What came of the last time. */
export type ScheduleOutcome = 'started' | 'missed' | 'overlap' | 'paused' | 'failed';

/** A schedule as the code has it, and when it comes next. */
export interface NewSchedule {
  id: string;
  workflow: string;
  name: string;
  cron: string;
  timezone: string;
  jitter: number;
  missed: string;
  overlap: string;
  tick: Millis | null;
  dueAt: Millis | null;
}

/** A schedule whose time has come. */
export interface DueSchedule {
  id: string;
  /** The time by its calendar. */
  tick: Millis;
  paused: boolean;
  /** Instances that it has started and that go on. */
  active: string[];
}

/** What is written when a time of a schedule is dealt with. */
export interface Advance {
  id: string;
  /** Only if this still is the next time. */
  tick: Millis;
  next: { tick: Millis; dueAt: Millis } | null;
  outcome: ScheduleOutcome;
  message: string | null;
  starts: Commit[];
  /** How many times were left out. */
  skipped: number;
  /** Instances to be cancelled. */
  cancelled: string[];
  /** Those that go on and are to be looked at next time. */
  active: string[];
  at: Millis;
}

/** A schedule, and what came of it. */
export interface ScheduleView {
  id: string;
  workflow: string;
  name: string;
  cron: string;
  timezone: string;
  /** Milliseconds. */
  jitter: number;
  missed: 'skip' | 'once' | 'all';
  overlap: 'allow' | 'skip' | 'cancel';
  paused: { by: string; why: string | null; since: Date } | null;
  /** The next times, jitter included. */
  next: Date[];
  /** The last time that was dealt with, and how; null before the first. */
  last: { at: Date; outcome: ScheduleOutcome; message: string | null } | null;
  /** The last instances that it started, newest first. */
  instances: { id: string; status: string; state: string; startedAt: Date }[];
  /** How many it has started, and how many times it left out. */
  started: number;
  skipped: number;
}

/** Schedules in the database. */
export interface ScheduleStore {
  /** Brings the table in step with the code; of one whose times have changed, the next time is the given one. */
  sync(schedules: readonly NewSchedule[], workflows: readonly string[]): Promise<void>;
  /** Those of these whose time has come. */
  due(ids: readonly string[], now: Millis): Promise<DueSchedule[]>;
  /** Deals with a time: one statement. The instances that it started or cancelled; undefined when somebody else was faster. */
  advance(advance: Advance): Promise<string[] | undefined>;
  /** Starts one at once, with the record of who asked for it. The record's id; undefined where the instance is there. */
  run(
    id: string,
    start: Commit,
    record: { by: string; why: string | null; key: string | null },
    at: Millis,
  ): Promise<number | undefined>;
  list(ids: readonly string[]): Promise<(Omit<ScheduleView, 'next'> & { tick: Millis | null; dueAt: Millis | null })[]>;
}
