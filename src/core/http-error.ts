import type { Diagnosis } from './diagnose.ts';

/** Errors of HTTP clients: those that carry the status of the response, on themselves or on `response`. */
export function fromStatus(error: object, now: number): Diagnosis | undefined {
  const { response } = error as { response?: unknown };
  const places = [error, response].filter((place): place is Response => typeof place === 'object' && place !== null);
  const status = places.flatMap((place) => [place.status, place.statusCode]).find(isStatus);
  if (status === undefined) return undefined;
  const code = codeOf(status);
  const diagnosis: Diagnosis = { code, details: { status } };
  if (code !== 'RATE_LIMITED' && code !== 'UNAVAILABLE') return diagnosis;
  const retryAfter = retryAfterOf(
    (name) => places.map((place) => header(place.headers, name)).find((value) => value !== undefined),
    now,
  );
  return retryAfter === undefined ? diagnosis : { ...diagnosis, retryAfter };
}

interface Response {
  status?: unknown;
  statusCode?: unknown;
  headers?: unknown;
}

function isStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 400 && value <= 599;
}

function codeOf(status: number): string {
  switch (status) {
    case 401:
    case 403:
      return 'API_KEY_INVALID';
    case 404:
    case 410:
      return 'NOT_FOUND';
    case 402:
      return 'QUOTA_EXCEEDED';
    case 408:
      return 'TIMEOUT';
    case 409:
      return 'CONFLICT';
    case 425:
    case 429:
      return 'RATE_LIMITED';
    default:
      return status >= 500 ? 'UNAVAILABLE' : 'INVALID_INPUT';
  }
}

/** Of Headers and whatever has their `get`, or of a plain object with names in any case. */
function header(headers: unknown, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  if ('get' in headers && typeof headers.get === 'function') return (headers as Headers).get(name) ?? undefined;
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1] as unknown;
  const value: unknown = Array.isArray(found) ? found[0] : found;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** Milliseconds: of seconds, or of a date as the other side's clock sees it. */
function retryAfterOf(read: (name: string) => string | undefined, now: number): number | undefined {
  const value = read('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  const seconds = Number(value);
  if (!Number.isNaN(seconds)) return seconds >= 0 && Number.isFinite(seconds) ? seconds * 1_000 : undefined;
  const at = Date.parse(value);
  if (Number.isNaN(at)) return undefined;
  const sent = Date.parse(read('date') ?? '');
  return Math.max(0, at - (Number.isNaN(sent) ? now : sent));
}
