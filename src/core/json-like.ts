import { storableText } from './text.ts';

/** Deeper than this, a description has an ellipsis. */
const DEPTH = 12;

/**
 * The nearest thing to a value that can be stored: for lines and details that people read.
 * Dates become text, maps objects, sets arrays, errors their name and message; what has no likeness is named.
 * @param text what is done with every string
 */
export function jsonLike(value: unknown, text: (text: string) => string = storableText, depth = DEPTH): unknown {
  switch (typeof value) {
    case 'string':
      return text(value);
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'object':
      return value === null ? null : objectLike(value, text, depth);
    default:
      // bigint, symbol, function
      return text(typeof value === 'function' ? `[function ${value.name}]` : String(value));
  }
}

function objectLike(value: object, text: (text: string) => string, depth: number): unknown {
  // Cycles end here too.
  if (depth === 0) return '…';
  const inner = (item: unknown): unknown => jsonLike(item, text, depth - 1);
  if (Array.isArray(value)) return value.map((item) => inner(item) ?? null);
  if (value instanceof Set) return [...value].map((item) => inner(item) ?? null);
  if (value instanceof Error) return { name: inner(value.name), message: inner(value.message) };
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if ('toJSON' in value && typeof value.toJSON === 'function') return jsonOf(value as { toJSON(): unknown }, inner);
  const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [text(String(key)), inner(item)]));
}

/** Dates, URLs and actor references say themselves what they are in JSON; an invalid Date throws. */
function jsonOf(value: { toJSON(): unknown }, inner: (item: unknown) => unknown): unknown {
  try {
    return inner(value.toJSON());
  } catch (error) {
    return inner(String(error));
  }
}
