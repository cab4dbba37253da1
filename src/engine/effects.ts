import type { Effect, Target } from '../core/effect.ts';
import { actorIdOf } from '../core/references.ts';
import { DEFAULT_RETRY } from '../core/retry.ts';
import { LATEST } from './clock.ts';
import { emittedFor } from './events/correlation.ts';
import { begunFanOut, isFanOut } from './fan-out.ts';
import { childInstanceId, invokeId, ownSendId, stepKey } from './keys.ts';
import { message } from './message.ts';
import type { Millis, StepRow, Timer } from './ports.ts';
import { relayEvent, relays } from './relay.ts';
import type { Change, State } from './state.ts';
import { blankRow } from './step-rows.ts';
import { stopItems, stopStep } from './stopping.ts';

/** The live invocations and timers while a transition's effects are applied. */
export interface Draft {
  steps: Map<string, StepRow>;
  timers: ReadonlyMap<string, Timer>;
  /** The same, once they are a copy that may be changed: most transitions touch no timer. */
  ownTimers?: Map<string, Timer>;
  change: Change;
}

/** Turns what a transition asks for into rows. Returns what it emitted and logged. `since`: the time from which delays count. */
export function applyEffects(
  state: State,
  effects: readonly Effect[],
  draft: Draft,
  sequence: number,
  { now, since }: { now: Millis; since: Millis },
): unknown[] {
  const emitted: unknown[] = [];
  for (const [index, effect] of effects.entries()) {
    switch (effect.type) {
      case 'invoke':
        invoke(state, effect, draft, sequence, now);
        break;
      case 'action':
        add(draft, {
          ...blankRow(stepKey(sequence, `!${index}.${effect.name}`), effect.name, now),
          kind: 'action',
          input: {
            params: effect.params,
            context: effect.context,
            event: effect.event,
            ...(state.parent === null ? {} : { actorId: actorIdOf(state) }),
          },
        });
        break;
      case 'stop':
        stop(effect.id, draft, now);
        break;
      case 'schedule': {
        const { target } = effect;
        const to = addressOf(state, target, draft);
        if (to === undefined) break;
        // The actor is looked up when the timer fires.
        const event = 'systemId' in target ? relayEvent(target.systemId, effect.event) : effect.event;
        const dueAt = Math.min(since + effect.delay, LATEST);
        arm(draft, { id: effect.id ?? `${sequence}.${index}`, event, to, dueAt, sequence });
        break;
      }
      case 'cancel':
        disarm(draft, effect.id);
        break;
      case 'send': {
        if ('systemId' in effect.target) {
          // The machine itself had none of that system id when it asked for the actor.
          const relayed = { systemId: effect.target.systemId, event: effect.event };
          draft.change.posts.push(...relays({ ...state, stored: null }, draft.steps, relayed));
          break;
        }
        const to = addressOf(state, effect.target, draft);
        // To itself: the next thing that it takes, after this macrostep.
        if (to === state.id)
          arm(draft, { id: ownSendId(sequence, index), event: effect.event, to, dueAt: since, sequence });
        else if (to !== undefined) draft.change.posts.push(message(to, effect.event));
        break;
      }
      case 'emit':
        emitted.push({ type: 'emit', event: effect.event });
        draft.change.published.push(...emittedFor(state, effect.event, `${sequence}.${index}`));
        break;
      case 'log':
        emitted.push({ type: 'log', label: effect.label, value: effect.value });
        break;
    }
  }
  return emitted;
}

