import type { Bare } from './causes.ts';
import type { Due } from './explanation.ts';
import { hasWorker, invocationAt, LATE, type Place } from './place.ts';
import { span } from './spans.ts';
import type { Millis } from '../ports.ts';
import { isRun } from '../step-rows.ts';

/** Why nobody moves the instance although it could be moved: somebody said so, or nobody is there. */
export function standstill(place: Place): Bare[] {
  const { member, facts, now, due, holder, holderDead } = place;
  const causes: Bare[] = [...pauses(place)];
  if (holderDead && holder !== null) {
    const steps = member.steps.filter(({ status, kind }) => status === 'running' && isRun({ kind }));
    const held = steps.length === 0 ? '' : ` while it ran ${steps.map(({ step }) => step).join(', ')}`;
    const words = `Worker ${holder.id}${holder.name === null ? '' : ` (${holder.name})`} died${held}; ${facts.onTrigger ? 'the sweep gets a driver that' : 'a live worker'} takes the instance over, and begins again what was cut off.`;
    causes.push({ code: 'DEAD_WORKER', words, worker: holder, steps: steps.map(invocationAt) });
  }
  const blocking = blocked(place);
  if (blocking !== undefined) causes.push(blocking);
  const missing = !facts.onTrigger && !hasWorker(place);
  if ((due || holderDead) && missing) {
    const next = nextDue(place);
    const words = `No live worker runs workflow ${member.workflow}, and ${DUE_WORDS[next.due]} is due for ${span(now - next.at)}: start one with \`durachart server\`.`;
    causes.push({ code: 'NO_WORKER', words, due: next.due, dueAt: new Date(next.at) });
    return causes;
  }
  const late = overdue(place);
  if (late !== undefined) causes.push(late);
  if (member.status === 'scheduled' && !due && member.lease === null) {
    const startAt = new Date(member.wakeAt ?? now);
    causes.push({ code: 'SCHEDULED', words: `It begins in ${span(startAt.getTime() - now)}.`, startAt });
  }
  return causes;
}

function pauses({ member, facts, now }: Place): Bare[] {
  const causes: Bare[] = [];
  if (member.status === 'paused') {
    // The last operations are those of the instance that was asked about; of a child only the time is known.
    const last =
      facts.family[0] === member
        ? facts.recent.find(({ operation, status }) => operation === 'pause' && status === 'applied')
        : undefined;
    const who = last === undefined ? '' : ` by ${last.by}`;
    const words = `It was paused${who} ${span(now - member.updatedAt)} ago${last?.why == null ? '' : `: ${last.why}`}.`;
    causes.push({
      code: 'PAUSED',
      words,
      since: new Date(member.updatedAt),
      by: last?.by ?? null,
      why: last?.why ?? null,
    });
  }
  const pause = facts.pauses.find(({ target, name }) => target === 'workflow' && name === member.workflow);
  if (pause !== undefined) {
    const { by, why, since } = pause;
    const words = `${by} paused workflow ${member.workflow} ${span(now - since)} ago${why === null ? '' : `: ${why}`}.`;
    causes.push({ code: 'WORKFLOW_PAUSED', words, since: new Date(since), by, why });
  }
  return causes;
}

/** The worker that holds it lives, and does nothing but what one step computes. */
function blocked({ member, facts, holder, holderDead }: Place): Bare | undefined {
  const found = facts.workers.find(({ id }) => id === member.lease)?.blocked;
  if (found == null || holder === null || holderDead) return undefined;
  const { since, blockedMs, steps } = found;
  const running =
    steps.length === 0 ? '' : ` Steps that it runs: ${steps.map(({ id, step }) => `${step} of ${id}`).join(', ')}.`;
  return {
    code: 'WORKER_BLOCKED',
    words: `Worker ${holder.id}${holder.name === null ? '' : ` (${holder.name})`} lives, but code that does not return has held its event loop for ${span(blockedMs)}; nothing else of it goes on until then.${running}`,
    worker: holder,
    since: new Date(since),
    blockedMs,
    running: steps,
  };
}

/** Something is due, somebody lives who could take it, and nobody does. */
function overdue(place: Place): Bare | undefined {
  const { member, facts, now, due, holder, holderDead } = place;
  if (facts.pauses.some(({ target, name }) => target === 'workflow' && name === member.workflow)) return undefined;
  // A worker holds it: only a timer tells that it does not move, for steps may be in line.
  const timer = holder === null || holderDead ? undefined : dueTimers(place)[0];
  const next = timer ?? nextDue(place);
  if (!due && timer === undefined) return undefined;
  const lateMs = now - (timer?.at ?? member.wakeAt ?? now);
  if (lateMs < LATE) return undefined;
  const what = `${DUE_WORDS[next.due]} is due for ${span(lateMs)}`;
  const who =
    holder !== null
      ? `worker ${holder.id}${holder.name === null ? '' : ` (${holder.name})`} holds it and does not move`
      : facts.onTrigger
        ? 'no driver has come; look whether the sweep runs on Trigger.dev'
        : 'no worker takes it although there are live ones: they may be full, or may hang';
  return {
    code: 'OVERDUE',
    words: `${what[0]?.toUpperCase() ?? ''}${what.slice(1)}, and ${who}.`,
    due: next.due,
    dueAt: new Date(now - lateMs),
    lateMs,
    worker: holder,
  };
}

const DUE_WORDS: Readonly<Record<Due, string>> = {
  start: 'its start',
  timer: 'a timer',
  retry: 'the next attempt of a step',
  step: 'a step',
  event: 'an event in its inbox',
};

interface DueSince {
  due: Due;
  at: Millis;
}

function dueTimers({ member, now }: Place): DueSince[] {
  if (member.status !== 'running' && member.status !== 'waiting') return [];
  return member.timers.filter(({ dueAt }) => dueAt <= now).map(({ dueAt }) => ({ due: 'timer', at: dueAt }));
}

/** What has been due for longest at an instance that nobody holds. */
function nextDue(place: Place): DueSince {
  const { member, now } = place;
  const { status, steps, inboxSince, wakeAt } = member;
  const all = dueTimers(place);
  if (status === 'scheduled' && wakeAt !== null) all.push({ due: 'start', at: wakeAt });
  for (const row of steps) {
    if (row.fanOut?.resumeAt != null) all.push({ due: 'timer', at: row.fanOut.resumeAt });
    if (!isRun(row)) continue;
    if (row.status === 'retrying') all.push({ due: 'retry', at: row.nextAttemptAt ?? 0 });
    if (row.status === 'queued') all.push({ due: 'step', at: row.queuedAt });
    // Cut off, to be begun again.
    if (row.status === 'running') all.push({ due: 'step', at: wakeAt ?? row.startedAt ?? row.queuedAt });
  }
  if (inboxSince !== null) all.push({ due: 'event', at: inboxSince });
  const [first] = all.filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at);
  return first ?? { due: 'event', at: Math.min(wakeAt ?? now, now) };
}
