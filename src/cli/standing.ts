import type { InstanceStatus, InstanceSummary, Step } from '../http/types.ts';
import type { Color } from './terminal.ts';
import { duration } from './text.ts';

/** Where an instance stands, on one line: `VALIDATED · ingest running, attempt 2 of 3, 12s`. */
export function standing(
  instance: Pick<InstanceSummary, 'state' | 'status' | 'steps' | 'errorCode'>,
  now: Date,
): string {
  const { state, status, steps, errorCode } = instance;
  if (status === 'failed') return `${state} · failed${errorCode === null ? '' : `: ${errorCode}`}`;
  if (status === 'cancelled') return `${state} · cancelled`;
  if (status === 'done') return state;
  if (status === 'scheduled') return state === '' ? 'scheduled' : `${state} · scheduled`;
  // The items of a fan-out are summed up by it.
  const own = steps.filter(({ kind }) => kind !== 'item');
  if (own.length > 0) return `${state} · ${own.map((step) => stepStanding(step, now)).join('; ')}`;
  return status === 'waiting' ? `${state} · waiting` : state;
}

/** `ingest running 40%, attempt 2 of 3, 12s` */
export function stepStanding(step: Step, now: Date): string {
  const since = (time: string | null): string =>
    time === null ? '' : `, ${duration(now.getTime() - Date.parse(time))}`;
  const attempt =
    step.kind === 'step' && step.maxAttempts > 1 ? `, attempt ${Math.max(1, step.attempt)} of ${step.maxAttempts}` : '';
  const name = stepName(step);
  if (step.fanOut !== null) return `${name} ${fanOutStanding(step.fanOut, now)}`;
  switch (step.status) {
    case 'retrying': {
      const next =
        step.nextAttemptAt === null ? '' : `, next in ${duration(Date.parse(step.nextAttemptAt) - now.getTime())}`;
      return `${name} failed${step.errorCode === null ? '' : ` with ${step.errorCode}`}${attempt}${next}`;
    }
    case 'running': {
      const progress = step.progress === null ? '' : ` ${Math.round(step.progress * 100)}%`;
      return `${name} running${progress}${attempt}${since(step.startedAt)}`;
    }
    case 'queued':
      return `${name} queued${since(step.queuedAt)}`;
    default:
      return `${name} ${step.status}`;
  }
}

/** `412 of 1,000, 3 failed, 20 skipped, 5m left` */
export function fanOutStanding(fanOut: NonNullable<Step['fanOut']>, now: Date): string {
  const { total, done, failed, skipped, left, timeLeftMs, resumeAt } = fanOut;
  const pause = resumeAt === null ? 0 : Date.parse(resumeAt) - now.getTime();
  return [
    `${count(done + failed + skipped)} of ${count(total)}`,
    failed > 0 ? `${count(failed)} failed` : '',
    skipped > 0 ? `${count(skipped)} skipped` : '',
    pause > 0 ? `next batch in ${duration(pause)}` : '',
    left > 0 && timeLeftMs !== null ? `${duration(timeLeftMs)} left` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

const count = (number: number): string => number.toLocaleString('en');

/** The index in an item's key. */
export function itemIndex(key: string): number {
  return Number(key.slice(key.lastIndexOf('#') + 1));
}

/** An event as people know it: XState's own names tell more than anybody wants. */
export function eventName(event: string): string {
  const after = /^xstate\.after\.(\d+)\./.exec(event)?.[1];
  if (after !== undefined) return `after ${duration(Number(after))}`;
  if (event.startsWith('xstate.done.actor.')) return 'done';
  if (event.startsWith('xstate.error.actor.')) return 'error';
  if (event.startsWith('xstate.done.state.')) return 'done';
  return event === 'xstate.init' ? 'start' : event.replace(/^xstate\./, '').replace(/^durachart\./, '');
}

/** `ingest`, or where a step has several invocations, which one: `generate-draft (draft-blog)`. */
export function stepName({ kind, step, key, childId }: Pick<Step, 'kind' | 'step' | 'key' | 'childId'>): string {
  if (kind === 'workflow') return childId === null ? step : `${step} (${childId})`;
  const invokeId = key.slice(key.indexOf(':') + 1);
  // XState makes up ids like `0.order.PAID`; they say no more than the state does.
  return kind === 'action' || invokeId === step || /^\d+\./.test(invokeId) ? step : `${step} (${invokeId})`;
}

export const STEP_COLORS: Readonly<Record<Step['status'], Color>> = {
  waiting: 'dim',
  queued: 'dim',
  running: 'cyan',
  retrying: 'yellow',
  done: 'green',
  failed: 'red',
  stopped: 'dim',
};

export function statusColor(status: InstanceStatus): Color {
  return STATUS_COLORS[status];
}

const STATUS_COLORS: Readonly<Record<InstanceStatus, Color>> = {
  scheduled: 'dim',
  paused: 'yellow',
  running: 'cyan',
  waiting: 'yellow',
  done: 'green',
  failed: 'red',
  cancelled: 'dim',
};
