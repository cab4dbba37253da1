import { currentTime } from '../clock.ts';
import { DefinitionError, DurachartError } from '../../core/error.ts';
import type { Schedule } from '../../core/schedule.ts';
import { describe } from '../../core/thrown.ts';
import type { Workflow } from '../../core/workflow.ts';
import { checkInput } from '../checks.ts';
import { idempotentId } from '../keys.ts';
import type { Clock, Commit, Millis } from '../ports.ts';
import { unbornCommit } from '../state.ts';
import { calendarOf, type Calendar } from './calendar.ts';
import type { Advance, DueSchedule, ScheduleStore, ScheduleView } from './schedule-store.ts';

export interface SchedulerOptions {
  schedules: ScheduleStore;
  workflows: ReadonlyMap<string, Workflow>;
  clock: Clock;
  /** Gets somebody to move these instances, where nobody would look by himself. */
  announce: (ids: readonly string[]) => Promise<void>;
  fault: (message: string, error: unknown) => void;
}

/** A start that is later has been missed: whoever looks does so each second, on Trigger.dev each minute. */
export const GRACE = 150_000;
/** Missed times that are made up for. */
const MOST_MISSED = 100;
/** Times that are dealt with at once; each second has one at most, so that without jitter no more come together within the grace. */
const MOST_AT_ONCE = 200;
/** How many of the missed times, the last ones. */
const MADE_UP_FOR: Record<Schedule['missed'], number> = { skip: 0, once: 1, all: MOST_MISSED };
/** Instances that are watched for overlap. */
const MOST_ACTIVE = 100;
/** Times to come that are shown. */
const SHOWN = 3;

interface Known {
  schedule: Schedule;
  calendar: Calendar;
  workflow: Workflow;
}

/** Starts instances when the time of a schedule has come: whichever process is first, and only that one. */
export class Scheduler {
  private readonly options: SchedulerOptions;
  private readonly known = new Map<string, Known>();
  private inStep: Promise<void> | undefined;

  /** @throws DefinitionError `INVALID_SCHEDULE`, `DUPLICATE_SCHEDULE` */
  constructor(options: SchedulerOptions) {
    this.options = options;
    for (const workflow of options.workflows.values()) {
      for (const schedule of workflow.schedules) {
        if (this.known.has(schedule.id)) {
          throw new DefinitionError(
            'DUPLICATE_SCHEDULE',
            `Workflow ${workflow.name} has two schedules named ${schedule.name}. Give one of them another name.`,
          );
        }
        this.known.set(schedule.id, { schedule, calendar: calendarOf(schedule), workflow });
      }
    }
  }

  /** Deals with every schedule whose time has come. */
  async tick(): Promise<void> {
    const { schedules, clock, announce, fault } = this.options;
    await this.sync();
    if (this.known.size === 0) return;
    const now = clock.now();
    for (const due of await schedules.due([...this.known.keys()], now)) {
      const advance = advanceOf(this.known.get(due.id) as Known, due, now);
      if (advance.outcome === 'failed') fault(`schedule ${due.id} started nothing: ${advance.message}`, null);
      const ids = await schedules.advance(advance);
      if (ids !== undefined) await announce(ids);
    }
  }

  async list(): Promise<ScheduleView[]> {
    await this.sync();
    const rows = await this.options.schedules.list([...this.known.keys()]);
    return rows.map(({ tick, dueAt, ...row }) => {
      const { calendar } = this.known.get(row.id) as Known;
      const next: Date[] = [];
      for (let time = tick; time !== null && next.length < SHOWN; time = calendar.after(time))
        next.push(new Date(time === tick && dueAt !== null ? dueAt : calendar.due(time)));
      return { ...row, next };
    });
  }

  /** @throws DurachartError `UNKNOWN_SCHEDULE` */
  named(id: string): Known {
    const found = this.known.get(id);
    if (found !== undefined) return found;
    const known = [...this.known.keys()];
    throw new DurachartError(
      'UNKNOWN_SCHEDULE',
      `There is no schedule ${JSON.stringify(id)}. Known: ${known.join(', ') || 'none'}.`,
      { details: { schedules: known } },
    );
  }

  /** Starts an instance of a schedule at once. The id of the record; undefined where it was done with this key before. */
  async run(id: string, by: { by: string; why: string | null; key: string | null }): Promise<number | undefined> {
    const { schedules, clock, announce } = this.options;
    const known = this.named(id);
    await this.sync();
    const now = await currentTime(clock);
    const start = startOf(known, now, by.key === null ? undefined : `run ${by.key}`, now);
    const record = await schedules.run(id, start, by, now);
    await announce([start.id]);
    return record;
  }

