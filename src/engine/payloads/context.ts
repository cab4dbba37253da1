import { DurachartError } from '../../core/error.ts';
import { INLINE_LIMIT } from '../../core/payload.ts';
import { isSmall } from './payloads.ts';
import { sizeInWords } from './size.ts';

/** Bytes of a context's small fields together: every transition writes them. */
export const CONTEXT_LIMIT = 1024 * 1024;
/** Bytes of all of a context, with the fields that are stored apart: a worker has it in memory, and reads it whole. */
export const WHOLE_CONTEXT_LIMIT = 16 * 1024 * 1024;
/** Fields that the error names. */
const NAMED = 5;

/**
 * Whether a context can be kept. Its fields over 256 KB are stored apart; what is left goes into the row.
 * @throws DurachartError `CONTEXT_TOO_LARGE` naming the largest fields by path
 */
export function checkContext(context: Record<string, unknown>, instanceId: string): void {
  const sizes = sizesOf(context);
  const inRow = sum(sizes.filter(({ small }) => small));
  const whole = sum(sizes);
  if (inRow <= CONTEXT_LIMIT && whole <= WHOLE_CONTEXT_LIMIT) return;
  const over = inRow > CONTEXT_LIMIT;
  const largest = sizes
    .filter(({ small }) => small || !over)
    .toSorted((a, b) => b.size - a.size)
    .slice(0, NAMED)
    .map(({ key, size }) => narrowed(key, context[key], size));
  const named = largest.map(({ path, size }) => `${path} (${sizeInWords(size)})`).join(', ');
  const found = over
    ? `the fields of its context that go into the row take ${sizeInWords(inRow)}, and ${sizeInWords(CONTEXT_LIMIT)} is the limit`
    : `its context takes ${sizeInWords(whole)}, and ${sizeInWords(WHOLE_CONTEXT_LIMIT)} is the limit`;
  throw new DurachartError(
    'CONTEXT_TOO_LARGE',
    `Instance ${instanceId}: ${found}. Largest: ${named}. Let steps put such data into the artifact store, and keep the keys in the context.`,
    {
      details: {
        instance: instanceId,
        size: over ? inRow : whole,
        limit: over ? CONTEXT_LIMIT : WHOLE_CONTEXT_LIMIT,
        largest,
      },
    },
  );
}

interface Field {
  key: string;
  /** Bytes as JSON. */
  size: number;
  small: boolean;
}

function sizesOf(value: object): Field[] {
  return Object.entries(value).map(([key, item]) => {
    const text = JSON.stringify(item) as string | undefined;
    return text === undefined
      ? { key, size: 0, small: true }
      : { key, size: Buffer.byteLength(text), small: isSmall(text) };
  });
}

/** The place inside a field where most of it lies. */
function narrowed(path: string, value: unknown, size: number): { path: string; size: number } {
  if (typeof value !== 'object' || value === null || size <= INLINE_LIMIT / 8) return { path, size };
  const [largest] = sizesOf(value).toSorted((a, b) => b.size - a.size);
  if (largest === undefined || largest.size < size / 2) return { path, size };
  const { key } = largest;
  const inner = Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`;
  return narrowed(inner, (value as Record<string, unknown>)[key], largest.size);
}

function sum(fields: readonly Field[]): number {
  return fields.reduce((total, { size }) => total + size, 0);
}
