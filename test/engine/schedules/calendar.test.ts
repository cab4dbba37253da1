import { expect, test } from 'vitest';
import { schedulesOf, type ScheduleOptions } from '../../../src/core/schedule.ts';
import { calendarOf } from '../../../src/engine/schedules/calendar.ts';
import { advanceOf, GRACE } from '../../../src/engine/schedules/scheduler.ts';
import { defineWorkflow } from '../../../src/index.ts';
import { setup } from 'xstate';

const workflow = defineWorkflow({ machine: setup({}).createMachine({ id: 'w', initial: 'A', states: { A: {} } }) });
function known(options: Omit<ScheduleOptions, 'name'>) {
  const [schedule] = schedulesOf('w', [options as ScheduleOptions]) as [ReturnType<typeof schedulesOf>[number]];
  return { schedule, calendar: calendarOf(schedule), workflow };
}
const at = (text: string): number => Date.parse(text);
const texts = (times: readonly number[]): string[] => times.map((time) => new Date(time).toISOString().slice(0, 16));
function following(options: Omit<ScheduleOptions, 'name'>, from: string, count: number): string[] {
  const { calendar } = known(options);
  const times: number[] = [];
  for (let time = at(from); times.length < count;) times.push((time = calendar.after(time) as number));
  return texts(times);
}

test('goes by the time of its zone, in summer and in winter', () => {
  const berlin = { cron: '0 9 * * 1', timezone: 'Europe/Berlin' };
  expect(following(berlin, '2026-03-20T00:00:00Z', 3)).toEqual([
    '2026-03-23T08:00',
    '2026-03-30T07:00',
    '2026-04-06T07:00',
  ]);
});

test('a time that the clock leaves out comes at the first moment after the gap', () => {
  const berlin = { cron: '30 2 * * *', timezone: 'Europe/Berlin' };
  expect(following(berlin, '2026-03-28T00:00:00Z', 3)).toEqual([
    '2026-03-28T01:30',
    '2026-03-29T01:00',
    '2026-03-30T00:30',
  ]);
});

test('a time that there is twice comes once, the first time; what comes all the time goes on through both', () => {
  const berlin = { cron: '30 2 * * *', timezone: 'Europe/Berlin' };
  expect(following(berlin, '2026-10-24T12:00:00Z', 2)).toEqual(['2026-10-25T00:30', '2026-10-26T01:30']);
  expect(following({ cron: '*/30 * * * *', timezone: 'Europe/Berlin' }, '2026-10-24T23:45:00Z', 4)).toEqual([
    '2026-10-25T00:00',
    '2026-10-25T00:30',
    '2026-10-25T01:00',
    '2026-10-25T01:30',
  ]);
});

test('jitter comes after the time, is the same for all who ask, and another one each time', () => {
  const { calendar } = known({ cron: '0 * * * *', jitter: 600_000 });
  const ticks = [0, 1, 2, 3].map((hour) => at(`2026-01-01T0${hour}:00:00Z`));
  const late = ticks.map((tick) => calendar.due(tick) - tick);
  expect(late).toEqual(ticks.map((tick) => calendar.due(tick) - tick));
  expect(new Set(late).size).toBe(4);
  for (const each of late) expect(each >= 0 && each <= 600_000).toBe(true);
});

test.each([
  ['cron', { cron: '61 * * * *' }, 'minute'],
  ['zone', { cron: '0 0 * * *', timezone: 'Mars/Base' }, 'Mars/Base'],
  ['day', { cron: '0 0 31 2 *' }, 'never comes'],
  ['jitter', { cron: '0 0 * * *', jitter: -1 }, 'jitter'],
])('a %s that there is not is refused', (_, options, words) => {
  expect(() => known(options)).toThrow(
    expect.objectContaining({ code: 'INVALID_SCHEDULE', message: expect.stringContaining(words) }),
  );
});

const DUE = at('2026-01-01T00:00:00Z');
const HOURLY = { cron: '0 * * * *' };
const due = (over: object = {}) => ({ id: 'w/default', tick: DUE, paused: false, active: [], ...over });
const startedAt = ({ starts }: ReturnType<typeof advanceOf>): number[] =>
  starts.map(({ create }) => at(create?.key?.slice('schedule default '.length) ?? ''));
const summary = (options: Omit<ScheduleOptions, 'name'>, now: number, over: object = {}) => {
  const { outcome, starts, skipped, cancelled, next } = advanceOf(known(options), due(over), now);
  const keys = starts.map(({ create }) => create?.key?.slice('schedule default '.length, -8));
  return { outcome, starts: keys, skipped, cancelled, next: next === null ? null : texts([next.tick])[0] };
};

test.each([
  ['once', ['2026-01-01T03:00'], 3],
  ['skip', [], 4],
  ['all', ['2026-01-01T00:00', '2026-01-01T01:00', '2026-01-01T02:00', '2026-01-01T03:00'], 0],
] as const)('times that were missed: %s', (missed, starts, skipped) => {
  const now = at('2026-01-01T03:00:00Z') + GRACE + 1;
  expect(summary({ ...HOURLY, missed }, now)).toEqual({
    outcome: starts.length === 0 ? 'missed' : 'started',
    starts,
    skipped,
    cancelled: [],
    next: '2026-01-01T04:00',
  });
});

