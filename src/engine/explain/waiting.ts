import type { Bare } from './causes.ts';
import { eventForms, type Place } from './place.ts';
import { span } from './spans.ts';

/** What an instance waits for that has no invocation, or a part of it that has none. */
export function waitingCause(place: Place): Bare {
  const { member, now, standing } = place;
  const { entered } = member;
  const events = eventForms(place, member.status === 'waiting' ? standing.accepts : standing.waitsFor);
  const mine = member.timers.filter(({ to }) => to === member.id).toSorted((a, b) => a.dueAt - b.dueAt);
  const [nextTimer = null] = mine.map(({ id, dueAt }) => ({ timer: id, dueAt: new Date(dueAt) }));
  const last = mine.find(({ id }) =>
    place.endsWait(
      id,
      events.map(({ type }) => type),
    ),
  );
  const deadline = last === undefined ? null : { timer: last.id, dueAt: new Date(last.dueAt) };
  const enteredByError = entered?.event.startsWith('xstate.error.')
    ? { step: entered.step, code: entered.errorCode }
    : null;
  const parts = [
    events.length === 0 ? '' : `for ${list(events.map(({ type }) => type))}`,
    timersInWords(deadline, nextTimer, events.length > 0, now),
  ].filter((part) => part !== '');
  const came =
    enteredByError === null
      ? ''
      : `; it came here because ${enteredByError.step ?? 'a step'} failed${enteredByError.code === null ? '' : ` with ${enteredByError.code}`}`;
  const words =
    parts.length > 0
      ? `It waits ${parts.join(', ')}${came}.`
      : place.workflow === undefined
        ? `It waits for an event${came}.`
        : `It waits for nothing: ${member.state} takes no event and has no timer${came}.`;
  return { code: 'WAITING', words, events, deadline, nextTimer, enteredByError };
}

interface Timer {
  timer: string;
  dueAt: Date;
}

/** Of the first timer and the deadline, if they are two, both. */
function timersInWords(deadline: Timer | null, next: Timer | null, besides: boolean, now: number): string {
  const names = [
    ...(deadline === null ? [] : [`a deadline ${when(deadline.dueAt.getTime() - now)}`]),
    ...(next === null || next.timer === deadline?.timer ? [] : [`a timer ${when(next.dueAt.getTime() - now)}`]),
  ];
  return names.length === 0 ? '' : `${besides ? 'with' : 'for'} ${names.join(' and ')}`;
}

function when(ms: number): string {
  return ms > 0 ? `in ${span(ms)}` : `${span(-ms)} ago`;
}

function list(types: readonly string[]): string {
  return types.length < 3 ? types.join(' or ') : `${types.slice(0, -1).join(', ')} or ${types.at(-1) ?? ''}`;
}
