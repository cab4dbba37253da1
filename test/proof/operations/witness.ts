import { isDeepStrictEqual } from 'node:util';
import type { StoredSnapshot } from '../../../src/core/snapshot.ts';
import type { Input } from '../../../src/engine/decide.ts';
import { CANCEL, invokeId } from '../../../src/engine/keys.ts';
import type { Decision } from '../../../src/engine/macrostep.ts';
import { orderOf, type Order } from '../../../src/engine/operations/order.ts';
import type { Millis } from '../../../src/engine/ports.ts';
import { hasEnded, instanceState, isHeld, restored, type State } from '../../../src/engine/state.ts';
import { copied, type Kept } from './kept.ts';
import type { Mover } from './mover.ts';

/** An instance right after a transition, as it was seen in memory. */
interface Seen {
  stored: StoredSnapshot;
  /** What was invoked and not over: id, source, input. */
  live: unknown[];
  /** Invocations that are over although the machine still is where it asked for them. */
  over: string[];
  timers: { id: string; type: string; isOwn: boolean; left: Millis }[];
}

/** Watches one instance, and throws as soon as something is not as it must be. */
export class WitnessOf {
  /** How often each thing was seen. */
  private readonly saw: (what: string) => void;
  private readonly seen = new Map<number, Seen>();
  private over: string[] = [];
  /** How much of the history was looked at. */
  private folded = 0;
  /** Keys of invocations whose end the machine was told. */
  private readonly settled = new Set<string>();

  constructor(saw: (what: string) => void) {
    this.saw = saw;
  }

  /** After each decision. */
  decided(before: State, input: Input, { state, change }: Decision, now: Millis): void {
    const order = input.type === 'event' ? concrete(orderOf(input.event)) : undefined;
    const steps = change.transitions.length;
    must(state.sequence === before.sequence + steps && steps <= 1, 'A decision is at most one transition.');
    if (isHeld(before.status) && order === undefined && !isItsFault(before, input)) {
      const begun = [change.transitions, change.newSteps, change.timers, change.children].some(
        (list) => list.length > 0,
      );
      must(!begun && state.status === before.status, `What is ${before.status} does not move by itself.`);
    }
    const isSet = ['durachart.rewind', 'durachart.fork'].includes(change.transitions[0]?.event ?? '');
    this.over = this.stillOver(before, input, order, state, isSet);
    if (steps > 0) this.seen.set(state.sequence, this.see(state, now));
    if (order?.operation === 'rewind' && steps > 0) {
      this.same(this.seen.get(order.to) as Seen, state, `after a rewind to ${order.to}`);
      this.saw('rewinds that were compared');
    }
    this.stands(state);
    for (const { eventId, status, code } of change.audits) {
      if (eventId !== null)
        this.saw(status === 'applied' ? `${order?.operation} of ${before.status}` : `refused: ${code}`);
    }
  }

  /** What the snapshot has and no live row answers for must have come to its end. */
  private stillOver(before: State, input: Input, order: Concrete, state: State, isSet: boolean): string[] {
    if (state.stored === null) return [];
    const settled =
      input.type === 'settled'
        ? input.row.key
        : input.type === 'event'
          ? (input.event.fence ?? (order?.operation === 'skip' ? order.step : null))
          : null;
    if (settled !== null && !state.steps.has(settled)) this.settled.add(settled);
    const live = liveIds(state);
    const over = Object.keys(state.stored.children).filter((id) => !live.includes(id));
    if (isSet || hasEnded(state.status)) return over;
    const could = new Set([
      ...this.over,
      ...(settled !== null && before.steps.has(settled) ? [invokeId(settled)] : []),
    ]);
    const lost = over.filter((id) => !could.has(id));
    must(lost.length === 0, `Nobody answers for ${lost.join(', ')}.`);
    return over;
  }

  private see(state: State, now: Millis): Seen {
    const timers = [...state.timers.values()];
    return {
      stored: copied(state.stored as StoredSnapshot),
      live: liveOf(state),
      over: this.over.toSorted(),
      timers: timers.map(({ id, event, to, dueAt }) => ({
        id,
        type: event.type,
        isOwn: to === state.id,
        left: dueAt - now,
      })),
    };
  }

  /** A fork stands where the other one stood. */
  forked(other: WitnessOf, sequence: number, state: State): void {
    this.same(other.seen.get(sequence) as Seen, state, `of a fork from ${sequence}`);
  }

