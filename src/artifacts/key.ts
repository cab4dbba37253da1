import { DurachartError } from '../core/error.ts';

/** Characters of the longest key that is taken. */
const MAX_KEY_LENGTH = 300;
/** File systems take no longer name. */
const MAX_SEGMENT_LENGTH = 255;
const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/**
 * Checks the name of an artifact: parts of letters, digits and `._-`, joined by `/`; no part begins with a dot.
 * So no key can lead out of its folder, hide a file, or mean two things on two systems.
 * @throws DurachartError `INVALID_ARTIFACT_KEY`
 */
export function assertKey(key: string): void {
  const wrong = typeof key === 'string' ? whatIsWrong(key) : 'is not text';
  if (wrong === undefined) return;
  throw invalidKey(key, wrong);
}

/** The error for a key that cannot be. @param wrong completes "The key …" */
export function invalidKey(key: string, wrong: string, cause?: unknown): DurachartError {
  const shown = String(key).slice(0, MAX_KEY_LENGTH);
  return new DurachartError(
    'INVALID_ARTIFACT_KEY',
    `The artifact key ${JSON.stringify(shown)} ${wrong}. A key is like "folder/name.ext": letters, digits, ".", "_" and "-", parts joined by "/".`,
    { details: { key: shown }, cause },
  );
}

/** A name that somebody gave, made into one part of a key: `Mein Film (1).MP4` becomes `Mein-Film-1-.MP4`. */
export function safeName(name: string): string {
  const MAX = 100;
  const plain = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '');
  // The end of a long name says what kind of file it is.
  return plain.length > MAX ? `${plain.slice(0, MAX - 20)}${plain.slice(-20)}` : plain || 'file';
}

function whatIsWrong(key: string): string | undefined {
  if (key === '') return 'is empty';
  if (key.length > MAX_KEY_LENGTH) return `is longer than ${MAX_KEY_LENGTH} characters`;
  for (const segment of key.split('/')) {
    if (segment === '') return 'has an empty part';
    if (segment.startsWith('.')) return `has a part that begins with a dot, ${JSON.stringify(segment)}`;
    if (segment.length > MAX_SEGMENT_LENGTH) return `has a part longer than ${MAX_SEGMENT_LENGTH} characters`;
    if (!SEGMENT.test(segment)) return `has a part with other characters, ${JSON.stringify(segment)}`;
  }
  return undefined;
}
