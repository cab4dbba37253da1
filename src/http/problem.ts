import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { DurachartError } from '../core/error.ts';
import { pathText } from '../core/issues.ts';
import { trouble, troubleOf } from '../engine/trouble.ts';
import type { HttpEnv } from './env.ts';

/** Something that is wrong with one field of a request. */
export interface FieldError {
  /** Like `input.tags[0]`; empty for the whole. */
  path: string;
  message: string;
}

/** RFC 9457 problem details, as every error of the API looks. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** The request, as it stands in the server's log. */
  instance: string;
  /** Stable, for programs. */
  code: string;
  errors?: FieldError[];
  /** Facts about the error. */
  [fact: string]: unknown;
}

/** The one table from error codes to status and title. A code that is not here is the server's fault. */
const PROBLEMS: Readonly<Record<string, readonly [status: number, title: string]>> = {
  MALFORMED_REQUEST: [400, 'The request is not HTTP as it should be'],
  MALFORMED_JSON: [400, 'The body is not JSON'],
  UNAUTHORIZED: [401, 'A token is needed'],
  WRONG_TOKEN: [401, 'This is not the token'],
  FORBIDDEN_HOST: [403, 'This host name is not served'],
  FORBIDDEN_ORIGIN: [403, 'Requests of other web sites are refused'],
  SECRETS_TOKEN_NEEDED: [403, 'The token that shows secrets is needed'],
  ROUTE_NOT_FOUND: [404, 'There is nothing at this address'],
  UNKNOWN_WORKFLOW: [404, 'There is no such workflow'],
  UNKNOWN_QUEUE: [404, 'There is no such queue'],
  UNKNOWN_SCHEDULE: [404, 'There is no such schedule'],
  INSTANCE_NOT_FOUND: [404, 'There is no such instance'],
  FAN_OUT_NOT_FOUND: [404, 'There is no such fan-out'],
  TRANSITION_NOT_FOUND: [404, 'There is no such transition'],
  OPERATION_NOT_FOUND: [404, 'There is no such operation'],
  PAYLOAD_NOT_FOUND: [404, 'There is no such value'],
  EVENT_NOT_FOUND: [404, 'There is no such published event'],
  ARTIFACT_NOT_FOUND: [404, 'There is no such artifact'],
  METHOD_NOT_ALLOWED: [405, 'The address does not take this method'],
  TIMEOUT: [408, 'It is not over yet'],
  REQUEST_TIMEOUT: [408, 'The request was not complete in time'],
  KEY_REUSED: [409, 'The key belongs to another input'],
  EVENT_NOT_ACCEPTED: [409, 'The state does not take this event'],
  INSTANCE_ENDED: [409, 'The instance has ended'],
  INSTANCE_FAILED: [409, 'The instance has failed'],
  INSTANCE_CANCELLED: [409, 'The instance was cancelled'],
  NOT_FAILED: [409, 'The instance has not failed'],
  NOT_STUCK: [409, 'The instance is not stuck'],
  NOT_STARTED: [409, 'The instance has not begun'],
  NOT_ACTIVE: [409, 'The instance stands still'],
  ALREADY_PAUSED: [409, 'It is paused already'],
  NOT_PAUSED: [409, 'It is not paused'],
  NOTHING_TO_SKIP: [409, 'There is no such step to skip'],
  AMBIGUOUS_STEP: [409, 'Several steps have this name'],
  MOMENT_ENDED: [409, 'The machine had ended there'],
  IN_FLIGHT: [409, 'Something is running'],
  ID_TAKEN: [409, 'There is an instance with this id'],
  HISTORY_TOO_LONG: [409, 'The history is as long as it may be'],
  STATE_UNKNOWN: [409, 'The code no longer has the state'],
  CONFLICT: [409, 'Somebody else was faster'],
  BODY_TOO_LARGE: [413, 'The body is too large'],
  PAYLOAD_TOO_LARGE: [413, 'A value is too large for a row'],
  CONTEXT_TOO_LARGE: [413, 'The context is too large'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The body has another content type'],
  INVALID_RANGE: [416, 'The artifact does not have this range'],
  INVALID_REQUEST: [422, 'The request has wrong fields'],
  INVALID_INPUT: [422, 'The input is not what the workflow takes'],
  INVALID_EVENT: [422, 'The event is not what the workflow takes'],
  UNKNOWN_EVENT: [422, 'The workflow has no such event'],
  INVALID_EXPORT: [422, 'The export is not valid'],
  INVALID_OUTPUT: [422, 'The output is not what the step gives'],
  INVALID_PATCH: [422, 'The patch does not fit the context'],
  INVALID_CONTEXT: [422, 'The patched context is not valid'],
  INVALID_OPTION: [422, 'An option is wrong'],
  INVALID_CURSOR: [422, 'The cursor is wrong'],
  INVALID_ARTIFACT_KEY: [422, 'The artifact key is wrong'],
  ENDLESS_LOOP: [422, 'The machine goes round without end'],
  CORRELATION_FAILED: [422, 'An instance has no key for an event'],
  TRANSITION_FAILED: [422, 'The machine refuses it'],
  INEXACT_JSON: [422, 'The JSON would be changed by being read'],
  UNSUPPORTED_IN_MACHINE: [422, 'The machine reads what has no true value in it'],
  NOT_JSON: [422, 'A value cannot be stored'],
  RESERVED_KEY: [422, 'A value has a key of the engine'],
  NOT_STORABLE: [422, 'A value cannot be stored'],
  UPGRADE_REQUIRED: [426, 'This address speaks another protocol'],
  TOO_MANY_ATTEMPTS: [429, 'Too many wrong tokens'],
  TOO_MANY_REQUESTS: [429, 'Too many requests are under way'],
  HEADERS_TOO_LARGE: [431, 'The headers are too large'],
  INTERNAL_ERROR: [500, 'Something went wrong in the server'],
  PAYLOAD_NOT_STORED: [503, 'The artifact store does not take a value'],
  PAYLOAD_UNREADABLE: [503, 'A value cannot be read from the artifact store'],
  ARTIFACTS_UNAVAILABLE: [503, 'The artifact store cannot be used'],
  NO_ARTIFACT_STORE: [503, 'There is no artifact store'],
  TOO_MANY_STREAMS: [503, 'Too many streams are open'],
  STOPPING: [503, 'The server is stopping'],
  ENGINE_STOPPED: [503, 'The server is stopping'],
  DATABASE_UNAVAILABLE: [503, 'The database does not answer'],
  ARTIFACTS_FULL: [507, 'There is no room for artifacts'],
};

/** Where in a body the value stands that such an error is about. */
const FIELDS: Readonly<Record<string, string>> = {
  INVALID_INPUT: 'input',
  INVALID_OUTPUT: 'output',
  INVALID_PATCH: 'patch',
  INVALID_EXPORT: 'document',
};

/** An error of the HTTP layer itself. */
export class Problem extends DurachartError {
  readonly headers: Readonly<Record<string, string>>;
  /** Status and title, of a code that is not in the table: a pipeline's own. */
  readonly shown: readonly [status: number, title: string] | undefined;

  constructor(
    code: string,
    detail: string,
    options: {
      errors?: FieldError[];
      headers?: Record<string, string>;
      details?: Record<string, unknown>;
      cause?: unknown;
      shown?: readonly [status: number, title: string] | undefined;
    } = {},
  ) {
    const issues = options.errors === undefined ? {} : { issues: options.errors };
    super(code, detail, { details: { ...options.details, ...issues }, cause: options.cause });
    this.headers = options.headers ?? {};
    this.shown = options.shown;
  }
}

/** Answers with the problem that an error is; what the server is to blame for is logged, and not told. */
export function problemResponse(error: unknown, c: Context<HttpEnv>): Response {
  const known = knownProblem(error);
  const id = c.get('requestId');
  if (known === undefined || known.code === 'DATABASE_UNAVAILABLE') {
    c.get('log').error({ err: error, requestId: id }, 'request failed');
  }
  const problem =
    known ?? new Problem('INTERNAL_ERROR', `Something went wrong in the server. Its log has more under ${id}.`);
  const body = problemBody(problem, `urn:uuid:${id}`);
  const headers = {
    ...(problem instanceof Problem ? problem.headers : {}),
    'content-type': 'application/problem+json',
  };
  return c.body(JSON.stringify(body), body.status as 500, headers);
}

/** @param instance URI of the request */
export function problemBody(error: DurachartError, instance: string): ProblemBody {
  const shown = error instanceof Problem ? error.shown : undefined;
  const [status, title] = shown ?? PROBLEMS[error.code] ?? [500, 'Something went wrong in the server'];
  const { issues, ...facts } = error.details;
  return {
    ...facts,
    type: `urn:durachart:problem:${error.code}`,
    title,
    status,
    detail: error.message,
    instance,
    code: error.code,
    ...(status === 422 ? { errors: fieldErrors(issues, FIELDS[error.code]) } : {}),
  };
}

/** Issues of zod, or what looks like them, as the list of a problem. @param prefix where the checked value stands in the body */
export function fieldErrors(issues: unknown, prefix = ''): FieldError[] {
  if (!Array.isArray(issues)) return [];
  return issues.flatMap((issue: { code?: unknown; path?: unknown; keys?: unknown; message?: unknown }) => {
    const path = Array.isArray(issue.path) ? pathText(issue.path as PropertyKey[]) : String(issue.path ?? '');
    if (issue.code === 'unrecognized_keys' && Array.isArray(issue.keys)) {
      return issue.keys.map((key) => ({
        path: joined(prefix, joined(path, String(key))),
        message: 'there is no such field',
      }));
    }
    return [{ path: joined(prefix, path), message: String(issue.message) }];
  });
}

function joined(before: string, after: string): string {
  return before === '' || after === '' || after.startsWith('[') ? `${before}${after}` : `${before}.${after}`;
}

function knownProblem(error: unknown): DurachartError | undefined {
  const isShown = error instanceof Problem && error.shown !== undefined;
  const isKnown = error instanceof DurachartError && (isShown || error.code in PROBLEMS);
  if (isKnown && error.code !== 'DATABASE_UNAVAILABLE') return error;
  if (isKnown) {
    // In words that do not tell where it is.
    const { code, message } = trouble(troubleOf(error).code);
    return new Problem('DATABASE_UNAVAILABLE', message, {
      details: { reason: code },
      headers: { 'retry-after': '2' },
    });
  }
  // Thrown by hono's validators.
  if (error instanceof HTTPException) {
    if (error.status === 415) return new Problem('UNSUPPORTED_MEDIA_TYPE', error.message);
    if (error.status < 500) return new Problem('MALFORMED_REQUEST', error.message);
  }
  return undefined;
}
