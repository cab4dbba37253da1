import { DurachartError, StepError } from './error.ts';
import { RESERVED_KEY } from './payload.ts';
import { boundedText, maskSecrets, storableText } from './text.ts';

/** The key that marks a stored error; its value is the class that the error is an instance of. */
export const ERROR_KEY = 'durachart$error';

/** The key under which a stored error has the names of its fields that are not enumerable. */
export const HIDDEN_KEY = 'durachart$hidden';

/** Of one thrown value, with its causes and all their fields, so much is kept; what is nearer to the top is kept first. */
const CHARACTERS = 16 * 1024;
const VALUES = 1_000;
const DEPTH = 16;
/** Characters of what is no field. */
const NAME = 200;
const MESSAGE = 2_000;
const STACK = 8 * 1024;

/** Classes that a stored error is an instance of again. Of any other class the nearest of these is left. */
export const CLASSES: ReadonlyMap<string, new (...args: never[]) => Error> = new Map<
  string,
  new (...args: never[]) => Error
>([
  ['StepError', StepError],
  ['AggregateError', AggregateError],
  ['TypeError', TypeError],
  ['RangeError', RangeError],
  ['SyntaxError', SyntaxError],
  ['ReferenceError', ReferenceError],
  ['EvalError', EvalError],
  ['URIError', URIError],
]);

/** Fields in which an error has the statement that failed, and what was given to it. */
const QUERIES: ReadonlySet<string> = new Set(['query', 'sql']);
const PARAMETERS: ReadonlySet<string> = new Set(['params', 'parameters', 'args', 'bindings']);

/** What an error has that is no field of its own. */
export const NATIVE_FIELDS: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', ERROR_KEY, HIDDEN_KEY]);

/** Keys by which a stored form is told from a value; nobody's own are kept. */
const MARKS: ReadonlySet<string> = new Set([ERROR_KEY, HIDDEN_KEY, RESERVED_KEY]);

/** An error, of this realm or of another one. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

/**
 * Anything that was thrown, as JSON from which `live` makes it again: an error with its name, message, stack, cause
 * and own fields, a plain value as it is. Bounded in size, without credentials. Undefined stays undefined. Never throws.
 */
export function stored(thrown: unknown): unknown {
  return attempt(() => new Encoder().encode(thrown));
}

/** By definition and not by assignment, which `__proto__` and setters would take for something else. */
export function define(object: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true });
}

interface Container {
  from: object;
  into: Record<string, unknown> | unknown[];
  depth: number;
  around: Container | undefined;
}

/** Goes through a value level by level, so that what is near the top is kept when there is too much. */
class Encoder {
  private characters = CHARACTERS;
  private values = VALUES;
  private readonly open: Container[] = [];

  encode(thrown: unknown): unknown {
    const value = this.put(thrown, undefined);
    for (let next = this.open.shift(); next !== undefined; next = this.open.shift()) this.fill(next);
    return value;
  }

  /** Undefined where there is nothing to be kept. */
  private put(value: unknown, around: Container | undefined): unknown {
    if (this.values-- <= 0) return undefined;
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'boolean':
        return value;
      case 'number':
        // JSON knows no -0.
        return Number.isFinite(value) ? value || 0 : String(value);
      case 'bigint':
      case 'symbol':
        return this.text(String(value));
      case 'object':
        return value === null ? null : this.object(value, around);
      default:
        return undefined;
    }
  }

  private object(value: object, around: Container | undefined): unknown {
    const depth = (around?.depth ?? 0) + 1;
    if (depth > DEPTH) return undefined;
    for (let outer = around; outer !== undefined; outer = outer.around) if (outer.from === value) return undefined;
    if (isError(value)) {
      const into = { [ERROR_KEY]: classOf(value), ...headOf(value) };
      this.open.push({ from: value, into, depth, around });
      return into;
    }
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    const own = jsonOf(value);
    if (own !== value) return this.put(own, { from: value, into: [], depth, around });
    const into = Array.isArray(value) || value instanceof Set ? [] : {};
    this.open.push({ from: value, into, depth, around });
    return into;
  }

  private fill(container: Container): void {
    const { from, into } = container;
    if (Array.isArray(into)) {
      for (const item of attempt(() => [...(from as Iterable<unknown>)]) ?? []) {
        if (this.values <= 0) return;
        into.push(this.put(item, container) ?? null);
      }
      return;
    }
    for (const key of keysOf(from)) {
      const value = from instanceof Map ? (from.get(key) as unknown) : read(from, key);
      this.characters -= key.length;
      const kept = this.characters < 0 ? undefined : this.put(value, container);
      if (kept === undefined) continue;
      const name = storableText(key);
      define(into, name, typeof kept === 'string' ? masked(name, kept) : kept, true);
      if (isHidden(from, key)) into[HIDDEN_KEY] = [...((into[HIDDEN_KEY] as string[] | undefined) ?? []), name];
    }
  }

  private text(text: string): string {
    const kept = this.characters > 0 ? clean(text, this.characters) : '…';
    this.characters -= kept.length;
    return kept;
  }
}

