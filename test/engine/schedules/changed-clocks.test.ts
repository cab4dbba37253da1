import fc from 'fast-check';
import { expect, test } from 'vitest';
import { schedulesOf } from '../../../src/core/schedule.ts';
import { calendarOf, type Calendar } from '../../../src/engine/schedules/calendar.ts';

// FC_SEED=… takes other expressions. What is expected is read off Intl minute by minute; the implementation has no part in it.
const SEED = Number(process.env['FC_SEED'] ?? 20_261_025);
const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];
/** How far the clock is looked at before and after it changes. */
const AROUND = 5 * HOUR;

const at = (text: string): number => Date.parse(text);
const texts = (times: readonly number[]): string[] => times.map((time) => new Date(time).toISOString());
function calendar(cron: string, timezone: string): Calendar {
  return calendarOf(schedulesOf('w', [{ cron, timezone }])[0] as ReturnType<typeof schedulesOf>[number]);
}
function following(cron: string, timezone: string, from: number, to: number): number[] {
  const of = calendar(cron, timezone);
  const times: number[] = [];
  for (let time = of.after(from); time !== null && time <= to; time = of.after(time)) times.push(time);
  return times;
}

const BERLIN = 'Europe/Berlin';
test.each([
  ['0 2,14 * * *', BERLIN, '2026-10-25', ['00:00', '13:00']],
  ['0 2,14 * * *', BERLIN, '2027-03-28', ['01:00', '12:00']],
  ['30 2,14 * * *', BERLIN, '2026-10-25', ['00:30', '13:30']],
  ['30 2,14 * * *', BERLIN, '2027-03-28', ['01:00', '12:30']],
  ['15,45 2 * * *', BERLIN, '2026-10-25', ['00:15', '00:45']],
  ['15,45 2 * * *', BERLIN, '2027-03-28', ['01:00']],
  ['0,30 2 * * *', BERLIN, '2027-03-28', ['01:00']],
  ['0 1-3 * * *', BERLIN, '2027-03-28', ['00:00', '01:00', '23:00']],
  ['0 1-3 * * *', BERLIN, '2026-10-25', ['00:00', '02:00']],
  ['0 */8,2 * * *', BERLIN, '2027-03-28', ['01:00', '06:00', '14:00', '22:00']],
  ['30 23 * * *', 'America/Nuuk', '2026-03-29', ['01:00']],
  ['30 23 * * *', 'America/Nuuk', '2026-03-28', ['01:30']],
  // Every hour, and every few minutes, goes on through both.
  ['0 * * * 0', BERLIN, '2026-10-25', [...hours(23)]],
  ['0 * * * 0', BERLIN, '2027-03-28', [...hours(22)]],
])('%s in %s on %s', (cron, timezone, day, times) => {
  const from = at(`${day}T00:00:00Z`);
  expect(following(cron, timezone, from - 1, from + 24 * HOUR - 1)).toEqual(times.map((time) => at(`${day}T${time}Z`)));
});
function hours(count: number): string[] {
  return Array.from({ length: count }, (_, hour) => `${String(hour).padStart(2, '0')}:00`);
}

/** A field of an expression, and what it stands for. */
interface Field {
  text: string;
  has: (value: number, day: Day) => boolean;
}
interface Day {
  day: number;
  weekday: number;
  last: number;
}

const numbers = (from: number, to: number, usual: number[] = []): fc.Arbitrary<Field> =>
  fc
    .oneof(
      { weight: 3, arbitrary: fc.uniqueArray(fc.constantFrom(...usual, from, to), { minLength: 1, maxLength: 3 }) },
      fc.uniqueArray(fc.integer({ min: from, max: to }), { minLength: 1, maxLength: 4 }),
    )
    .map((values) => ({ text: values.join(','), has: (value) => values.includes(value) }));
const ranges = (from: number, to: number): fc.Arbitrary<Field> =>
  fc
    .tuple(fc.integer({ min: from, max: to }), fc.integer({ min: from, max: to }), fc.integer({ min: 1, max: 3 }))
    .map(([one, other, step]) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      return {
        text: step === 1 ? `${low}-${high}` : `${low}-${high}/${step}`,
        has: (value) => value >= low && value <= high && (value - low) % step === 0,
      };
    });
const stepped = (from: number, ...steps: number[]): fc.Arbitrary<Field> =>
  fc.constantFrom(...steps).map((step) => ({ text: `*/${step}`, has: (value) => (value - from) % step === 0 }));
const all: Field = { text: '*', has: () => true };
const any = fc.constant(all);

const second = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Field>({ text: '0', has: (value) => value === 0 }) },
  numbers(0, 59, [30]),
);
const minute = fc.oneof(numbers(0, 59, [0, 15, 30, 45]), stepped(0, 5, 15, 20, 30), ranges(0, 59), any);
const hour = fc.oneof(
  { weight: 3, arbitrary: numbers(0, 23, [0, 1, 2, 3, 22, 23]) },
  ranges(0, 23),
  stepped(0, 1, 2, 3, 5),
  { weight: 2, arbitrary: any },
);
const dayOfMonth = fc.oneof(
  { weight: 5, arbitrary: any },
  ranges(1, 31),
  fc.constant<Field>({ text: 'L', has: (value, { last }) => value === last }),
);
const month = fc.oneof({ weight: 3, arbitrary: any }, ranges(1, 12), stepped(1, 2));
const dayOfWeek = fc.oneof(
  { weight: 4, arbitrary: any },
  ranges(0, 6),
  fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 5 })).map(([weekday, nth]) => ({
    text: `${weekday}#${nth}`,
    has: (value: number, { day }: Day) => value === weekday && Math.ceil(day / 7) === nth,
  })),
  fc.integer({ min: 0, max: 6 }).map((weekday) => ({
    text: `${weekday}L`,
    has: (value: number, { day, last }: Day) => value === weekday && day > last - 7,
  })),
);
const expressions = fc.tuple(second, minute, hour, dayOfMonth, month, dayOfWeek);

