import type { AnyActorRef } from 'xstate';
import { assertJson, MAX_DEPTH, NotJsonError, TOO_DEEP } from './json.ts';
import { ERROR_KEY, isError, stored as storedError } from './stored-thrown.ts';
import { live as liveError } from './thrown-value.ts';
import { markOf } from './references.ts';
import { isNothing, keysOf, listWithUndefined, withUndefined } from './undefined.ts';

/** A machine's extended state: plain JSON, except that it may hold errors, and references to the machine's children. */
export type Context = Record<string, unknown>;

interface Form {
  /** As it is stored: actor references are markers, and what is undefined is encoded. The value itself, where there is nothing of it in it. */
  stored: object;
  depth: number;
  /** As JSON, once somebody has asked. */
  text?: string;
}

/**
 * What is settled already. Settled values are frozen, all the way down, so that what was once found to be
 * storable stays it, and so that two snapshots can be compared by identity.
 */
const forms = new WeakMap<object, Form>();

/** A stored error is no deeper. */
const ERROR_DEPTH = 20;

/** The same by what is stored, where that is another value. */
const storedForms = new WeakMap<object, Form>();

/** XState's own mark of an actor reference in a stored context. */
/** The key of a stored reference to an actor, as XState has it. */
export const MARK = 'xstate$$type';

const MARKS = [
  [MARK, 'XState'],
  [ERROR_KEY, 'Durachart'],
] as const;

/**
 * The context as every later call shall see it, whether it was kept in memory or went through the database:
 * a frozen copy of its own (nobody outside can change it).
 * What is settled already is shared and costs nothing.
 * @throws NotJsonError
 */
export function settleContext(context: Context, where: string): Context {
  assertJson(context, where, (value, path) => {
    for (const [mark, owner] of MARKS) {
      if (Object.hasOwn(value, mark)) {
        throw new NotJsonError(
          where,
          path(),
          `an object with the key ${mark}`,
          `${owner} keeps that key for itself: rename it.`,
        );
      }
    }
    return forms.has(value) || isActor(value) || isError(value);
  });
  const settled = copy(context, (value) => (isActor(value) ? value : undefined)) as Context;
  // What is settled already is not walked again, so that a context can grow deep step by step.
  if ((forms.get(settled) as Form).depth > MAX_DEPTH) throw new NotJsonError(where, '', ...TOO_DEEP);
  return settled;
}

/** The settled context as it is stored. */
export function storedContext(settled: Context): Context {
  return stored(settled) as Context;
}

/** A stored context as JSON. Of each value in it that is settled the text is made once, however many snapshots have it. */
export function contextText(context: Context): string {
  let text = '';
  for (const key of Object.keys(context)) {
    const value = textOf(context[key]);
    if (value !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${value}`;
  }
  return `{${text}}`;
}

function textOf(value: unknown): string | undefined {
  const form = typeof value === 'object' && value !== null ? (storedForms.get(value) ?? forms.get(value)) : undefined;
  if (form === undefined || form.stored !== value) return JSON.stringify(value);
  return (form.text ??= JSON.stringify(value));
}

/** A stored context brought back, settled. @param actorOf the actor that a reference in it means */
export function restoredContext(context: Context, actorOf: (id: string) => AnyActorRef): Context {
  return copy(
    context,
    (value) => (Object.hasOwn(value, MARK) ? actorOf((value as { id: string }).id) : undefined),
    true,
  ) as Context;
}

/**
 * @param actorAt the actor that stands in the place of an object, if one does
 * @param isStored what is undefined is encoded in it
 */
function copy(value: unknown, actorAt: (value: object) => AnyActorRef | undefined, isStored = false): unknown {
  // JSON knows no -0.
  if (value === 0) return 0;
  if (typeof value !== 'object' || value === null || forms.has(value)) return value;
  const actor = actorAt(value);
  if (actor !== undefined) return actor;
  if (isError(value)) return frozenError(storedError(value) as object);
  if (Object.hasOwn(value, ERROR_KEY)) return frozenError(value);
  if (isStored && isNothing(value)) return undefined;
  const live = Array.isArray(value)
    ? Array.from(value, (item) => copy(item, actorAt, isStored))
    : copyOf(value, actorAt, isStored);
  Object.freeze(live);
  forms.set(live, formOf(live));
  return live;
}

/** A copy, so that it is the same whether the context was kept in memory or went through the database. */
function frozenError(stored: object): Error {
  const error = liveError(stored) as Error;
  freeze(error);
  forms.set(error, { stored, depth: ERROR_DEPTH });
  return error;
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const key of Object.getOwnPropertyNames(value)) freeze((value as Record<string, unknown>)[key]);
}

function copyOf(value: object, actorAt: (value: object) => AnyActorRef | undefined, isStored: boolean): object {
  const live: Record<string, unknown> = {};
  for (const key of isStored ? keysOf(value) : Object.keys(value)) {
    const item = Object.hasOwn(value, key)
      ? copy((value as Record<string, unknown>)[key], actorAt, isStored)
      : undefined;
    // Assigned to, it would be the copy's prototype.
    if (key === '__proto__') Object.defineProperty(live, key, { value: item, enumerable: true });
    else live[key] = item;
  }
  return live;
}

function formOf(live: object): Form {
  const items: unknown[] = Array.isArray(live) ? live : Object.values(live);
  let depth = 1;
  let plain = true;
  for (const item of items) {
    if (item === undefined) plain = false;
    if (typeof item !== 'object' || item === null) continue;
    const form = forms.get(item);
    depth = Math.max(depth, 1 + (form?.depth ?? 1));
    plain &&= form?.stored === item;
  }
  if (plain) return { stored: live, depth };
  const form = {
    stored: Array.isArray(live)
      ? listWithUndefined(items.map(stored))
      : withUndefined(Object.fromEntries(Object.entries(live).map(([key, item]) => [key, stored(item)]))),
    depth,
  };
  storedForms.set(form.stored, form);
  return form;
}

function stored(live: unknown): unknown {
  if (typeof live !== 'object' || live === null) return live;
  return forms.get(live)?.stored ?? { [MARK]: 1, id: markOf(live as AnyActorRef) };
}

function isActor(value: object): value is AnyActorRef {
  return 'ref' in value && value.ref === value && 'sessionId' in value && 'send' in value;
}
