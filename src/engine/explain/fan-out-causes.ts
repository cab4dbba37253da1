import { fanOutView, isFanOut, type FanOutRow } from '../fan-out.ts';
import { fanOutOf } from '../keys.ts';
import type { Bare } from './causes.ts';
import type { CauseCode } from './explanation.ts';
import type { LiveStep } from './facts.ts';
import { invocationAt, type Place } from './place.ts';
import { shown } from './shown.ts';
import { span } from './spans.ts';
import { queuePaused, stepCause } from './step-causes.ts';

/** Of an item only what is wrong with it is a cause of its own; the others are summed up by their fan-out. */
const WRONG: readonly CauseCode[] = ['LOST_RUN', 'STEP_PAST_TIMEOUT', 'STEP_SILENT'];
/** Items that are told of one by one. */
const MOST = 5;

/** Why a fan-out has not come to its end. */
export function fanOutCauses(row: LiveStep, place: Place): Bare[] {
  if (!isRow(row) || row.status !== 'running') return [];
  const items = place.member.steps.filter(({ kind, key }) => kind === 'item' && fanOutOf(key) === row.key);
  const wrong = items
    .flatMap((item) => stepCause(item, place) ?? [])
    .filter(({ code }) => WRONG.includes(code))
    .slice(0, MOST);
  const isHeld = row.fanOut.waiting > 0 || items.some(({ status }) => status === 'queued');
  const paused = isHeld ? queuePaused(row, place) : undefined;
  return [...wrong, paused ?? going(row, items, place)];
}

function going(row: FanOutLive, items: readonly LiveStep[], { now }: Place): Bare {
  const fanOut = fanOutView(row);
  const count = (status: LiveStep['status']): number => items.filter((item) => item.status === status).length;
  const underWay = { running: count('running'), queued: count('queued'), retrying: count('retrying') };
  const since = row.startedAt ?? row.queuedAt;
  const next = items
    .filter(({ status }) => status === 'retrying')
    .toSorted((a, b) => (a.nextAttemptAt ?? 0) - (b.nextAttemptAt ?? 0))[0];
  const nextAttemptAt = next?.nextAttemptAt ?? null;
  const { total, done, failed, skipped, left, timeLeftMs, resumeAt } = fanOut;
  const parts = [
    underWay.running > 0 ? `${underWay.running} run` : '',
    underWay.queued > 0 ? `${underWay.queued} in line` : '',
    underWay.retrying > 0 ? `${underWay.retrying} to be tried again${inTime(nextAttemptAt, now)}` : '',
  ].filter((part) => part !== '');
  const ended = [
    `${done} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  const rest =
    left === 0
      ? 'its results are being gathered'
      : resumeAt !== null && items.length === 0
        ? `the next batch of ${fanOut.batch} begins${inTime(resumeAt.getTime(), now)}`
        : `${left} left${parts.length === 0 ? '' : ` (${parts.join(', ')})`}`;
  const time = timeLeftMs === null || left === 0 ? '' : `, some ${span(timeLeftMs)} more`;
  return {
    code: 'FAN_OUT',
    words: `Fan-out ${row.step} has ${ended.join(', ')} of ${total} items, ${rest}${time}.`,
    ...invocationAt(row),
    since: new Date(since),
    ...fanOut,
    underWay,
    nextAttemptAt: nextAttemptAt === null ? null : new Date(nextAttemptAt),
    error: next === undefined ? null : shown(next.error),
  };
}

type FanOutLive = LiveStep & Pick<FanOutRow, 'fanOut'>;

function isRow(row: LiveStep): row is FanOutLive {
  return isFanOut(row as FanOutRow);
}

function inTime(at: number | null, now: number): string {
  return at === null ? '' : at > now ? ` in ${span(at - now)}` : ' now';
}
