import { RESERVED_KEY } from './payload.ts';

/**
 * JSON has no undefined, and a machine can tell a property that is undefined from one that is not there: `'a' in context`,
 * `{ ...defaults, ...context }`. So the stored form of an object leaves such properties out, for SQL and for other readers,
 * and names them beside the others, each with its place among the keys:
 * `{ a: undefined, b: 1 }` is `{ "b": 1, "$durachart": { "undefined": [["a", 0]] } }`. In a list `{ "$durachart": "undefined" }` stands
 * in its place. Rows hold the stored form; the machine, steps and whoever reads through the engine get the value.
 */

/** What stands for undefined in a list. */
const NOTHING = Object.freeze({ [RESERVED_KEY]: 'undefined' });

type Place = readonly [name: string, index: number];

/** The stored form of an object whose properties that are defined are in that form already; itself where all are. */
export function withUndefined(stored: Record<string, unknown>): Record<string, unknown> {
  const places: Place[] = [];
  const defined: [string, unknown][] = [];
  for (const [index, entry] of Object.entries(stored).entries()) {
    if (entry[1] === undefined) places.push([entry[0], index]);
    else defined.push(entry);
  }
  return places.length === 0 ? stored : Object.fromEntries([...defined, [RESERVED_KEY, { undefined: places }]]);
}

/** The stored form of a list whose items are in that form already. */
export function listWithUndefined(stored: readonly unknown[]): unknown[] {
  return Array.from(stored, (item) => (item === undefined ? NOTHING : item));
}

/** The stored form of JSON in which there is undefined somewhere; itself where there is none. */
export function encoded<T>(value: T): T;
export function encoded(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const inner = mapped(value, encoded);
  if (!Array.isArray(inner)) return withUndefined(inner as Record<string, unknown>);
  return inner.includes(undefined) ? listWithUndefined(inner) : inner;
}

/** The value of a stored form; itself where the two are the same. */
export function decoded<T>(stored: T): T;
export function decoded(stored: unknown): unknown {
  // Most values have none of it, and are looked through without being copied.
  return isMarked(stored) ? decode(stored) : stored;
}

function isMarked(stored: unknown): boolean {
  if (typeof stored !== 'object' || stored === null) return false;
  if (Array.isArray(stored)) return stored.some(isMarked);
  for (const key of Object.keys(stored))
    if (key === RESERVED_KEY || isMarked((stored as Record<string, unknown>)[key])) return true;
  return false;
}

function decode(stored: unknown): unknown {
  if (typeof stored !== 'object' || stored === null) return stored;
  if (isNothing(stored)) return undefined;
  const inner = mapped(stored, decode);
  const places = placesIn(inner);
  return places === undefined ? inner : restored(inner as Record<string, unknown>, places);
}

/** Whether an object stands for undefined in a list. */
export function isNothing(stored: object): boolean {
  return Object.hasOwn(stored, RESERVED_KEY) && (stored as Record<string, unknown>)[RESERVED_KEY] === 'undefined';
}

/** The keys of a value by its stored form, those that are undefined in their places. */
export function keysOf(stored: object): string[] {
  const places = placesIn(stored);
  if (places === undefined) return Object.keys(stored);
  const keys = Object.keys(stored).filter((key) => key !== RESERVED_KEY);
  // A field that somebody has set since is not undefined any more.
  for (const [name, index] of places) if (!Object.hasOwn(stored, name)) keys.splice(index, 0, name);
  return keys;
}

function restored(stored: Record<string, unknown>, places: readonly Place[]): object {
  const missing = new Set(places.map(([name]) => name));
  return Object.fromEntries(
    keysOf(stored).map((key) => [key, missing.has(key) && !Object.hasOwn(stored, key) ? undefined : stored[key]]),
  );
}

/** Nothing where the object has none, or something else under that key: then it is no stored form. */
function placesIn(stored: object): readonly Place[] | undefined {
  if (!Object.hasOwn(stored, RESERVED_KEY)) return undefined;
  const mark = (stored as Record<string, unknown>)[RESERVED_KEY] as { undefined?: unknown } | null;
  const places = typeof mark === 'object' ? mark?.undefined : undefined;
  return Array.isArray(places) && places.every(isPlace) ? (places as Place[]) : undefined;
}

function isPlace(place: unknown): boolean {
  return Array.isArray(place) && typeof place[0] === 'string' && typeof place[1] === 'number';
}

/** A copy with other items or properties; itself where none of them is another one. */
function mapped(value: object, by: (item: unknown) => unknown): object {
  let changed = false;
  const map = (item: unknown): unknown => {
    const other = by(item);
    changed ||= other !== item;
    return other;
  };
  if (Array.isArray(value)) {
    const items = Array.from(value, map);
    return changed ? items : value;
  }
  const entries = Object.keys(value).map((key): [string, unknown] => [
    key,
    map((value as Record<string, unknown>)[key]),
  ]);
  return changed ? Object.fromEntries(entries) : value;
}
