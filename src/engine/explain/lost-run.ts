import { replacedAt } from '../unbegun.ts';
import type { Bare } from './causes.ts';
import type { LiveStep, Member } from './facts.ts';
import { invocationAt, LATE, runOf, what, type Place } from './place.ts';
import { span } from './spans.ts';

/** A run that is planned is named by the platform at once; one without a name for so long has been lost on the way. */
const UNNAMED = 5 * 60_000;
const MINUTE = 60_000;

/** As far as the rows tell, nothing brings an invocation on: nobody holds the instance or is to look at it, and no run is known. */
export function lostRun(row: LiveStep, place: Place): Bare | undefined {
  const { member, facts, now, due } = place;
  const run = runOf(row, place);
  const isPaused = facts.pauses.some(({ target, name }) => target === 'workflow' && name === member.workflow);
  if (member.lease !== null || due || isPaused) return undefined;
  const since = run?.createdAt ?? row.startedAt ?? row.queuedAt;
  if (now - since < LATE || (row.status === 'retrying' && (row.nextAttemptAt ?? 0) > now - LATE)) return undefined;
  const why = whyLost(row, run, place);
  if (why === undefined) return undefined;
  const onPlatform = facts.onTrigger || run !== undefined;
  const next = onPlatform
    ? 'the sweep looks after it each minute, and `durachart reconcile` asks the platform at once'
    : 'if it ran on Trigger.dev, `durachart reconcile` from a process that is set up for it finds it';
  return {
    code: 'LOST_RUN',
    words: `${what(row)} ${why}; ${next}.`,
    ...invocationAt(row),
    runId: run?.runId ?? null,
    since: new Date(since),
  };
}

function whyLost(row: LiveStep, run: Member['runs'][number] | undefined, place: Place): string | undefined {
  const { facts, member, now } = place;
  const onPlatform = facts.onTrigger || run !== undefined;
  if (row.status === 'done' || row.status === 'failed') {
    // A failed or paused instance keeps results until it goes on.
    return onPlatform && member.status === 'running' ? 'has ended, and nobody takes up its result' : undefined;
  }
  if (run === undefined) {
    if (onPlatform) return 'has no run on Trigger.dev that would bring it on';
    return row.status === 'running' ? 'is said to run, but no worker holds the instance' : undefined;
  }
  if (row.status !== 'running') {
    const since = Math.max(run.createdAt, row.nextAttemptAt ?? 0);
    // The sweep comes each minute.
    return now > replacedAt(since, run.round) + MINUTE
      ? `was to be run on Trigger.dev ${span(now - since)} ago and has not begun: it stands in line there for long, or was lost, and no sweep has replaced it`
      : undefined;
  }
  return run.runId === null && now - run.createdAt > UNNAMED
    ? `was to be run on Trigger.dev ${span(now - run.createdAt)} ago, and the platform never confirmed it`
    : undefined;
}