  /** A moment is brought back: where the machine stood, what it waited for, and what was to come. */
  private same(then: Seen, state: State, when: string): void {
    const now = this.seen.get(state.sequence) as Seen;
    same(now.stored, then.stored, `The snapshot ${when}`);
    same(now.live, then.live, `The invocations ${when}`);
    const armed = (seen: Seen): unknown[] =>
      seen.timers
        .filter((timer) => timer.isOwn)
        .map(({ id, type, left }) => ({ id, type, left: Math.max(0, left) }))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1));
    same(armed(now), armed(then), `The timers ${when}`);
    if (then.timers.length > 0) this.saw('moments with timers');
    if (then.live.length > 0) this.saw('moments with invocations');
    if (then.over.length > 0) this.saw('moments with invocations that are over');
  }

  /** What holds of every instance at every time. */
  private stands(state: State): void {
    const { status, stored, snapshot } = state;
    const live = liveIds(state);
    must(new Set(live).size === live.length, `One invoke has two live invocations: ${live.join(', ')}.`);
    if (hasEnded(status)) {
      must(state.timers.size === 0, 'What has ended has no timers.');
      must(live.length === 0 && (status === 'done' || state.steps.size === 0), 'What has ended waits for nothing.');
      return;
    }
    if (stored === null || snapshot === null) {
      must(
        state.sequence === 0 && state.timers.size === 0 && state.steps.size === 0,
        'Nothing comes before the first transition.',
      );
      return;
    }
    must(stored.status === 'active', 'What goes on stands in an active state.');
    const strange = live.filter((id) => !Object.hasOwn(stored.children, id));
    must(strange.length === 0, `The machine knows nothing of ${strange.join(', ')}.`);
    const nodes = new Set(snapshot._nodes.map(({ id }: { id: string }) => id));
    for (const { id, event } of state.timers.values()) {
      const of = /^xstate\.after\.[^.]+\.(.+)$/.exec(event.type)?.[1];
      must(of === undefined || nodes.has(of), `Timer ${id} has lost its state.`);
    }
  }

  /** What was not stored before the process died has never been. */
  lost({ instance: { sequence, snapshot, live } }: Kept): void {
    for (const seen of this.seen.keys()) if (seen > sequence) this.seen.delete(seen);
    const ids = new Set(live.map(invokeId));
    this.over = Object.keys(snapshot?.children ?? {}).filter((id) => !ids.has(id));
  }

  /** After each commit. */
  stored({ kept, state, workflow }: Mover, ended: ReadonlySet<string>): void {
    const { instance, transitions, steps, timers } = kept;
    must(
      transitions.every(({ sequence }, index) => sequence === index + 1),
      'The history has gaps.',
    );
    must(instance.sequence === transitions.length, 'The history ends elsewhere than the instance.');
    for (const { sequence, to } of transitions.slice(this.folded)) {
      const snapshot = kept.snapshot(sequence);
      same(snapshot, this.seen.get(sequence)?.stored, `What the history says of ${sequence}`);
      if (sequence === instance.sequence) {
        same(snapshot, instance.snapshot, 'The snapshot');
        must(to === instance.state, 'The state has another name in the history.');
      }
      workflow.machine.restore(snapshot);
    }
    this.folded = transitions.length;
    const live = new Set(instance.live);
    for (const { key, status } of steps.values())
      must(
        live.has(key) || !['queued', 'running', 'retrying'].includes(status),
        `${key} is ${status}, and nobody waits for it.`,
      );
    must(!hasEnded(instance.status) || timers.size === 0, 'What has ended has timers in the database.');
    for (const id of kept.children.keys()) {
      const isLive = [...state.steps.values()].some(({ childId }) => childId === id);
      const isTold = ended.has(id) || kept.sent.some(({ to, type }) => to === id && type === CANCEL);
      // Its failure was taken by the machine.
      const key = [...steps.values()].find(({ childId }) => childId === id)?.key;
      must(isLive || isTold || (key !== undefined && this.settled.has(key)), `Child ${id} was left alone.`);
    }
    for (const { id, status, source } of kept.events) {
      const record = source === 'control' ? kept.audit.find((row) => row.eventId === id) : undefined;
      if (record === undefined) continue;
      must((record.status === 'requested') === (status === 'pending'), `Operation ${id} is ${record.status}.`);
      must(status === 'pending' || (record.before !== null && record.after !== null), `Operation ${id} says nothing.`);
    }
    this.readsTheSame(kept, state);
  }

  /** Whoever takes it over finds what its owner has in memory. */
  private readsTheSame(kept: Kept, state: State): void {
    const twin = restored(kept.read(), state.workflow);
    const all = (of: State): unknown => [
      instanceState(of),
      [...of.steps.values()],
      [...of.timers.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    ];
    same(all(twin), all(state), 'What is taken over');
  }
}

type Concrete = Exclude<Order, { operation: 'resume' }> | { operation: 'send'; type: string } | undefined;

function concrete(order: Order | undefined): Concrete {
  return order?.operation === 'resume' ? order.as : order;
}

/** The step that an instance failed by has been done after all. */
function isItsFault({ error }: State, input: Input): boolean {
  const key = error?.details?.['key'];
  if (key === undefined) return false;
  return input.type === 'settled' ? input.row.key === key : input.type === 'event' && input.event.fence === key;
}

function liveIds({ steps }: State): string[] {
  return [...steps.values()].filter(({ kind }) => kind !== 'action').map(({ key }) => invokeId(key));
}

function liveOf({ steps }: State): unknown[] {
  return [...steps.values()]
    .filter(({ kind }) => kind !== 'action')
    .map(({ key, step, input }) => [invokeId(key), step, input ?? null])
    .toSorted((a, b) => ((a[0] as string) < (b[0] as string) ? -1 : 1));
}

function must(isSo: boolean, words: string): void {
  if (!isSo) throw new Error(words);
}

function same(found: unknown, expected: unknown, what: string): void {
  if (JSON.stringify(found) !== JSON.stringify(expected) && !isDeepStrictEqual(copied(found), copied(expected)))
    throw new Error(`${what} is\n${JSON.stringify(found)}\ninstead of\n${JSON.stringify(expected)}`);
}
