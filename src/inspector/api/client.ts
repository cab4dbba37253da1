import type { Problem } from '../../http/types.ts';

/**
 * Speaks to the HTTP API. The types of what it sends are those of `src/http/types.ts`, made from the schemas that the
 * OpenAPI document is made from; nothing else of the server is imported here.
 */

/** An answer of the API that is a problem. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: readonly { path: string; message: string }[];
  readonly problem: Problem | undefined;

  constructor(status: number, problem: Problem | undefined) {
    super(problem?.detail ?? `The server answered with ${status}.`);
    this.name = 'ApiError';
    this.status = status;
    this.code = problem?.code ?? 'UNKNOWN';
    this.errors = problem?.errors ?? [];
    this.problem = problem;
  }
}

/** The server does not answer at all. */
export class OfflineError extends Error {
  constructor() {
    super('The server does not answer.');
    this.name = 'OfflineError';
  }
}

/** Told when an answer says that one has to log in (again). */
let onUnauthorized = (): void => {};
export function whenUnauthorized(listener: () => void): void {
  onUnauthorized = listener;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return request<T>('GET', path + queryString(query), undefined, signal);
}

/** @param body sent as JSON */
export async function post<T>(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<T> {
  return request<T>('POST', path, { body: JSON.stringify(body), type: 'application/json', headers });
}

export async function remove<T>(path: string): Promise<T> {
  return request<T>('DELETE', path);
}

/** @param file sent as it is */
export async function put<T>(path: string, file: Blob): Promise<T> {
  return request<T>('PUT', path, { body: file, type: 'application/octet-stream', headers: {} });
}

async function request<T>(
  method: string,
  path: string,
  sent?: { body: string | Blob; type: string; headers: Record<string, string> },
  signal?: AbortSignal,
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      // A page of another site cannot send this header: the server asks for it wherever a cookie lets one in.
      headers: {
        'x-requested-with': 'durachart',
        ...(sent === undefined ? {} : { 'content-type': sent.type, ...sent.headers }),
      },
      ...(sent === undefined ? {} : { body: sent.body }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new OfflineError();
  }
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  if (response.status === 401 && path !== '/session') onUnauthorized();
  throw new ApiError(response.status, await problemOf(response));
}

async function problemOf(response: Response): Promise<Problem | undefined> {
  try {
    return (await response.json()) as Problem;
  } catch {
    return undefined;
  }
}

export function queryString(query: Query): string {
  const given = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)] satisfies [string, string]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}

/** Path of an instance, or of something of it. */
export function instancePath(id: string, rest = ''): string {
  return `/instances/${encodeURIComponent(id)}${rest}`;
}

export function workflowPath(name: string, rest = ''): string {
  return `/workflows/${encodeURIComponent(name)}${rest}`;
}