function invoke(
  state: State,
  effect: Extract<Effect, { type: 'invoke' }>,
  draft: Draft,
  sequence: number,
  now: Millis,
): void {
  const { workflow } = state;
  const key = stepKey(sequence, effect.id);
  const child = workflow.children.get(effect.src);
  if (child === undefined) {
    const step = workflow.steps.get(effect.src);
    const fanOut = workflow.fanOuts.get(effect.src);
    const maxAttempts = step?.retry.maxAttempts ?? DEFAULT_RETRY.maxAttempts;
    const queue = step?.queue ?? null;
    if (fanOut === undefined)
      return add(draft, { ...blankRow(key, effect.src, now), input: effect.input, maxAttempts, queue });
    const at = { key, step: effect.src, maxAttempts, queue };
    const { row, items, waiting } = begunFanOut(at, fanOut, effect.input, now);
    for (const each of [row, ...items]) add(draft, each);
    if (waiting !== undefined) draft.change.waitingItems.push(waiting);
    return;
  }
  const childId = childInstanceId(state.id, key);
  add(draft, {
    ...blankRow(key, effect.src, now),
    kind: 'workflow',
    status: 'running',
    input: effect.input,
    maxAttempts: 1,
    attempt: 1,
    childId,
    startedAt: now,
  });
  draft.change.children.push({
    id: childId,
    create: {
      workflow: child.name,
      version: child.version,
      tenant: state.tenant,
      tags: [],
      priority: state.priority,
      input: effect.input,
      key: null,
      parent: { id: state.id, key },
      leased: false,
      wakeAt: now,
      startAt: null,
      createdAt: now,
    },
  });
}

function add(draft: Draft, row: StepRow): void {
  draft.steps.set(row.key, row);
  draft.change.newSteps.push(row);
}

function stop(id: string, draft: Draft, now: Millis): void {
  for (const row of draft.steps.values()) {
    if (row.kind === 'action' || row.kind === 'item' || invokeId(row.key) !== id) continue;
    if (isFanOut(row)) draft.steps = stopItems(draft.steps, row.key, draft.change, now);
    draft.steps.delete(row.key);
    stopStep(row, draft.change, now);
  }
}

function arm(draft: Draft, timer: Timer): void {
  const { change } = draft;
  let timers = timersOf(draft);
  // As in XState both are delivered, and the id means the newer one from now on; it comes after those that were armed before.
  const earlier = timers.get(timer.id);
  if (earlier !== undefined) {
    const renamed = { ...earlier, id: freeId(draft, earlier) };
    timers = new Map([...timers.values()].map((each) => (each === earlier ? [renamed.id, renamed] : [each.id, each])));
    draft.timers = draft.ownTimers = timers;
    change.timers.push(renamed);
  }
  timers.set(timer.id, timer);
  if (change.cancelled !== 'all') change.cancelled = change.cancelled.filter((id) => id !== timer.id);
  change.timers = change.timers.filter((other) => other.id !== timer.id);
  change.timers.push(timer);
}

/** Not that of a timer which the same commit deletes, either: a statement writes a row once. */
function freeId({ timers, change: { cancelled } }: Draft, { id, sequence }: Timer): string {
  for (let n = 1; ; n++) {
    const free = `${id} ${sequence}.${n}`;
    if (!timers.has(free) && (cancelled === 'all' || !cancelled.includes(free))) return free;
  }
}

function timersOf(draft: Draft): Map<string, Timer> {
  draft.ownTimers ??= new Map(draft.timers);
  draft.timers = draft.ownTimers;
  return draft.ownTimers;
}

function disarm(draft: Draft, id: string): void {
  if (!draft.timers.has(id)) return;
  timersOf(draft).delete(id);
  const { change } = draft;
  change.timers = change.timers.filter((other) => other.id !== id);
  if (change.cancelled !== 'all') change.cancelled.push(id);
}

/**
 * Id of the instance that is meant now: one that is started later under the same invoke id is another one.
 * Steps take no events, and an instance that nobody started has no parent: as in XState, nothing hears it.
 */
function addressOf(state: State, target: Target, draft: Draft): string | undefined {
  if ('self' in target) return state.id;
  // The instance relays it when the timer fires.
  if ('systemId' in target) return state.id;
  if ('parent' in target) return state.parent?.id;
  for (const row of draft.steps.values()) {
    if (row.kind === 'workflow' && invokeId(row.key) === target.child) return row.childId ?? undefined;
  }
  return undefined;
}
