import { DurachartError } from './error.ts';
import { RESERVED_KEY } from './payload.ts';
import { withoutErrors } from './thrown-value.ts';
import { encoded } from './undefined.ts';

/** A value that JSON, and so the database, would lose or change. */
export class NotJsonError extends DurachartError {
  constructor(where: string, path: string, what: string, remedy: string) {
    super('NOT_JSON', `${where}: ${path === '' ? 'the value' : path} is ${what}, which JSON would lose. ${remedy}`, {
      details: { where, path, found: what },
    });
    this.name = 'NotJsonError';
  }
}

/** A value with the key by which the engine tells its references from values. */
export class ReservedKeyError extends DurachartError {
  constructor(where: string, path: string) {
    super(
      'RESERVED_KEY',
      `${where}: ${path} has the key ${RESERVED_KEY}, which the engine keeps for itself. Rename it.`,
      {
        details: { where, path },
      },
    );
    this.name = 'ReservedKeyError';
  }
}

/** Deeper nesting than this is refused: parsers overflow their stacks, Postgres's too. */
export const MAX_DEPTH = 500;

/** Says of an object that it need not be looked into; may throw on its own account. */
type Known = (value: object, path: () => string) => boolean;

/** An object that is being looked into: the way to it is for messages, and tells cycles. */
interface Inside {
  value: object;
  /** Under which it stands in the one around it. */
  key: string | number;
  around: Inside | undefined;
  depth: number;
}

/**
 * Checks that a value comes back from JSON and from Postgres as it went in, once what is undefined in it is encoded.
 * @param where what the value is, for the message
 * @returns whether there is undefined in it: a property or an item
 * @throws NotJsonError with the path of the first value that would be lost, or that has the engine's own key
 */
export function assertJson(value: unknown, where: string, known?: Known): boolean {
  return check(value, '', undefined, where, known);
}

/**
 * The stored form of a value, plain JSON: what is undefined in it is encoded, an error in it becomes a plain object of
 * its name, message, cause and fields.
 * @throws NotJsonError as {@link assertJson} does
 */
export function storable<T>(value: T, where: string, errors: (value: unknown) => unknown = withoutErrors): T {
  try {
    return assertJson(value, where) ? encoded(value) : value;
  } catch (refusal) {
    const plain = errors(value) as T;
    if (plain === value) throw refusal;
    return assertJson(plain, where) ? encoded(plain) : plain;
  }
}

function check(
  value: unknown,
  key: string | number,
  around: Inside | undefined,
  where: string,
  known: Known | undefined,
): boolean {
  if (value === null || typeof value === 'boolean') return false;
  // A value that is undefined altogether is none, for which the rows have a place of their own.
  if (value === undefined) return around !== undefined;
  if (typeof value === 'string') {
    checkText(value, key, around, where);
    return false;
  }
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return false;
    throw new NotJsonError(where, pathTo(key, around), String(value), 'Use null or a string.');
  }
  if (typeof value !== 'object') {
    throw new NotJsonError(where, pathTo(key, around), `a ${typeof value}`, remedyFor(typeof value));
  }
  if (known?.(value, () => pathTo(key, around)) === true) return false;
  for (let outer = around; outer !== undefined; outer = outer.around) {
    if (outer.value === value)
      throw new NotJsonError(where, pathTo(key, around), 'a reference to its own parent', 'Store an id in its place.');
  }
  const depth = (around?.depth ?? 0) + 1;
  if (depth > MAX_DEPTH) throw new NotJsonError(where, pathTo(key, around), ...TOO_DEEP);
  const inside: Inside = { value, key, around, depth };
  let hasUndefined = false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) hasUndefined = check(value[i], i, inside, where, known) || hasUndefined;
    return hasUndefined;
  }
  if (!isPlain(value)) {
    const name = className(value);
    throw new NotJsonError(where, pathTo(key, around), `a ${name}`, remedyFor(name));
  }
  for (const name of Object.keys(value)) {
    checkText(name, name, inside, where);
    if (name === RESERVED_KEY) throw new ReservedKeyError(where, pathTo(name, inside));
    hasUndefined = check((value as Record<string, unknown>)[name], name, inside, where, known) || hasUndefined;
  }
  return hasUndefined;
}

function pathTo(key: string | number, around: Inside | undefined): string {
  if (around === undefined) return '';
  const path = pathTo(around.key, around.around);
  if (typeof key === 'number') return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** What a {@link NotJsonError} says of a value that is nested too deep. */
export const TOO_DEEP = [
  `nested deeper than ${MAX_DEPTH} levels`,
  'Put it into the artifact store and keep the key.',
] as const;

/** By structure and not by identity of Object.prototype: objects of another realm (a test runner's) are plain too. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function className(value: object): string {
  const name: unknown = (value.constructor as { name?: unknown } | undefined)?.name;
  return typeof name === 'string' && name !== '' ? name : 'class instance';
}

function checkText(text: string, key: string | number, around: Inside | undefined, where: string): void {
  if (!text.isWellFormed()) {
    throw new NotJsonError(where, pathTo(key, around), 'text with a lone surrogate', 'Use toWellFormed().');
  }
  if (text.includes('\0')) {
    throw new NotJsonError(
      where,
      pathTo(key, around),
      'text with a NUL character',
      'Remove it: Postgres cannot store it.',
    );
  }
}

function remedyFor(kind: string): string {
  switch (kind) {
    case 'Date':
      return 'Use toISOString().';
    case 'Map':
      return 'Use Object.fromEntries().';
    case 'Set':
      return 'Use an array.';
    case 'Error':
      return 'Throw it, or use its name, message and code.';
    case 'bigint':
      return 'Use a string.';
    case 'Actor':
      return 'An actor lives in memory: answer with sendParent(), or hand on an id.';
    case 'Buffer':
    case 'Uint8Array':
      return 'Put bytes into the artifact store and keep the key.';
    default:
      return 'Keep plain objects, arrays, strings, finite numbers, booleans and null.';
  }
}
