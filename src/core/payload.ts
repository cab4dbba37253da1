/** Bytes of JSON that a row holds; a larger value goes to the artifact store, and the row refers to it. */
export const INLINE_LIMIT = 256 * 1024;

/** The key that tells a reference, and what stands for undefined, from a value. Nobody's value may have it: {@link assertJson} refuses it. */
export const RESERVED_KEY = '$durachart';

/** What a row holds in place of a value that is too large for it. */
export interface PayloadReference {
  $durachart: 'payload';
  /** Bytes of the value as JSON. */
  size: number;
  /** Of these bytes, lower-case hex. */
  sha256: string;
  /** Where the JSON is in the artifact store. */
  key: string;
  /** Where the API serves it, from its root on. */
  link: string;
}

/** Whether what a row holds stands for a value that is elsewhere. */
export function isReference(value: unknown): value is PayloadReference {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.hasOwn(value, RESERVED_KEY) &&
    (value as PayloadReference)[RESERVED_KEY] === 'payload'
  );
}
