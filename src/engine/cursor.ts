import { DurachartError } from '../core/error.ts';

/** What the database takes for a time, and more than any has. */
const LATEST = 60_000_000_000_000;

/** The place in a list after an instance. Opaque to callers. */
export function encodeCursor({ createdAt, id }: { createdAt: Date; id: string }): string {
  return Buffer.from(JSON.stringify([createdAt.getTime(), id])).toString('base64url');
}

/** @throws DurachartError `INVALID_CURSOR` */
export function decodeCursor(cursor: string): { createdAt: Date; id: string } {
  try {
    const [time, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [unknown, unknown];
    const createdAt = new Date(time as number);
    if (
      typeof id === 'string' &&
      !id.includes('\0') &&
      typeof time === 'number' &&
      Number.isInteger(time) &&
      Math.abs(time) < LATEST
    )
      return { createdAt, id };
  } catch {
    // Said below.
  }
  throw new DurachartError(
    'INVALID_CURSOR',
    'The cursor is not one that a list has given. Use the `next` of the page before.',
  );
}
