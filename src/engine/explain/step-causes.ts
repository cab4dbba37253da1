import { whyOf } from '../../core/reason.ts';
import type { Millis } from '../ports.ts';
import { replacedAt } from '../unbegun.ts';
import type { Bare } from './causes.ts';
import type { Cause, UsualTime } from './explanation.ts';
import { usualKey, type LiveStep } from './facts.ts';
import { lostRun } from './lost-run.ts';
import { invocationAt, LATE, runOf, what, type Place } from './place.ts';
import { shown } from './shown.ts';
import { span } from './spans.ts';

/** Why an invocation has not come to its end. */
export function stepCause(row: LiveStep, place: Place): Bare | undefined {
  // The platform is not asked to run what may not begin.
  const paused = mayBegin(row, place) ? queuePaused(row, place) : undefined;
  const special = paused ?? lostRun(row, place);
  if (special !== undefined) return special;
  switch (row.status) {
    case 'running':
      // Of a dead worker, or of nobody: it does not run, whatever its row says.
      return place.holderDead || runsNowhere(row, place) ? undefined : (overLimit(row, place) ?? running(row, place));
    case 'queued':
      return queued(row, place);
    case 'retrying':
      return retrying(row, place);
    default:
      return undefined;
  }
}

/** Its time has come: it is in line, or its next attempt is due. */
function mayBegin({ status, nextAttemptAt }: LiveStep, { now }: Place): boolean {
  return status === 'queued' || (status === 'retrying' && (nextAttemptAt ?? 0) <= now);
}

function runsNowhere(row: LiveStep, place: Place): boolean {
  return place.member.lease === null && runOf(row, place) === undefined;
}

function running(row: LiveStep, place: Place): Bare {
  const { facts, member, now } = place;
  const since = row.startedAt ?? row.queuedAt;
  const usual = facts.usual.get(usualKey(member.workflow, row.step)) ?? null;
  const ranMs = now - since;
  const pace =
    usual === null ? null : ranMs <= usual.p50Ms ? 'below p50' : ranMs <= usual.p95Ms ? 'below p95' : 'above p95';
  const runId = runOf(row, place)?.runId ?? null;
  const progress =
    row.progress === null
      ? ''
      : ` (${Math.round(row.progress * 100)}%${row.message === null ? '' : `, ${row.message}`})`;
  return {
    code: 'RUNNING',
    words: `${what(row)} runs for ${span(ranMs)}${progress}${ofAttempts(row)}${usual === null ? '' : `; ${paceWords(pace, usual)}`}${onRun(runId)}.`,
    ...invocationAt(row),
    since: new Date(since),
    ranMs,
    progress: row.progress,
    message: row.message,
    worker: row.worker,
    runId,
    usual,
    pace,
  };
}

function paceWords(pace: Cause<'RUNNING'>['pace'], { p50Ms, p95Ms, samples }: UsualTime): string {
  const usual = `of the last ${samples} half took at most ${span(p50Ms)}, 95 of 100 at most ${span(p95Ms)}`;
  return pace === 'above p95' ? `that is unusually long: ${usual}` : usual;
}

/** It has passed a limit, and whoever must end it for that has not done so. */
function overLimit(row: LiveStep, place: Place): Bare | undefined {
  const definition = isStep(row) ? place.workflow?.steps.get(row.step) : undefined;
  const since = row.startedAt ?? row.queuedAt;
  const ranMs = place.now - since;
  const runId = runOf(row, place)?.runId ?? null;
  const at = invocationAt(row);
  const timeoutMs = definition?.timeout;
  if (timeoutMs !== undefined && ranMs > timeoutMs + LATE) {
    const words = `${what(row)} runs for ${span(ranMs)}, past its timeout of ${span(timeoutMs)}, and was not ended: its process hangs or is gone${onRun(runId)}.`;
    return { code: 'STEP_PAST_TIMEOUT', words, ...at, since: new Date(since), timeoutMs, ranMs, runId };
  }
  const heartbeatMs = definition?.heartbeat;
  const heardAt = Math.max(since, row.heartbeatAt ?? 0);
  const silentMs = place.now - heardAt;
  if (heartbeatMs !== undefined && silentMs > heartbeatMs + LATE) {
    const words = `${what(row)} has been silent for ${span(silentMs)}, longer than the ${span(heartbeatMs)} it may be, and was not ended: its process hangs or is gone${onRun(runId)}.`;
    return { code: 'STEP_SILENT', words, ...at, heardAt: new Date(heardAt), heartbeatMs, silentMs, runId };
  }
  return undefined;
}

