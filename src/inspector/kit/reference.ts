import type { PayloadReference } from '../../http/types.ts';

/** Whether the API gives a reference in place of a value that is too large for a row. */
export function isReference(value: unknown): value is PayloadReference {
  return typeof value === 'object' && value !== null && '$durachart' in value;
}
