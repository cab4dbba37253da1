import type { ErrorRecord } from '../core/error.ts';
import { reworded } from '../core/thrown-value.ts';
import { forEachInput, type ForEachInput, type ForEachOptions, type ForEachOutput } from '../core/for-each.ts';
import type { FanOutView } from './api.ts';
import { fanOutOf, itemIndex, itemKey } from './keys.ts';
import type { FanOut, Millis, StepRow, WaitingItems } from './ports.ts';
import { isHeld, type State } from './state.ts';
import { blankAgain, blankRow } from './step-rows.ts';

/** The row of a fan-out. */
export type FanOutRow = StepRow & { fanOut: FanOut };

export function isFanOut(row: StepRow | undefined): row is FanOutRow {
  return row?.fanOut !== undefined;
}

/** A fan-out that begins, the items that begin with it, and those that have to wait. @throws DurachartError `INVALID_ITEMS` */
export function begunFanOut(
  at: { key: string; step: string; maxAttempts: number; queue: string | null },
  options: ForEachOptions,
  input: unknown,
  now: Millis,
): { row: FanOutRow; items: StepRow[]; waiting: WaitingItems | undefined } {
  const { key, step, maxAttempts, queue } = at;
  const { items: inputs, policy } = forEachInput(step, options, input);
  const fresh: FanOut = {
    ...policy,
    total: inputs.length,
    done: 0,
    failed: 0,
    skipped: 0,
    waiting: inputs.length,
    cursor: 0,
    room: policy.batch,
    resumeAt: null,
    round: 0,
    before: 0,
    endedAt: null,
  };
  const first = Math.min(room(fresh, 0, now), inputs.length);
  const row: FanOutRow = {
    ...blankRow(key, step, now),
    kind: 'fan-out',
    status: 'running',
    attempt: 1,
    maxAttempts: 1,
    queue,
    startedAt: now,
    progress: inputs.length === 0 ? 1 : 0,
    fanOut: began(fresh, first, first),
  };
  return {
    row,
    items: inputs.slice(0, first).map((item, index) => ({
      ...blankRow(itemKey(key, index), step, now),
      kind: 'item',
      input: item,
      maxAttempts,
      queue,
    })),
    waiting:
      first === inputs.length
        ? undefined
        : { fanOut: key, step, maxAttempts, queue, queuedAt: now, first, inputs: inputs.slice(first), stopped: false },
  };
}

/** The input that a fan-out was begun with, to begin it anew. */
export function begunWith({ concurrency, batch, pause, onItemError }: FanOut, items: unknown[]): ForEachInput<unknown> {
  return { items, concurrency, onItemError, ...(batch === null ? {} : { batch, pause }) };
}

/** Failures that the result of a fan-out names; all of them are counted. */
export const MOST_FAILURES = 100;
/** Characters of a message that it gives. */
export const MOST_MESSAGE = 500;

/** What the items of a fan-out have come to. */
export type ItemResults = Pick<ForEachOutput<unknown>, 'results' | 'failures'>;

/** What a fan-out needs of the database to go on. */
export type Need =
  /** Items whose turn it is. */
  | { type: 'items'; from: number; to: number; count: number }
  /** All of its results: every item has ended. */
  | { type: 'results' };

/** What a fan-out needs now, if anything: not while it pauses, is held, or has as many items under way as it may. */
export function needOf(state: State, row: FanOutRow, now: Millis): Need | undefined {
  if (row.status !== 'running' || isHeld(state.status)) return undefined;
  const { fanOut } = row;
  if (fanOut.waiting === 0) return hasItemsUnderWay(state.steps, row.key) ? undefined : { type: 'results' };
  const count = room(fanOut, itemsUnderWay(state.steps, row.key).length, now);
  return count > 0 ? { type: 'items', from: fanOut.cursor, to: fanOut.total, count } : undefined;
}

/** When somebody has to look at a fan-out, or null while its items bring it on. */
export function dueAt(state: State, row: FanOutRow): Millis | null {
  if (row.status !== 'running' || isHeld(state.status)) return null;
  const { resumeAt, waiting } = row.fanOut;
  if (resumeAt !== null && waiting > 0 && !hasItemsUnderWay(state.steps, row.key)) return resumeAt;
  return needOf(state, row, Infinity) === undefined ? null : (row.startedAt ?? row.queuedAt);
}

/** How many more items may begin now. */
function room(fanOut: FanOut, underWay: number, now: Millis): number {
  if (fanOut.resumeAt !== null && fanOut.resumeAt > now) return 0;
  return Math.max(0, Math.min(fanOut.concurrency - underWay, fanOut.waiting, fanOut.room ?? Infinity));
}

/** @param count items that begin, and with them `cursor` moves on */
function began(fanOut: FanOut, count: number, cursor: number): FanOut {
  return {
    ...fanOut,
    cursor,
    waiting: fanOut.waiting - count,
    room: fanOut.room === null ? null : fanOut.room - count,
    resumeAt: null,
  };
}

/**
 * Items of which it was read that they wait: as many begin as may.
 * @param upTo index up to which, itself not included, all waiting items are among the rows
 */
