import { ApiError } from '@google/genai';
import { z } from 'zod';
import { StepError } from '../../../../src/index.ts';
import { retryAfterOf } from '../retry-after.ts';
import type { FallbackCode } from './client.ts';

/** What is known of the call that failed. */
export interface FailedCall {
  code: FallbackCode;
  apiKey: string;
  retryAfter: string | null;
  timedOut: boolean;
  timeout: number;
}

/** Google's error body: https://cloud.google.com/apis/design/errors */
const bodySchema = z.object({
  error: z.object({
    message: z.string().default(''),
    status: z.string().default(''),
    details: z
      .array(
        z.looseObject({
          '@type': z.string().optional(),
          reason: z.string().optional(),
          retryDelay: z.string().optional(),
        }),
      )
      .default([]),
  }),
});

/** Turns what the SDK threw into the pipeline's error; the key is taken out of every text. */
export function failureOf(error: unknown, call: FailedCall): StepError {
  if (error instanceof StepError) return error;
  const cause = withoutKey(error, call.apiKey);
  if (error instanceof ApiError) return fromStatus(error, cause, call);
  if (call.timedOut || nameOf(error) === 'TimeoutError') {
    return new StepError('TIMEOUT', `Gemini did not answer within ${call.timeout} ms.`, { cause });
  }
  // fetch throws a TypeError whose cause is the system's error.
  const system = (error as { cause?: { code?: string } }).cause?.code;
  if (system?.includes('TIMEOUT') === true)
    return new StepError('TIMEOUT', 'Gemini was silent for too long.', { cause });
  if (system !== undefined || (error instanceof TypeError && error.message.includes('fetch failed'))) {
    return new StepError('NETWORK_ERROR', `Gemini cannot be reached${system === undefined ? '' : `: ${system}`}.`, {
      cause,
    });
  }
  return new StepError(call.code, `Gemini: ${cause.message}`, { cause });
}

function fromStatus(error: ApiError, cause: Error, call: FailedCall): StepError {
  const { message, status, details } = bodyOf(error);
  const said = redact(message === '' ? `status ${error.status}` : message, call.apiKey);
  const keyInvalid = details.some((detail) => detail.reason === 'API_KEY_INVALID') || status === 'UNAUTHENTICATED';
  if (error.status === 401 || error.status === 403 || keyInvalid) {
    return new StepError('API_KEY_INVALID', `Gemini refuses the API key: ${said}`, { cause });
  }
  if (error.status === 429) {
    const retryAfter = retryAfterOf(call.retryAfter) ?? delayOf(details);
    return new StepError(
      'RATE_LIMITED',
      `Gemini: ${said}`,
      retryAfter === undefined ? { cause } : { cause, retryAfter },
    );
  }
  if (error.status === 408 || error.status === 504) return new StepError('TIMEOUT', `Gemini: ${said}`, { cause });
  // Asking again with the same request would give the same answer.
  const final = error.status >= 400 && error.status < 500;
  return new StepError(call.code, `Gemini: ${said}`, final ? { cause, retryable: false } : { cause });
}

function bodyOf(error: ApiError): z.output<typeof bodySchema>['error'] {
  try {
    return bodySchema.parse(JSON.parse(error.message)).error;
  } catch {
    return { message: '', status: '', details: [] };
  }
}

/** RetryInfo says `"retryDelay": "17s"`. */
function delayOf(details: { retryDelay?: string | undefined }[]): number | undefined {
  const delay = details.find((detail) => detail.retryDelay !== undefined)?.retryDelay;
  const seconds = Number(/^([\d.]+)s$/.exec(delay ?? '')?.[1]);
  return Number.isFinite(seconds) ? Math.round(seconds * 1_000) : undefined;
}

function withoutKey(error: unknown, apiKey: string): Error {
  const cause = new Error(redact(error instanceof Error ? error.message : String(error), apiKey));
  cause.name = nameOf(error);
  return cause;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'Error';
}

function redact(text: string, apiKey: string): string {
  return text.replaceAll(apiKey, '[key]').replaceAll(encodeURIComponent(apiKey), '[key]');
}