interface Minute {
  instant: number;
  /** What the clock shows, as the instant at which UTC shows it. */
  wall: number;
}

/** The changes of a zone's clock in two years, each with the minutes around it. */
function* changes(timezone: string): Generator<Minute[]> {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  const wallAt = (instant: number): number => {
    const [m, d, y, h, i] = (format.format(instant).match(/\d+/g) as string[]).map(Number) as [
      number,
      number,
      number,
      number,
      number,
    ];
    return Date.UTC(y, m - 1, d, h, i);
  };
  const offset = (instant: number): number => wallAt(instant) - instant;
  const last = at('2028-01-01T00:00:00Z');
  for (let instant = at('2026-01-01T00:00:00Z'); instant < last; instant += 48 * HOUR) {
    if (offset(instant) === offset(instant + 48 * HOUR)) continue;
    let change = instant;
    while (offset(change + HOUR) === offset(instant)) change += HOUR;
    while (offset(change) === offset(instant)) change += MINUTE;
    const minutes: Minute[] = [];
    for (let time = change - AROUND; time < change + AROUND; time += MINUTE)
      minutes.push({ instant: time, wall: wallAt(time) });
    yield minutes;
  }
}

function matches([, minutes, hours, days, months, weekdays]: readonly Field[], wall: number): boolean {
  const date = new Date(wall);
  const [year, monthIndex, day, weekday] = [
    date.getUTCFullYear(),
    date.getUTCMonth(),
    date.getUTCDate(),
    date.getUTCDay(),
  ];
  const of: Day = { day, weekday, last: new Date(Date.UTC(year, monthIndex + 1, 0)).getUTCDate() };
  const [onDay, onWeekday] = [days?.has(day, of) === true, weekdays?.has(weekday, of) === true];
  return (
    minutes?.has(date.getUTCMinutes(), of) === true &&
    hours?.has(date.getUTCHours(), of) === true &&
    months?.has(monthIndex + 1, of) === true &&
    // Where both are restricted, one of the two is enough: as cron has it.
    (days === all || weekdays === all ? onDay && onWeekday : onDay || onWeekday)
  );
}

/** The times of an expression among these minutes by the rule of docs/schedules.md. */
function expected(fields: readonly Field[], minutes: readonly Minute[]): number[] {
  const [seconds, , hourField] = fields as [Field, Field, Field];
  const none: Day = { day: 1, weekday: 0, last: 31 };
  const everyHour = Array.from({ length: 24 }, (_, n) => n).every((n) => hourField.has(n, none));
  const offsets = Array.from({ length: 60 }, (_, n) => n).filter((n) => seconds.has(n, none));
  const times = new Set<number>();
  const add = (instant: number): void => offsets.forEach((n) => times.add(instant + n * SECOND));
  if (everyHour) {
    for (const { instant, wall } of minutes) if (matches(fields, wall)) add(instant);
  } else {
    const shown = new Set<number>();
    let highest = minutes[0]?.wall as number;
    for (const { instant, wall } of minutes) {
      for (let left = highest + MINUTE; left < wall; left += MINUTE) if (matches(fields, left)) times.add(instant);
      highest = Math.max(highest, wall);
      if (!shown.has(wall) && matches(fields, wall)) add(instant);
      shown.add(wall);
    }
  }
  return [...times].sort((a, b) => a - b);
}

test(
  'every time of generated expressions comes by the rule, at each change of each zone in two years',
  { timeout: 300_000 },
  () => {
    console.log(`FC_SEED=${SEED}`);
    const generated = fc.sample(expressions, { seed: SEED, numRuns: 2_000 });
    let used = 0;
    let zones = 0;
    for (const timezone of Intl.supportedValuesOf('timeZone')) {
      let changed = 0;
      for (const minutes of changes(timezone)) {
        changed++;
        const [from, to] = [minutes[0]?.instant as number, (minutes.at(-1)?.instant as number) + MINUTE - SECOND];
        for (let n = 0; n < 3; n++) {
          const fields = generated[used++ % generated.length] as Field[];
          const cron = fields.map(({ text }) => text).join(' ');
          const wanted = expected(fields, minutes);
          const told = `${cron} in ${timezone} from ${new Date(from).toISOString()}`;
          if (wanted.length > 400) continue;
          const times = calendar(cron, timezone);
          expect(texts(following(cron, timezone, from - 1, to)), told).toEqual(texts(wanted));
          expect(texts(times.between(from, to, 1_000)), `back: ${told}`).toEqual(texts(wanted));
          // From any moment, not only from a time of its own.
          for (const { instant } of minutes.filter((_, index) => index % 37 === n)) {
            const next = wanted.find((time) => time > instant);
            if (next !== undefined) expect(times.after(instant), `${told}: after ${instant}`).toBe(next);
            const previous = wanted.findLast((time) => time < instant);
            if (previous !== undefined) expect(times.before(instant), `${told}: before ${instant}`).toBe(previous);
          }
        }
      }
      if (changed > 0) zones++;
    }
    expect(zones).toBeGreaterThan(100);
    expect(used).toBeGreaterThan(1_000);
  },
);
