import type { HistoryEntry, StepDetail } from '../../../http/types.ts';
import { invocationName, invokeIdOf } from '../../chart/invocation.ts';

/** A line of the timeline: an invocation with its attempts, or a time in which nothing worked. */
export interface Row {
  id: string;
  label: string;
  kind: StepDetail['kind'] | 'wait';
  /** Of the invocation. */
  step: StepDetail | null;
  segments: Segment[];
}

export interface Segment {
  /** `queued`: in line; `backoff`: until the next attempt; `wait`: for an event or a time. Only `work` is work. */
  kind: 'queued' | 'work' | 'backoff' | 'wait';
  from: number;
  to: number;
  attempt: number | null;
  outcome: 'running' | 'done' | 'failed' | 'lost' | 'stopped' | 'skipped' | null;
  errorCode: string | null;
}

/** Shorter pauses between two transitions are no waiting. */
const MIN_WAIT_MS = 100;

/**
 * Rows in the order in which they began. Pure.
 *
 * @param end now, or when it ended
 */
export function rowsOf(steps: readonly StepDetail[], history: readonly HistoryEntry[], end: number): Row[] {
  const invocations = steps.map((step): Row => ({
    id: step.key,
    label: invocationName(invokeIdOf(step.key), step.step),
    kind: step.kind,
    step,
    segments: segmentsOf(step, end),
  }));
  const busy = invocations.flatMap(({ segments }) => segments);
  return [...invocations, ...waits(history, busy, end)].toSorted((a, b) => beginOf(a) - beginOf(b));
}

function segmentsOf(step: StepDetail, end: number): Segment[] {
  const segments: Segment[] = [];
  let last = at(step.queuedAt);
  const add = (segment: Omit<Segment, 'from' | 'to'>, from: number, to: number): void => {
    if (to > from || segment.kind === 'work') segments.push({ ...segment, from, to: Math.max(from, to) });
    last = Math.max(last, to);
  };
  const pause = (until: number): void =>
    add(
      { kind: segments.length === 0 ? 'queued' : 'backoff', attempt: null, outcome: null, errorCode: null },
      last,
      until,
    );
  for (const { attempt, startedAt, finishedAt, outcome, error } of step.attempts) {
    pause(at(startedAt));
    add({ kind: 'work', attempt, outcome, errorCode: error?.code ?? null }, at(startedAt), at(finishedAt));
  }
  // A final failure stands among the attempts already.
  const isNew = step.startedAt !== null && !step.attempts.some(({ startedAt }) => startedAt === step.startedAt);
  if (
    step.startedAt !== null &&
    isNew &&
    step.status !== 'retrying' &&
    step.status !== 'queued' &&
    step.status !== 'waiting'
  ) {
    pause(at(step.startedAt));
    const outcome = step.status === 'running' ? 'running' : step.status === 'stopped' ? 'stopped' : step.status;
    const until = step.finishedAt === null ? end : at(step.finishedAt);
    add({ kind: 'work', attempt: step.attempt, outcome, errorCode: step.errorCode }, at(step.startedAt), until);
  } else if (step.status === 'retrying' || step.status === 'queued') pause(end);
  return segments;
}

/** The times between two transitions in which no invocation was under way, by the state that was waited in. */
function waits(history: readonly HistoryEntry[], busy: readonly Segment[], end: number): Row[] {
  const rows: Row[] = [];
  history.forEach((entry, i) => {
    const next = history[i + 1];
    const from = at(entry.at);
    const to = next === undefined ? end : at(next.at);
    if (to - from < MIN_WAIT_MS || busy.some((segment) => segment.from < to && segment.to > from)) return;
    const before = rows.at(-1);
    const segment: Segment = { kind: 'wait', from, to, attempt: null, outcome: null, errorCode: null };
    if (before?.label === entry.to && before.segments.at(-1)?.to === from) before.segments.push(segment);
    else rows.push({ id: `wait:${entry.sequence}`, label: entry.to, kind: 'wait', step: null, segments: [segment] });
  });
  return rows;
}

function beginOf({ segments }: Row): number {
  return segments[0]?.from ?? Infinity;
}

function at(time: string): number {
  return new Date(time).getTime();
}
