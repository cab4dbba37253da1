import type { Row } from './rows.ts';

/** Turns times into places, 0 to 1. Long times in which nothing works can be folded to a narrow strip. */
export interface Scale {
  from: number;
  to: number;
  place(time: number): number;
  /** What is folded. */
  folds: { from: number; to: number }[];
  ticks: { time: number; place: number }[];
}

/** A pause is long when it takes more than this part of all. */
const LONG = 0.2;
const MIN_FOLD_MS = 2_000;
/** How wide a folded pause is, as a part of what is left. */
const STRIP = 0.05;

/** @param fold whether long pauses are to be folded */
export function scaleOf(rows: readonly Row[], fold: boolean): Scale {
  const segments = rows.flatMap((row) => row.segments);
  const from = Math.min(...segments.map((segment) => segment.from));
  const to = Math.max(from + 1, ...segments.map((segment) => segment.to));
  if (segments.length === 0) return { from: 0, to: 1, place: () => 0, folds: [], ticks: [] };
  const work = segments.filter(({ kind }) => kind === 'work').map((segment) => [segment.from, segment.to] as const);
  // Where nothing has worked yet, waiting is all there is to see.
  const idle = work.length === 0 ? [] : pauses(work, from, to);
  const folds = fold ? idle.filter((gap) => gap.to - gap.from > Math.max(MIN_FOLD_MS, (to - from) * LONG)) : [];
  const open = to - from - folds.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  const strip = Math.max(1, open) * STRIP;
  const total = open + strip * folds.length;
  const place = (time: number): number => {
    const bounded = Math.min(to, Math.max(from, time));
    let width = bounded - from;
    for (const gap of folds) {
      if (bounded <= gap.from) break;
      const inside = Math.min(bounded, gap.to) - gap.from;
      width += (inside / (gap.to - gap.from)) * strip - inside;
    }
    return width / total;
  };
  return { from, to, place, folds, ticks: ticksOf(from, to, place, folds) };
}

/** Whether there is anything to fold. */
export function hasIdle(rows: readonly Row[]): boolean {
  return scaleOf(rows, true).folds.length > 0;
}

function pauses(work: (readonly [number, number])[], from: number, to: number): { from: number; to: number }[] {
  const gaps: { from: number; to: number }[] = [];
  let end = from;
  for (const [begin, finish] of work.toSorted(([a], [b]) => a - b)) {
    if (begin > end) gaps.push({ from: end, to: begin });
    end = Math.max(end, finish);
  }
  if (to > end) gaps.push({ from: end, to });
  return gaps;
}

const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 72e5, 216e5,
  432e5, 864e5,
];
const MIN_GAP = 0.11;

/** Round times since the beginning, far enough from each other to be read. */
function ticksOf(
  from: number,
  to: number,
  place: (time: number) => number,
  folds: readonly { from: number; to: number }[],
): Scale['ticks'] {
  const open = to - from - folds.reduce((sum, gap) => sum + gap.to - gap.from, 0);
  const step = STEPS.find((size) => open / size <= 8) ?? Math.ceil(open / 8 / 864e5) * 864e5;
  const ticks: Scale['ticks'] = [];
  for (const start of [from, ...folds.map((gap) => gap.to)]) {
    const end = folds.find((gap) => gap.from >= start)?.from ?? to;
    for (let time = from + Math.ceil((start - from) / step) * step; time <= end; time += step) {
      const at = place(time);
      const last = ticks.at(-1);
      if ((last === undefined || at - last.place >= MIN_GAP) && at < 0.97) ticks.push({ time, place: at });
    }
  }
  return ticks;
}
