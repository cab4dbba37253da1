import type { CauseRecord, ErrorRecord } from './error.ts';

/** How far causes of causes are followed. */
const DEPTH = 5;

/** What caused an error, from the nearest to the innermost. Of an AggregateError it is the first of its errors. */
export function causesOf(thrown: unknown): unknown[] {
  const causes: unknown[] = [];
  const seen = new Set([thrown]);
  for (let next = causeOf(thrown); causes.length < DEPTH; next = causeOf(next)) {
    if (next === undefined || next === null || seen.has(next)) break;
    seen.add(next);
    causes.push(next);
  }
  return causes;
}

function causeOf(thrown: unknown): unknown {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const { cause, errors, message } = thrown as { cause?: unknown; errors?: unknown; message?: unknown };
  if (cause !== undefined && cause !== null) return cause;
  // One without a message of its own is described by its errors already.
  return Array.isArray(errors) && typeof message === 'string' && message !== '' ? (errors[0] as unknown) : undefined;
}

/** What says what is wrong. */
type Said = Pick<ErrorRecord, 'message'> & Partial<Pick<CauseRecord, 'name' | 'code'>>;

/**
 * Why an error came about, in one line for people: the innermost cause first, since what wraps it (`fetch failed`, `Failed query: …`) only
 * says where it happened; what was thrown on purpose says itself what is wrong, and comes first. Undefined where the message says it all.
 */
export function reasonOf(message: string, causes: readonly Said[], isOnPurpose: boolean): string | undefined {
  const chain: Said[] = [{ message }];
  // A wrapper that repeats its cause's words has said it.
  for (const cause of causes) {
    if (isSpeaking(cause) && !chain.some((outer) => outer.message.includes(cause.message))) chain.push(cause);
  }
  if (chain.length === 1) return undefined;
  const lines = chain.map((each) => oneLine(each));
  return isOnPurpose ? lines.join('; caused by: ') : lines.toReversed().join('; in: ');
}

/** One without a message and a code has its name for a message. */
function isSpeaking({ message, name, code }: Said): boolean {
  return message !== '' && (message !== name || code !== undefined);
}

function oneLine({ message, code }: Said): string {
  const line = message
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/[.;:]$/, '');
  return code === undefined || line.includes(code) ? line : `${line} (${code})`;
}

/** What people are to see of an error that is stored. */
export function whyOf({ reason, message }: Pick<ErrorRecord, 'reason' | 'message'>): string {
  return reason ?? message;
}
