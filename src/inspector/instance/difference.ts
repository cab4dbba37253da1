import { isReference } from '../kit/reference.ts';

/** One place in which two values differ. */
export interface Difference {
  /** Names and numbers from the outside in. */
  path: (string | number)[];
  kind: 'added' | 'removed' | 'changed';
  before: unknown;
  after: unknown;
}

/** Where two JSON values differ, as deep inside as can be told. */
export function differences(before: unknown, after: unknown, path: (string | number)[] = []): Difference[] {
  if (before === after) return [];
  if (isReference(before) && isReference(after) && before.sha256 === after.sha256) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    return Array.from({ length: Math.max(before.length, after.length) }, (_, i) =>
      member(i < before.length, before[i], i < after.length, after[i], [...path, i]),
    ).flat();
  }
  if (isRecord(before) && isRecord(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
      member(Object.hasOwn(before, key), before[key], Object.hasOwn(after, key), after[key], [...path, key]),
    );
  }
  return [{ path, kind: 'changed', before, after }];
}

function member(had: boolean, before: unknown, has: boolean, after: unknown, path: (string | number)[]): Difference[] {
  if (!had) return [{ path, kind: 'added', before: undefined, after }];
  if (!has) return [{ path, kind: 'removed', before, after: undefined }];
  return differences(before, after, path);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isReference(value);
}