function queued(row: LiveStep, place: Place): Bare {
  const { facts, workflow, now } = place;
  const definition = isStep(row) ? workflow?.steps.get(row.step) : undefined;
  const limits = {
    worker: facts.concurrency,
    queue: row.queue === null ? null : (facts.queues[row.queue] ?? null),
    step: definition?.concurrency ?? null,
  };
  const run = runOf(row, place);
  const runId = run?.runId ?? null;
  const bounds = [
    limits.queue === null ? '' : `queue ${row.queue ?? ''} runs ${limits.queue} at a time`,
    limits.step === null
      ? ''
      : `${row.step} itself ${limits.step}${definition?.concurrencyKey === undefined ? '' : ' for each key'}`,
    `a worker ${limits.worker}`,
  ].filter((text) => text !== '');
  const where = row.queue === null ? '' : ` in queue ${row.queue}`;
  const why =
    facts.onTrigger || run !== undefined ? `${onRun(runId)}${replacement(run, now)}` : ` (${bounds.join(', ')})`;
  return {
    code: 'QUEUED',
    words: `${what(row)} has been in line${where} for ${span(now - row.queuedAt)}${why}.`,
    ...invocationAt(row),
    since: new Date(row.queuedAt),
    queue: row.queue,
    runId,
    limits,
  };
}

export function queuePaused(row: LiveStep, { facts }: Place): Bare | undefined {
  const pause = facts.pauses.find(({ target, name }) => target === 'queue' && name === row.queue);
  if (pause === undefined) return undefined;
  const { name: queue, by, why } = pause;
  const words = `${what(row)} waits because ${by} paused queue ${queue}${why === null ? '' : `: ${why}`}.`;
  return { code: 'QUEUE_PAUSED', words, ...invocationAt(row), queue, since: new Date(pause.since), by, why };
}

function retrying(row: LiveStep, { now }: Place): Bare {
  const next = row.nextAttemptAt ?? now;
  const error = shown(row.error);
  const when = next > now ? `in ${span(next - now)}` : 'as soon as there is a place for it';
  const failed = error === null ? 'failed' : `failed with ${error.code} (${whyOf(error)})`;
  return {
    code: 'RETRYING',
    words: `${what(row)} ${failed} in attempt ${row.attempt} of ${row.maxAttempts}; the next one begins ${when}.`,
    ...invocationAt(row),
    error,
    nextAttemptAt: new Date(next),
  };
}

function isStep({ kind }: LiveStep): boolean {
  return kind === 'step' || kind === 'item';
}

function ofAttempts({ kind, attempt, maxAttempts }: LiveStep): string {
  return (kind === 'step' || kind === 'item') && maxAttempts > 1 ? `, attempt ${attempt} of ${maxAttempts}` : '';
}

/** When the sweep has another run made in the place of one that does not begin. */
function replacement(run: ReturnType<typeof runOf>, now: Millis): string {
  if (run === undefined) return '';
  const left = replacedAt(run.createdAt, run.round) - now;
  return left > 0 ? `; if it has not begun in ${span(left)}, it is replaced` : '; it is being replaced';
}

function onRun(runId: string | null): string {
  return runId === null ? '' : `, on Trigger.dev as ${runId}`;
}
