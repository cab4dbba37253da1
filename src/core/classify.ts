import { diagnose, type Diagnosis } from './diagnose.ts';
import { StepError, type CauseRecord, type ErrorClass, type ErrorRecord } from './error.ts';
import { jsonLike } from './json-like.ts';
import { causesOf, reasonOf } from './reason.ts';
import { boundedText, maskSecrets, storableText } from './text.ts';
import { beyond } from './thrown-value.ts';
import { describe } from './thrown.ts';

const MESSAGE_LIMIT = 2_000;
const NAME_LIMIT = 200;
const STACK_BYTES = 8 * 1024;
const DETAILS_LIMIT = 16 * 1024;

/**
 * What a step has thrown, as it is stored: with a code that machines branch on, whether another attempt may help,
 * without credentials, and of bounded size.
 * @param classes codes that the workflow knows, and their class
 * @param attempt which attempt it ended, from 1
 * @param now milliseconds since 1970, for a Retry-After that is a date
 */
export function classify(
  error: unknown,
  classes: Readonly<Record<string, ErrorClass>>,
  attempt: number,
  now: number = Date.now(),
): ErrorRecord & { retryAfter?: number } {
  const diagnosis = diagnose(error, (thrown) => onPurpose(thrown, classes), now) ?? { code: 'UNKNOWN' };
  const { code } = diagnosis;
  const record: ErrorRecord & { retryAfter?: number } = {
    code: boundedText(storableText(code), NAME_LIMIT),
    class: diagnosis.class ?? classOf(code, classes),
    name: boundedText(clean(nameOf(error)), NAME_LIMIT),
    message: message(diagnosis.message ?? describe(error)),
    attempt,
  };
  const { stack } = facts(error);
  if (typeof stack === 'string') record.stack = boundedStack(stack);
  const details = detailsOf(error, diagnosis);
  if (details !== undefined) record.details = details;
  const causes = causesOf(error).map(causeRecord);
  const [cause] = causes;
  if (cause !== undefined) record.cause = causes.reduceRight((inner, outer) => ({ ...outer, cause: inner }));
  const reason = reasonOf(record.message, causes, onPurpose(error, classes) !== undefined);
  if (reason !== undefined) record.reason = boundedText(reason, MESSAGE_LIMIT);
  const thrown = beyond(record, error);
  if (thrown !== undefined) record.thrown = thrown;
  const { retryAfter } = diagnosis;
  if (retryAfter !== undefined && retryAfter >= 0 && Number.isFinite(retryAfter)) {
    record.retryAfter = Math.ceil(retryAfter);
  }
  return record;
}

function classOf(code: string, classes: Readonly<Record<string, ErrorClass>>): ErrorClass {
  const known = Object.hasOwn(classes, code) ? classes[code] : undefined;
  return known ?? 'retryable';
}

/** A StepError, of this package or of another copy of it, or anything else that carries a code of the workflow. */
function onPurpose(error: unknown, classes: Readonly<Record<string, ErrorClass>>): Diagnosis | undefined {
  const { code, name, retryable, retryAfter, details } = facts(error);
  if (typeof code !== 'string') return undefined;
  if (!(error instanceof StepError) && name !== 'StepError' && !Object.hasOwn(classes, code)) return undefined;
  const diagnosis: Diagnosis = { code };
  if (typeof retryable === 'boolean') diagnosis.class = retryable ? 'retryable' : 'final';
  if (typeof retryAfter === 'number') diagnosis.retryAfter = retryAfter;
  if (isObject(details)) diagnosis.details = details;
  return diagnosis;
}

function detailsOf(error: unknown, diagnosis: Diagnosis): Record<string, unknown> | undefined {
  const { code } = facts(error);
  // A code that is not ours is a fact about the error: ECONNREFUSED, 23505.
  const foreign = typeof code === 'string' && code !== diagnosis.code ? { code } : {};
  const details = jsonLike({ ...foreign, ...diagnosis.details }, clean) as Record<string, unknown>;
  if (Object.keys(details).length === 0) return undefined;
  const size = JSON.stringify(details).length;
  return size <= DETAILS_LIMIT ? details : { ...(jsonLike(foreign, clean) as object), omitted: `${size} characters` };
}

function causeRecord(cause: unknown): CauseRecord {
  const { code } = facts(cause);
  const record = { name: boundedText(clean(nameOf(cause)), NAME_LIMIT), message: message(describe(cause)) };
  return typeof code === 'string' ? { ...record, code: boundedText(clean(code), NAME_LIMIT) } : record;
}

function nameOf(thrown: unknown): string {
  if (!isObject(thrown)) return thrown === null ? 'null' : typeof thrown;
  return typeof thrown['name'] === 'string' && thrown['name'] !== '' ? thrown['name'] : 'Object';
}

function message(text: string): string {
  return boundedText(clean(text), MESSAGE_LIMIT);
}

/** Bounded before the search, so that a huge message costs little. */
function clean(text: string): string {
  return maskSecrets(storableText(text.slice(0, 8 * MESSAGE_LIMIT)));
}

function boundedStack(stack: string): string {
  const text = clean(stack);
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(STACK_BYTES));
  return text.slice(0, read);
}

interface Facts {
  code?: unknown;
  name?: unknown;
  stack?: unknown;
  cause?: unknown;
  retryable?: unknown;
  retryAfter?: unknown;
  details?: unknown;
}

function facts(thrown: unknown): Facts {
  return isObject(thrown) ? thrown : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
