/** Where a machine stands: a name, or names by region. */
export type StateValue = string | { [key: string]: StateValue | undefined };

/** A live invocation in a snapshot. */
export interface Child {
  /** Name under which the step or child machine is registered. */
  src: string;
  systemId?: string;
}

/** A snapshot as it is stored: plain JSON, the whole truth about where an instance stands. */
export interface StoredSnapshot {
  status: 'active' | 'done' | 'error' | 'stopped';
  value: StateValue;
  context: Record<string, unknown>;
  children: Record<string, Child>;
  historyValue: Record<string, { id: string }[]>;
  output?: unknown;
  error?: unknown;
}

/**
 * What changed between two snapshots: whole fields, and of the context the top-level keys that differ.
 * Of a value with many regions, and of many children, those that differ: a history of many regions would else grow by the
 * square of their number. A history of these gives back every earlier snapshot. Survives JSON.
 */
export interface SnapshotDiff extends Partial<Omit<StoredSnapshot, 'context'>> {
  /** In place of `value`: paths into it, and what stands there now. */
  regions?: [path: string[], value: StateValue][];
  /** In place of `children`: those that are new or others, and ids of those that are gone. */
  born?: Record<string, Child>;
  gone?: string[];
  context?: Record<string, unknown>;
  /** Top-level keys that the context lost. */
  removed?: string[];
  /** Fields that the snapshot lost. */
  cleared?: ('output' | 'error')[];
}

const FIELDS = ['status', 'historyValue'] as const;
const OPTIONAL_FIELDS = ['output', 'error'] as const;

/** So many regions or children are worth telling one by one; fewer read better as a whole. */
const MANY = 8;

/** The difference that {@link applyDiff} turns `before` into `after` with. Compares contexts key by key, by identity first. */
export function diffSnapshots(before: StoredSnapshot, after: StoredSnapshot): SnapshotDiff {
  const diff: SnapshotDiff = {};
  for (const field of FIELDS) {
    if (!same(before[field], after[field])) Object.assign(diff, { [field]: after[field] });
  }
  Object.assign(diff, valueDiff(before.value, after.value), childrenDiff(before.children, after.children));
  for (const field of OPTIONAL_FIELDS) {
    if (same(before[field], after[field])) continue;
    if (after[field] === undefined) (diff.cleared ??= []).push(field);
    else diff[field] = after[field];
  }
  const changed = Object.keys(after.context).filter(
    (key) => !Object.hasOwn(before.context, key) || !same(before.context[key], after.context[key]),
  );
  if (changed.length > 0) {
    diff.context = Object.fromEntries(changed.map((key) => [key, after.context[key]]));
  }
  const removed = Object.keys(before.context).filter((key) => !Object.hasOwn(after.context, key));
  if (removed.length > 0) diff.removed = removed;
  return diff;
}

/** The snapshot after `before` that the difference was taken from. */
export function applyDiff(before: StoredSnapshot, diff: SnapshotDiff): StoredSnapshot {
  const { context, removed = [], cleared = [], regions = [], born, gone = [], ...fields } = diff;
  const after = { ...before, ...fields, context: { ...before.context, ...context } };
  for (const key of removed) delete after.context[key];
  for (const field of cleared) delete after[field];
  for (const [path, value] of regions) after.value = replaced(after.value, path, value);
  if (born !== undefined || gone.length > 0) {
    after.children = { ...after.children, ...born };
    for (const id of gone) delete after.children[id];
  }
  return after;
}

/** What differences one after the other come to, the first of which is a whole snapshot. */
export function sumOf([whole, ...diffs]: readonly SnapshotDiff[]): StoredSnapshot {
  return diffs.reduce<StoredSnapshot>(applyDiff, whole as StoredSnapshot);
}

function valueDiff(before: StateValue, after: StateValue): Pick<SnapshotDiff, 'value' | 'regions'> {
  if (typeof after === 'string' || typeof before === 'string' || leaves(after) < MANY)
    return same(before, after) ? {} : { value: after };
  const regions = changedRegions(before, after, []);
  if (regions.length === 0) return {};
  return regions.some(([path]) => path.length === 0) ? { value: after } : { regions };
}

function leaves(value: StateValue | undefined): number {
  if (typeof value !== 'object') return 1;
  let count = 0;
  for (const inner of Object.values(value)) count += leaves(inner);
  return Math.max(1, count);
}

function changedRegions(
  before: StateValue | undefined,
  after: StateValue,
  path: string[],
): [path: string[], value: StateValue][] {
  if (before === after) return [];
  if (typeof before !== 'object' || typeof after !== 'object') return [[path, after]];
  if (!same(Object.keys(before), Object.keys(after))) return [[path, after]];
  const regions = Object.entries(after) as [string, StateValue][];
  return regions.flatMap(([key, inner]) => changedRegions(before[key], inner, [...path, key]));
}

function replaced(value: StateValue | undefined, [key, ...rest]: string[], by: StateValue): StateValue {
  if (key === undefined || typeof value !== 'object') return by;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, name === key ? replaced(inner, rest, by) : inner]),
  );
}

function childrenDiff(
  before: StoredSnapshot['children'],
  after: StoredSnapshot['children'],
): Pick<SnapshotDiff, 'children' | 'born' | 'gone'> {
  const ids = Object.keys(after);
  const earlier = Object.keys(before);
  if (Math.max(ids.length, earlier.length) < MANY) return same(before, after) ? {} : { children: after };
  const born = ids.filter((id) => !Object.hasOwn(before, id) || !sameChild(before[id], after[id]));
  const gone = earlier.filter((id) => !Object.hasOwn(after, id));
  return {
    ...(born.length > 0 ? { born: Object.fromEntries(born.map((id) => [id, after[id] as Child])) } : {}),
    ...(gone.length > 0 ? { gone } : {}),
  };
}

function sameChild(a: Child | undefined, b: Child | undefined): boolean {
  return a?.src === b?.src && a?.systemId === b?.systemId;
}

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * Where an instance stands, on one line for people and for SQL: `VALIDATED`, `play.paused`.
 * A state with regions gives its own name, which is what people ask for; the regions stand in the snapshot.
 * A machine that is parallel at its root has no such name: `a.x, b.y`.
 */
export function stateName(value: StateValue): string {
  if (typeof value === 'string') return value;
  return Object.entries(value)
    .map(([key, inner]) => path(key, inner))
    .join(', ');
}

function path(key: string, inner: StateValue | undefined): string {
  if (inner === undefined) return key;
  if (typeof inner === 'string') return `${key}.${inner}`;
  const [only, ...others] = Object.entries(inner);
  return only === undefined || others.length > 0 ? key : `${key}.${path(...only)}`;
}
