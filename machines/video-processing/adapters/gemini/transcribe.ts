import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileState, type GoogleGenAI, type Part } from '@google/genai';
import { z } from 'zod';
import { StepError } from '../../../../src/index.ts';
import type { Segment } from '../../model.ts';
import type { MediaFile } from '../text-engine.ts';
import type { GeminiClient } from './client.ts';

/** A request may have 20 MB, and base64 adds a third; what is larger is uploaded. */
const INLINE_BYTES = 12 * 1024 * 1024;
/** Milliseconds between two looks at a file that Gemini still prepares. */
const POLL = 2_000;

const answerSchema = z.object({
  segments: z.array(
    z.object({
      start: z.number().describe('Seconds from the start of the recording'),
      end: z.number().describe('Seconds from the start of the recording'),
      text: z.string().describe('What is said, word for word'),
    }),
  ),
});

const PROMPT = [
  'Transcribe the speech of this recording word for word, in the language that is spoken.',
  'Give one segment a sentence, with its start and end in seconds (decimals allowed), in order.',
  'Leave out noises and music. Where nobody speaks, give no segments. Do not summarise and do not correct.',
].join(' ');

/** Speech to text. Small files go with the request, larger ones by Gemini's file store, and are deleted there afterwards. */
export async function transcribe(client: GeminiClient, file: MediaFile, signal: AbortSignal): Promise<Segment[]> {
  if (file.media.bytes <= INLINE_BYTES) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await file.read()) chunks.push(chunk);
    const data = Buffer.concat(chunks).toString('base64');
    return ask(client, { inlineData: { mimeType: file.media.mimeType, data } }, signal);
  }
  const uploaded = await client.call('TRANSCRIPTION_FAILED', signal, (ai, stop) => upload(ai, file, stop));
  try {
    return await ask(client, { fileData: { mimeType: file.media.mimeType, fileUri: uploaded.uri } }, signal);
  } finally {
    // Gemini deletes it after two days anyway.
    await client
      .call('TRANSCRIPTION_FAILED', AbortSignal.timeout(10_000), (ai) => ai.files.delete({ name: uploaded.name }))
      .catch(() => {});
  }
}

async function ask(client: GeminiClient, media: Part, signal: AbortSignal): Promise<Segment[]> {
  const contents = [{ role: 'user', parts: [media, { text: PROMPT }] }];
  const { segments } = await client.json(answerSchema, contents, 'TRANSCRIPTION_FAILED', signal);
  return segments.map(({ start, end, text }) => ({ start, end: Math.max(start, end), text }));
}

async function upload(ai: GoogleGenAI, file: MediaFile, signal: AbortSignal): Promise<{ name: string; uri: string }> {
  const config = { mimeType: file.media.mimeType, abortSignal: signal };
  let state = await withPath(file, (path) => ai.files.upload({ file: path, config }));
  while (state.state === FileState.PROCESSING) {
    await sleep(POLL, undefined, { signal });
    state = await ai.files.get({ name: state.name ?? '', config: { abortSignal: signal } });
  }
  const { name, uri } = state;
  if (state.state === FileState.FAILED || name === undefined || uri === undefined) {
    throw new StepError(
      'TRANSCRIPTION_FAILED',
      `Gemini could not prepare the file: ${state.error?.message ?? 'no reason given'}`,
    );
  }
  return { name, uri };
}

/** The SDK reads a path in pieces, but takes no stream: an artifact store without paths needs a copy. */
async function withPath<T>(file: MediaFile, run: (path: string) => Promise<T>): Promise<T> {
  if (file.path !== undefined) return run(file.path);
  const folder = await mkdtemp(join(tmpdir(), 'durachart-'));
  try {
    const path = join(folder, 'media');
    await pipeline(await file.read(), createWriteStream(path));
    return await run(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
