import type { ErrorRecord } from './error.ts';
import { CLASSES, define, ERROR_KEY, HIDDEN_KEY, isError, NATIVE_FIELDS, stored } from './stored-thrown.ts';

/** What {@link stored} gave, brought back: errors are instances of Error again, at any depth. */
export function live(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(live);
  if (Object.hasOwn(value, ERROR_KEY)) return liveError(value as Record<string, unknown>);
  const copy: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) define(copy, key, live(inner), true);
  return copy;
}

function liveError(value: Record<string, unknown>): Error {
  const kind = value[ERROR_KEY];
  const { name, message, stack } = value;
  const text = typeof message === 'string' ? message : '';
  const error = made(kind, text);
  const called = typeof name === 'string' ? name : error.name;
  if (error.name !== called) define(error, 'name', called, false);
  define(error, 'stack', typeof stack === 'string' ? stack : `${called}: ${text}`, false);
  const hidden: unknown = value[HIDDEN_KEY] ?? [];
  for (const [key, field] of Object.entries(value)) {
    if (key === 'cause') define(error, key, live(field), false);
    else if (!NATIVE_FIELDS.has(key)) define(error, key, live(field), !(Array.isArray(hidden) && hidden.includes(key)));
  }
  return error;
}

function made(kind: unknown, message: string): Error {
  if (kind === 'AggregateError') return new AggregateError([], message);
  const error = new (CLASSES.get(kind as string) ?? Error)(...([message] as never[]));
  if (kind !== 'StepError') return error;
  // It brings fields of its own; what was stored says which there were.
  for (const key of Object.keys(error)) Reflect.deleteProperty(error, key);
  define(error, 'message', message, false);
  return error;
}

/** The errors in a value as plain objects, with the same fields; the value itself where there is none. */
export function withoutErrors(value: unknown): unknown {
  return replaced(value, (error) => unmarked(stored(error)), 0);
}

/** The errors in a value in their stored form; the value itself where there is none. */
export function withStoredErrors(value: unknown): unknown {
  return replaced(value, stored, 0);
}

function replaced(value: unknown, by: (error: Error) => unknown, depth: number): unknown {
  // What is deeper, or contains itself, is refused by whoever checks the value.
  if (typeof value !== 'object' || value === null || depth > 100) return value;
  if (isError(value)) return by(value);
  if (Array.isArray(value)) {
    const items = value.map((item) => replaced(item, by, depth + 1));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return value;
  const entries = Object.entries(value);
  const after = entries.map(([key, item]) => [key, replaced(item, by, depth + 1)] as const);
  return after.every(([, item], index) => item === entries[index]?.[1]) ? value : Object.fromEntries(after);
}

function unmarked(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(unmarked);
  const fields = Object.entries(value).filter(([key]) => key !== ERROR_KEY && key !== HIDDEN_KEY);
  return Object.fromEntries(fields.map(([key, field]) => [key, unmarked(field)]));
}

/**
 * What a machine's `onError` receives: what was thrown, as it was. Beside the fields that an error brought along it has those
 * of its record (`code`, `class`, `attempt`, `details`), not enumerable; a field that it brought along is never replaced.
 */
export function thrownOf(record: ErrorRecord): unknown {
  const { name, message, stack, cause, thrown } = record;
  const said = { [ERROR_KEY]: 'Error', name, message, ...(cause && { cause: { [ERROR_KEY]: 'Error', ...cause } }) };
  const { value } = thrown ?? { value: said };
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, ERROR_KEY)) return live(value);
  const error = liveError({ stack, ...value });
  for (const key of ['code', 'class', 'attempt', 'details'] as const) {
    if (record[key] !== undefined && !Object.hasOwn(error, key)) define(error, key, record[key], false);
  }
  return error;
}

/** The record of the same error with other words; what was no error becomes one by it. */
export function reworded({ thrown, reason: _, ...record }: ErrorRecord, message: string): ErrorRecord {
  const value = thrown?.value;
  const isOfError = typeof value === 'object' && value !== null && Object.hasOwn(value, ERROR_KEY);
  return { ...record, message, ...(isOfError ? { thrown: { value: { ...value, message } } } : {}) };
}

/** What of a thrown value the record does not say already; undefined where it says all. */
export function beyond(record: ErrorRecord, thrown: unknown): { value?: unknown } | undefined {
  const value = stored(thrown);
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, ERROR_KEY)) return { value };
  const { stack: _, ...rest } = value as Record<string, unknown>;
  const isSaid = rest['name'] === record.name && rest['message'] === record.message && rest[ERROR_KEY] === 'Error';
  return isSaid && Object.keys(rest).length === 3 ? undefined : { value: rest };
}