export function withItems(
  state: State,
  row: FanOutRow,
  read: readonly StepRow[],
  upTo: number,
  now: Millis,
): { row: FanOutRow; items: StepRow[] } {
  const { fanOut } = row;
  const waiting = read.filter(({ key }) => itemIndex(key) >= fanOut.cursor && !state.steps.has(key));
  const count = Math.min(waiting.length, room(fanOut, itemsUnderWay(state.steps, row.key).length, now));
  const next = waiting[count];
  const cursor = next === undefined ? Math.max(upTo, fanOut.cursor) : itemIndex(next.key);
  const after = began(fanOut, count, cursor);
  return {
    // Rows that somebody has removed do not keep the others waiting.
    row: { ...row, fanOut: cursor >= fanOut.total ? { ...after, waiting: 0 } : after },
    items: waiting.slice(0, count).map((item) => blankAgain(item, now)),
  };
}

/** The fan-out after one of its items has come to an end. @param others that are live */
export function withEnded(row: FanOutRow, item: StepRow, others: ReadonlyMap<string, StepRow>, now: Millis): FanOutRow {
  const skipped = isSkipped(item);
  const before = row.fanOut;
  const fanOut: FanOut = {
    ...before,
    done: before.done + (item.status === 'done' && !skipped ? 1 : 0),
    failed: before.failed + (item.status === 'failed' ? 1 : 0),
    skipped: before.skipped + (skipped ? 1 : 0),
    // Nothing was done for it, so the next one takes its place in the batch.
    room: skipped && before.room !== null ? before.room + 1 : before.room,
    endedAt: now,
  };
  if (fanOut.room === 0 && fanOut.waiting > 0 && !hasItemsUnderWay(others, row.key)) {
    fanOut.room = fanOut.batch;
    fanOut.resumeAt = fanOut.pause > 0 ? now + fanOut.pause : null;
  }
  return { ...row, fanOut, progress: ended(fanOut) / fanOut.total };
}

/** The fan-out as its item made it fail. */
export function failedBy(row: FanOutRow, item: StepRow, now: Millis): FanOutRow {
  const index = itemIndex(item.key);
  const { attempt: _, ...own } = item.error as ErrorRecord;
  const error: ErrorRecord = {
    ...reworded(own, `Item ${index}: ${own.message}`),
    class: 'final',
    details: { ...own.details, item: index },
  };
  return { ...row, status: 'failed', error, finishedAt: now, fanOut: { ...row.fanOut, waiting: 0, resumeAt: null } };
}

/** The fan-out once more, for the items that have failed or not had their turn; those that are done stay so. */
export function againFor(state: State, row: FanOutRow, now: Millis): FanOutRow {
  const { fanOut } = row;
  const settled = fanOut.done + fanOut.skipped;
  return {
    ...row,
    status: 'running',
    error: null,
    startedAt: now,
    finishedAt: null,
    progress: settled / fanOut.total,
    fanOut: {
      ...fanOut,
      failed: 0,
      waiting: fanOut.total - settled - itemsUnderWay(state.steps, row.key).length,
      cursor: 0,
      room: fanOut.batch,
      resumeAt: null,
      round: fanOut.round + 1,
      before: settled,
      endedAt: null,
    },
  };
}

/** What a fan-out is done with. Its row has no results, which the rows of its items have. */
export function finished(
  row: FanOutRow,
  { results, failures }: ItemResults,
  now: Millis,
): { row: StepRow; output: ForEachOutput<unknown> } {
  const { total, done, failed, skipped } = row.fanOut;
  const output = { total, done, failed, skipped, failures };
  return {
    row: { ...row, status: 'done', output, error: null, progress: 1, finishedAt: now },
    output: { ...output, results },
  };
}

/** The items of a fan-out that are live. */
export function itemsUnderWay(steps: ReadonlyMap<string, StepRow>, fanOut: string): StepRow[] {
  const items: StepRow[] = [];
  for (const row of steps.values()) if (isItemOf(row, fanOut)) items.push(row);
  return items;
}

function hasItemsUnderWay(steps: ReadonlyMap<string, StepRow>, fanOut: string): boolean {
  for (const row of steps.values()) if (isItemOf(row, fanOut)) return true;
  return false;
}

function isItemOf({ kind, key }: StepRow, fanOut: string): boolean {
  return kind === 'item' && key.startsWith(fanOut) && fanOutOf(key) === fanOut;
}

/**
 * Milliseconds until all items have ended, if the others take as long as those did that have; null while nobody knows.
 * As of the end of the last one, pauses included.
 */
export function timeLeft({
  startedAt,
  fanOut,
  status,
}: Pick<FanOutRow, 'startedAt' | 'fanOut' | 'status'>): Millis | null {
  const { total, before, endedAt } = fanOut;
  const count = ended(fanOut) - before;
  if (status !== 'running' || startedAt === null || endedAt === null || count <= 0) return null;
  return Math.round(((endedAt - startedAt) / count) * (total - ended(fanOut)));
}

/** A fan-out for people. */
export function fanOutView(row: Pick<FanOutRow, 'startedAt' | 'fanOut' | 'status'>): FanOutView {
  const { concurrency, batch, pause, onItemError, total, done, failed, skipped, resumeAt } = row.fanOut;
  return {
    concurrency,
    batch,
    pause,
    onItemError,
    total,
    done,
    failed,
    skipped,
    left: total - ended(row.fanOut),
    resumeAt: resumeAt === null || row.status !== 'running' ? null : new Date(resumeAt),
    timeLeftMs: timeLeft(row),
  };
}

/** Items that have come to an end. */
export function ended({ done, failed, skipped }: FanOut): number {
  return done + failed + skipped;
}

function isSkipped({ status, attempts }: StepRow): boolean {
  return status === 'done' && attempts?.at(-1)?.outcome === 'skipped';
}