  /** Brings the table in step with the code, once: it counts from when it is first asked to. */
  private async sync(): Promise<void> {
    this.inStep ??= this.syncNow().catch((error: unknown) => {
      this.inStep = undefined;
      throw error;
    });
    return this.inStep;
  }

  private async syncNow(): Promise<void> {
    const { schedules, workflows, clock } = this.options;
    const now = await currentTime(clock);
    const rows = [...this.known.values()].map(({ schedule: { input: _, ...schedule }, calendar }) => {
      const tick = calendar.after(now);
      return { ...schedule, tick, dueAt: tick === null ? null : calendar.due(tick) };
    });
    await schedules.sync(rows, [...workflows.keys()]);
  }
}

/** What becomes of a schedule's time, and of those after it that have passed as well. Pure. */
export function advanceOf(known: Known, { id, tick, paused, active }: DueSchedule, now: Millis): Advance {
  const { calendar, schedule } = known;
  const { missed, inTime, next } = passedTicks(calendar, tick, now);
  const ticks = [...missed, ...inTime];
  const advance: Advance = {
    id,
    tick,
    next: next === null ? null : { tick: next, dueAt: calendar.due(next) },
    outcome: 'started',
    message: null,
    starts: [],
    skipped: 0,
    cancelled: [],
    active,
    at: now,
  };
  const none = (outcome: Advance['outcome'], message: string | null = null): Advance => ({
    ...advance,
    outcome,
    message,
    skipped: ticks.length,
  });
  if (paused) return none('paused');
  const wanted = [...last(missed, MADE_UP_FOR[schedule.missed]), ...inTime];
  if (wanted.length === 0) return none('missed');
  if (schedule.overlap === 'skip' && active.length > 0) return none('overlap', `${active[0]} goes on.`);
  // Those that are started at once would be in each other's way, too.
  const starting = schedule.overlap === 'allow' ? wanted : wanted.slice(-1);
  try {
    advance.starts = starting.map((time) => startOf(known, time, new Date(time).toISOString(), now));
  } catch (error) {
    return none('failed', describe(error).slice(0, 2_000));
  }
  return {
    ...advance,
    skipped: ticks.length - starting.length,
    cancelled: schedule.overlap === 'cancel' ? active : [],
    active: [...(schedule.overlap === 'cancel' ? [] : active), ...advance.starts.map((start) => start.id)].slice(
      -MOST_ACTIVE,
    ),
  };
}

function last<T>(items: readonly T[], count: number): T[] {
  return count <= 0 ? [] : items.slice(-count);
}

/** A time that is due with those after it that are, and the first one that is not. */
function passedTicks(
  calendar: Calendar,
  tick: Millis,
  now: Millis,
): { missed: Millis[]; inTime: Millis[]; next: Millis | null } {
  const isMissed = (time: Millis): boolean => calendar.due(time) < now - GRACE;
  if (isMissed(tick)) {
    const passed = calendar.between(tick, now, MOST_MISSED + MOST_AT_ONCE);
    // A time that the calendar no longer has was stored by it, and is due.
    const ticks = passed.length === 0 ? [tick] : passed;
    const next = ticks.findIndex((time) => calendar.due(time) > now);
    const due = next < 0 ? ticks : ticks.slice(0, next);
    const inTime = due.filter((time) => !isMissed(time));
    return {
      missed: last(due.filter(isMissed), MOST_MISSED - inTime.length),
      inTime,
      next: ticks[next] ?? calendar.after(now),
    };
  }
  // None of those after it can be missed: they wait for this one.
  const ticks = [tick];
  let next = calendar.after(tick);
  while (next !== null && calendar.due(next) <= now && ticks.length < MOST_AT_ONCE) {
    ticks.push(next);
    next = calendar.after(next);
  }
  return { missed: [], inTime: ticks, next };
}

function startOf({ schedule, workflow }: Known, time: Millis, key: string | undefined, now: Millis): Commit {
  const name = key === undefined ? undefined : `schedule ${schedule.name} ${key}`;
  return unbornCommit(idempotentId(workflow.name, null, name, now), workflow, {
    workflow: workflow.name,
    version: workflow.version,
    tenant: null,
    tags: [`schedule:${schedule.id}`],
    priority: 5,
    input: checkInput(workflow, schedule.input({ at: new Date(time) })),
    key: name ?? null,
    parent: null,
    leased: false,
    wakeAt: now,
    startAt: null,
    createdAt: now,
  });
}
