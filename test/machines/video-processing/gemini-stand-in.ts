import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Insights, Media } from '../../../machines/video-processing/model.ts';
import { toTranscript } from '../../../machines/video-processing/transcript/captions.ts';

export const KEY = 'AIza-test-key-that-must-not-leak';

interface Received {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}
export type Answer = (request: Received, response: ServerResponse, all: Received[]) => void;

/** Speaks Gemini's wire format. */
export async function standIn(answer: Answer) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('latin1'),
      };
      received.push(one);
      answer(one, response, received);
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    received,
    config: { apiKey: KEY, baseUrl, model: 'gemini-test', timeout: 5_000 },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response
    .writeHead(status, { 'content-type': 'application/json; charset=UTF-8', ...headers })
    .end(JSON.stringify(body));
}
export const says = (value: unknown, finishReason = 'STOP') => ({
  candidates: [
    {
      content: { role: 'model', parts: [{ text: typeof value === 'string' ? value : JSON.stringify(value) }] },
      finishReason,
      index: 0,
    },
  ],
  modelVersion: 'gemini-test',
});
export const failure = (code: number, status: string, message: string, details: object[] = []) => ({
  error: { code, status, message, details },
});

export const signal = new AbortController().signal;
export const transcript = toTranscript('vtt', [
  { start: 0, end: 2, text: 'Long jobs fail in the middle.' },
  { start: 2, end: 5, text: 'So a long job survives every crash.' },
]);
export const media: Media = {
  key: 'k',
  bytes: 5,
  sha256: '',
  container: 'MPEG-4',
  mimeType: 'video/mp4',
  seconds: 20,
  title: 'T',
  video: null,
  audio: null,
};
export const file = {
  media,
  path: undefined,
  read: () =>
    Promise.resolve(
      (async function* () {
        yield Buffer.from('bytes');
      })(),
    ),
};
export const insights: Insights = { method: 'gemini', title: 'T', summary: 'S', themes: [], quotes: [], outline: [] };
