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
 * A history of these gives back every earlier snapshot. Survives JSON.
 */
export interface SnapshotDiff extends Partial<Omit<StoredSnapshot, 'context'>> {
  context?: Record<string, unknown>;
  /** Top-level keys that the context lost. */
  removed?: string[];
  /** Fields that the snapshot lost. */
  cleared?: ('output' | 'error')[];
}

const FIELDS = ['status', 'value', 'children', 'historyValue'] as const;
const OPTIONAL_FIELDS = ['output', 'error'] as const;

/** The difference that {@link applyDiff} turns `before` into `after` with. Compares contexts key by key, by identity first. */
export function diffSnapshots(before: StoredSnapshot, after: StoredSnapshot): SnapshotDiff {
  const diff: SnapshotDiff = {};
  for (const field of FIELDS) {
    if (!same(before[field], after[field])) Object.assign(diff, { [field]: after[field] });
  }
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
  const { context, removed = [], cleared = [], ...fields } = diff;
  const after = { ...before, ...fields, context: { ...before.context, ...context } };
  for (const key of removed) delete after.context[key];
  for (const field of cleared) delete after[field];
  return after;
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
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