test.each([
  ['* * * * *', '19:47:00', '19:48:06', ['19:47:00', '19:48:00']],
  [
    '*/10 * * * * *',
    '19:47:00',
    '19:48:00',
    ['19:47:00', '19:47:10', '19:47:20', '19:47:30', '19:47:40', '19:47:50', '19:48:00'],
  ],
])(
  'times that are only seconds late are all started, whatever is said of missed ones: %s',
  (cron, first, now, starts) => {
    const day = '2026-01-01T';
    for (const missed of ['skip', 'once', 'all'] as const) {
      const advance = advanceOf(known({ cron, missed }), due({ tick: at(`${day}${first}Z`) }), at(`${day}${now}Z`));
      expect(startedAt(advance)).toEqual(starts.map((time) => at(`${day}${time}Z`)));
      expect(advance.skipped).toBe(0);
    }
  },
);

test.each([
  ['skip', 0],
  ['once', 1],
  ['all', 6],
] as const)(
  'of missed times and others that are not, only the missed ones go by the policy: %s',
  (missed, madeUpFor) => {
    // Nine minutes; those of the last two and a half are in time.
    const advance = advanceOf(known({ cron: '* * * * *', missed }), due(), DUE + 8 * 60_000);
    const minutes = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    const wanted = [...minutes.slice(6 - madeUpFor, 6), 6, 7, 8];
    expect(startedAt(advance)).toEqual(wanted.map((minute) => DUE + minute * 60_000));
    expect(advance).toMatchObject({ skipped: 9 - wanted.length, next: { tick: DUE + 9 * 60_000 } });
  },
);

test('a cron of each second starts every one of them at a look each minute, and within the grace', () => {
  const each = known({ cron: '* * * * * *', missed: 'skip' });
  for (const late of [60_000, GRACE]) {
    const advance = advanceOf(each, due(), DUE + late);
    expect(startedAt(advance)).toEqual(Array.from({ length: late / 1_000 + 1 }, (_, n) => DUE + n * 1_000));
  }
});

test('jitter makes none late: each time is started once it is due, and what is left over stands as the next time', () => {
  const jittered = known({ cron: '* * * * *', missed: 'skip', jitter: 3_600_000 });
  const { calendar } = jittered;
  const wanted: number[] = [];
  for (let time = DUE; wanted.length < 500; time += 60_000) wanted.push(time);
  const seen: number[] = [];
  let tick = DUE;
  for (let looks = 0; seen.length < 500; looks++) {
    const now = calendar.due(tick);
    const advance = advanceOf(jittered, due({ tick }), now);
    expect(advance.skipped).toBe(0);
    for (const time of startedAt(advance)) expect(calendar.due(time)).toBeLessThanOrEqual(now);
    seen.push(...startedAt(advance));
    tick = advance.next?.tick as number;
  }
  expect(seen.slice(0, 500)).toEqual(wanted);
});

test('of very many at most a hundred are made up for', () => {
  const { starts } = advanceOf(known({ ...HOURLY, missed: 'all' }), due(), at('2027-01-01T00:00:30Z'));
  expect(starts).toHaveLength(100);
  expect(starts.at(-1)?.create?.key).toBe('schedule default 2027-01-01T00:00:00.000Z');
});

test('one that is in time is started whatever is said of missed ones', () => {
  expect(summary({ ...HOURLY, missed: 'skip' }, DUE + GRACE)).toMatchObject({
    outcome: 'started',
    starts: ['2026-01-01T00:00'],
  });
});

test('while an earlier one goes on', () => {
  const goesOn = { active: ['before'] };
  expect(summary(HOURLY, DUE, goesOn)).toMatchObject({ outcome: 'started', cancelled: [] });
  expect(summary({ ...HOURLY, overlap: 'skip' }, DUE, goesOn)).toMatchObject({
    outcome: 'overlap',
    starts: [],
    skipped: 1,
  });
  expect(summary({ ...HOURLY, overlap: 'cancel' }, DUE, goesOn)).toMatchObject({
    outcome: 'started',
    cancelled: ['before'],
  });
  const late = at('2026-01-01T05:00:00Z');
  // Those that are made up for together would be each other's overlap.
  expect(summary({ ...HOURLY, overlap: 'skip', missed: 'all' }, late)).toMatchObject({
    starts: ['2026-01-01T05:00'],
    skipped: 5,
  });
});

test('a paused one passes its times by; one whose input cannot be made tells it', () => {
  expect(summary(HOURLY, DUE, { paused: true })).toMatchObject({ outcome: 'paused', starts: [], skipped: 1 });
  const broken = {
    ...HOURLY,
    input: () => {
      throw new Error('no input');
    },
  };
  expect(advanceOf(known(broken), due(), DUE)).toMatchObject({ outcome: 'failed', message: 'no input', starts: [] });
});
