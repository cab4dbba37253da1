import type { AnyActorRef } from 'xstate';
import { assertJson, MAX_DEPTH, NotJsonError, TOO_DEEP } from './json.ts';

/** A machine's extended state: plain JSON, except that it may hold references to the machine's children. */
export type Context = Record<string, unknown>;

interface Form {
  /** As it is stored: actor references are markers. The value itself, where there is none in it. */
  stored: object;
  depth: number;
}

/**
 * What is settled already. Settled values are frozen, all the way down, so that what was once found to be
 * storable stays it, and so that two snapshots can be compared by identity.
 */
const forms = new WeakMap<object, Form>();

/** XState's own mark of an actor reference in a stored context. */
const MARK = 'xstate$$type';

/**
 * The context as every later call shall see it, whether it was kept in memory or went through the database:
 * a frozen copy of its own (nobody outside can change it), without the properties that are undefined.
 * What is settled already is shared and costs nothing.
 * @throws NotJsonError
 */
export function settleContext(context: Context, where: string): Context {
  assertJson(context, where, '', [], (value, path) => {
    if (Object.hasOwn(value, MARK)) {
      throw new NotJsonError(
        where,
        path,
        `an object with the key ${MARK}`,
        'XState keeps that key for itself: rename it.',
      );
    }
    return isActor(value) || forms.has(value);
  });
  const settled = copy(context, (value) => (isActor(value) ? value : undefined)) as Context;
  // What is settled already is not walked again, so that a context can grow deep step by step.
  if (depthOf(settled) > MAX_DEPTH) throw new NotJsonError(where, '', ...TOO_DEEP);
  return settled;
}

/** The settled context as it is stored. */
export function storedContext(settled: Context): Context {
  return stored(settled) as Context;
}

/** A stored context brought back, settled. @param actorOf the actor that a reference in it means */
export function restoredContext(context: Context, actorOf: (id: string) => AnyActorRef): Context {
  return copy(context, (value) =>
    Object.hasOwn(value, MARK) ? actorOf((value as { id: string }).id) : undefined,
  ) as Context;
}

/** @param actorAt the actor that stands in the place of an object, if one does */
function copy(value: unknown, actorAt: (value: object) => AnyActorRef | undefined): unknown {
  // JSON knows no -0.
  if (value === 0) return 0;
  if (typeof value !== 'object' || value === null || forms.has(value)) return value;
  const actor = actorAt(value);
  if (actor !== undefined) return actor;
  const live = Array.isArray(value)
    ? value.map((item) => copy(item, actorAt))
    : Object.fromEntries(
        Object.entries(value)
          .filter(([, item]) => item !== undefined)
          .map(([key, item]) => [key, copy(item, actorAt)]),
      );
  Object.freeze(live);
  forms.set(live, formOf(live));
  return live;
}

function formOf(live: object): Form {
  const items: unknown[] = Object.values(live);
  const depth = 1 + items.reduce<number>((deepest, item) => Math.max(deepest, depthOf(item)), 0);
  if (items.every((item) => stored(item) === item)) return { stored: live, depth };
  if (Array.isArray(live)) return { stored: items.map(stored), depth };
  return { stored: Object.fromEntries(Object.entries(live).map(([key, item]) => [key, stored(item)])), depth };
}

function stored(live: unknown): unknown {
  if (typeof live !== 'object' || live === null) return live;
  return forms.get(live)?.stored ?? { [MARK]: 1, id: (live as AnyActorRef).id };
}

function depthOf(live: unknown): number {
  return typeof live === 'object' && live !== null ? (forms.get(live)?.depth ?? 1) : 0;
}

function isActor(value: object): value is AnyActorRef {
  return 'ref' in value && value.ref === value && 'sessionId' in value && 'send' in value;
}