/** Fields of an error that are not enumerable count too, as those of a ZodError; what is for its own library does not. */
function keysOf(from: object): string[] {
  if (from instanceof Map) return [...from.keys()].filter((key) => typeof key === 'string');
  if (!isError(from)) return (attempt(() => Object.keys(from)) ?? []).filter((key) => !MARKS.has(key));
  const names = attempt(() => Object.getOwnPropertyNames(from)) ?? [];
  const isOfQuery = names.some((key) => QUERIES.has(key) && typeof read(from, key) === 'string');
  const fields = names
    .filter((key) => !key.startsWith('_') && !MARKS.has(key) && (!NATIVE_FIELDS.has(key) || key === 'cause'))
    // Values that were given to a statement may be anybody's secrets: of drizzle, postgres.js, TypeORM and others.
    .filter((key) => !(isOfQuery && PARAMETERS.has(key)));
  // Small things first: they are what machines branch on.
  return fields.toSorted((a, b) => sizeOf(read(from, a)) - sizeOf(read(from, b)));
}

/** Not enumerable, and not as of every error. */
function isHidden(from: object, key: string): boolean {
  return isError(from) && key !== 'cause' && !Object.prototype.propertyIsEnumerable.call(from, key);
}

function headOf(error: Error): { name: string; message: string; stack?: string } {
  const [name, message, stack] = ['name', 'message', 'stack'].map((key) => read(error, key));
  const head = {
    name: typeof name === 'string' ? clean(name, NAME) : 'Error',
    message: typeof message === 'string' ? clean(message, MESSAGE) : '',
  };
  return typeof stack === 'string' ? { ...head, stack: clean(stack, STACK) } : head;
}

function classOf(error: Error): string {
  for (const [name, constructor] of CLASSES) if (error instanceof constructor) return name;
  // Of another realm, or of another copy of this package.
  const name = read(error, 'name');
  return typeof name === 'string' && CLASSES.has(name) ? name : 'Error';
}

function clean(text: string, limit: number): string {
  return boundedText(maskSecrets(storableText(text.slice(0, 4 * limit + 1_000))), limit);
}

/** A credential is told by the name of its field, too, as it is in the text of an error. */
function masked(key: string, value: string): string {
  const line = `${key}: ${value}`;
  const safe = maskSecrets(line);
  return safe === line ? value : safe.slice(key.length + 2);
}

/** Dates, URLs and whatever else says itself what it is in JSON. */
function jsonOf(value: object): unknown {
  const toJson = read(value, 'toJSON');
  if (typeof toJson !== 'function' || value instanceof DurachartError) return value;
  return attempt(() => (toJson as () => unknown).call(value)) ?? null;
}

function read(from: object, key: string): unknown {
  return attempt(() => (from as Record<string, unknown>)[key]);
}

/** Code of others that may throw: getters, iterators, proxies. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  return typeof value === 'object' && value !== null ? Number.MAX_SAFE_INTEGER : 0;
}
