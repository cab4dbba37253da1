import { describe, expect, test } from 'vitest';
import { createGemini } from '../../../machines/video-processing/adapters/gemini/index.ts';
import { failure, file, insights, json, KEY, says, signal, standIn, transcript } from './gemini-stand-in.ts';

describe('errors', () => {
  const RETRY_INFO = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '17.5s' };
  test.each<[string, number, object, Record<string, string>, object]>([
    [
      'a bad key',
      400,
      failure(400, 'INVALID_ARGUMENT', `API key not valid: ${KEY}`, [
        { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' },
      ]),
      {},
      { code: 'API_KEY_INVALID' },
    ],
    ['401', 401, failure(401, 'UNAUTHENTICATED', 'no'), {}, { code: 'API_KEY_INVALID' }],
    ['403', 403, failure(403, 'PERMISSION_DENIED', 'no'), {}, { code: 'API_KEY_INVALID' }],
    [
      '429 with RetryInfo',
      429,
      failure(429, 'RESOURCE_EXHAUSTED', 'slow down', [RETRY_INFO]),
      {},
      { code: 'RATE_LIMITED', retryAfter: 17_500 },
    ],
    [
      '429 with Retry-After',
      429,
      failure(429, 'RESOURCE_EXHAUSTED', 'slow down', [RETRY_INFO]),
      { 'retry-after': '3' },
      { code: 'RATE_LIMITED', retryAfter: 3_000 },
    ],
    ['429 with nothing', 429, {}, {}, { code: 'RATE_LIMITED', retryAfter: undefined }],
    ['500', 500, failure(500, 'INTERNAL', 'oops'), {}, { code: 'GENERATION_FAILED', retryable: undefined }],
    ['503', 503, failure(503, 'UNAVAILABLE', 'overloaded'), {}, { code: 'GENERATION_FAILED', retryable: undefined }],
    ['504', 504, failure(504, 'DEADLINE_EXCEEDED', 'late'), {}, { code: 'TIMEOUT' }],
    ['404', 404, failure(404, 'NOT_FOUND', 'no such model'), {}, { code: 'GENERATION_FAILED', retryable: false }],
    [
      'a blocked prompt',
      200,
      { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } },
      {},
      { code: 'CONTENT_POLICY_VIOLATION', details: { reason: 'PROHIBITED_CONTENT' } },
    ],
    [
      'a blocked answer',
      200,
      says('', 'SAFETY'),
      {},
      { code: 'CONTENT_POLICY_VIOLATION', details: { reason: 'SAFETY' } },
    ],
    ['malformed JSON', 200, says('{"title": "half'), {}, { code: 'GENERATION_FAILED' }],
    ['another shape', 200, says({ title: 7 }), {}, { code: 'GENERATION_FAILED' }],
    ['half an answer', 200, says({ title: 'T', parts: ['x'] }, 'MAX_TOKENS'), {}, { code: 'GENERATION_FAILED' }],
    ['no answer', 200, { candidates: [] }, {}, { code: 'GENERATION_FAILED' }],
  ])('%s', async (_, status, body, headers, expected) => {
    await using gemini = await standIn((_request, response) => json(response, status, body, headers));
    const error = await createGemini(gemini.config)
      .draft({ format: 'blog', insights, transcript, feedback: null }, signal)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(expected);
    expect(everythingIn(error)).not.toContain(KEY);
    expect(gemini.received).toHaveLength(1);
  });
  test('no JSON at all', async () => {
    await using gemini = await standIn((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    );
    await expect(createGemini(gemini.config).transcribe(file, signal)).rejects.toMatchObject({
      code: 'TRANSCRIPTION_FAILED',
    });
  });
  test('silence', async () => {
    await using gemini = await standIn(() => {});
    await expect(createGemini({ ...gemini.config, timeout: 100 }).transcribe(file, signal)).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
  });
  test('silence in the middle of an answer', async () => {
    await using gemini = await standIn(
      (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{"cand'),
    );
    await expect(createGemini({ ...gemini.config, timeout: 100 }).transcribe(file, signal)).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
  });
  test('a line that breaks', async () => {
    await using gemini = await standIn((_, response) => response.destroy());
    await expect(createGemini(gemini.config).transcribe(file, signal)).rejects.toMatchObject({ code: 'NETWORK_ERROR' });
  });
  test('nobody listens', async () => {
    const config = { apiKey: KEY, baseUrl: 'http://127.0.0.1:1', model: 'm', timeout: 1_000 };
    await expect(createGemini(config).transcribe(file, signal)).rejects.toMatchObject({ code: 'NETWORK_ERROR' });
  });
  test('leaving the state stops the request and is no error of Gemini', async () => {
    const leaving = new AbortController();
    await using gemini = await standIn(() => leaving.abort(new Error('left the state')));
    const error = await createGemini(gemini.config)
      .transcribe(file, leaving.signal)
      .catch((thrown: unknown) => thrown);
    expect(error).not.toHaveProperty('code', 'TIMEOUT');
    expect(error).not.toHaveProperty('code', 'NETWORK_ERROR');
  });
});

/** All texts of an error, its causes included. */
function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return [
    error.message,
    error.stack,
    JSON.stringify(error),
    error.cause === undefined ? '' : everythingIn(error.cause),
  ].join('\n');
}
