import type { ErrorClass } from './error.ts';
import { fromStatus } from './http-error.ts';
import { issuesInWords, namedIssues, pathText, type SchemaIssue } from './issues.ts';
import { NotJsonError, ReservedKeyError } from './json.ts';
import { fromSqlState } from './sql-error.ts';
import { fromSystemCode } from './system-error.ts';

/** What is wrong, as far as the error shows it. */
export interface Diagnosis {
  code: string;
  /** Where the code alone does not say it. */
  class?: ErrorClass;
  /** Better than the error's own. */
  message?: string;
  details?: Record<string, unknown>;
  /** Milliseconds. */
  retryAfter?: number;
}

/** What is known of errors that somebody threw on purpose. */
export type OnPurpose = (error: unknown) => Diagnosis | undefined;

/** Finds out what an error means; undefined when nothing tells. */
export function diagnose(error: unknown, onPurpose: OnPurpose, now: number): Diagnosis | undefined {
  return fromMany(error, onPurpose, now) ?? fromOne(error, onPurpose, now);
}

function fromOne(error: unknown, onPurpose: OnPurpose, now: number): Diagnosis | undefined {
  const diagnosis = onPurpose(error);
  if (diagnosis !== undefined) return diagnosis;
  if (error instanceof NotJsonError || error instanceof ReservedKeyError)
    return { code: 'INVALID_OUTPUT', details: error.details };
  return fromZod(error) ?? fromWorld(error, now, CAUSES);
}

/** An AggregateError means what the first error in it means of which anything is known. */
function fromMany(error: unknown, onPurpose: OnPurpose, now: number): Diagnosis | undefined {
  const errors: unknown = typeof error === 'object' && error !== null ? (error as Thrown).errors : undefined;
  if (!Array.isArray(errors)) return undefined;
  for (const inner of errors.slice(0, 20)) {
    const diagnosis = fromOne(inner, onPurpose, now);
    if (diagnosis !== undefined) return diagnosis;
  }
  return undefined;
}

/** How far causes of causes are followed. */
const CAUSES = 5;

/** Errors of the world outside: systems, networks, databases. Libraries wrap them, so causes count as well. */
function fromWorld(error: unknown, now: number, depth: number): Diagnosis | undefined {
  if (typeof error !== 'object' || error === null || depth === 0) return undefined;
  const thrown = error as Thrown;
  return (
    fromTimeout(thrown) ??
    fromSystemCode(thrown.code) ??
    fromStatus(thrown, now) ??
    fromSqlState(thrown) ??
    fromWorld(thrown.cause, now, depth - 1) ??
    fromFetch(thrown)
  );
}

interface Thrown {
  name?: unknown;
  message?: unknown;
  code?: unknown;
  cause?: unknown;
  errors?: unknown;
  issues?: unknown;
}

/** AbortSignal.timeout, and libraries that name their error as it does. */
function fromTimeout({ name }: Thrown): Diagnosis | undefined {
  return name === 'TimeoutError' ? { code: 'TIMEOUT' } : undefined;
}

function fromFetch({ name, message }: Thrown): Diagnosis | undefined {
  return name === 'TypeError' && message === 'fetch failed' ? { code: 'NETWORK_ERROR' } : undefined;
}

/** By shape, because a step may have a zod of its own. */
function fromZod(error: unknown): Diagnosis | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { name, issues } = error as Thrown;
  if ((name !== 'ZodError' && name !== '$ZodError') || !Array.isArray(issues)) return undefined;
  const all = issues as SchemaIssue[];
  const found = namedIssues(all).map(({ path, message, code }) => ({ path: pathText(path), message, code }));
  return { code: 'INVALID_INPUT', message: issuesInWords(all), details: { issues: found } };
}
