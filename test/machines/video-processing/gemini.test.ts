import { createReadStream } from 'node:fs';
import { copyFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createGemini } from '../../../machines/video-processing/adapters/gemini/index.ts';
import { useConfig } from '../../../machines/video-processing/config.ts';
import type { Media } from '../../../machines/video-processing/model.ts';
import { file, insights, json, KEY, media, says, signal, standIn, transcript } from './gemini-stand-in.ts';
import { createFolder, runStep, SAMPLES, settings } from './support.ts';

afterEach(() => useConfig(undefined));

describe('transcription', () => {
  test('a small file goes with the request, and segments come back', async () => {
    await using gemini = await standIn((_, response) =>
      json(
        response,
        200,
        says({
          segments: [
            { start: 0, end: 1.5, text: 'Hello' },
            { start: 2, end: 1, text: 'again' },
          ],
        }),
      ),
    );
    expect(await createGemini(gemini.config).transcribe(file, signal)).toEqual([
      { start: 0, end: 1.5, text: 'Hello' },
      { start: 2, end: 2, text: 'again' },
    ]);
    const [request] = gemini.received;
    expect(request?.path).toBe('/v1beta/models/gemini-test:generateContent');
    expect(request?.headers['x-goog-api-key']).toBe(KEY);
    const body = JSON.parse(request?.body ?? '');
    expect(body.contents[0].parts[0].inlineData).toEqual({
      mimeType: 'video/mp4',
      data: Buffer.from('bytes').toString('base64'),
    });
    expect(body.generationConfig).toMatchObject({
      responseMimeType: 'application/json',
      responseJsonSchema: { type: 'object', required: ['segments'] },
    });
  });

  test('a large file is uploaded in pieces, awaited, used and deleted', async () => {
    await using box = await createFolder();
    const path = join(box.folder, 'large.mp4');
    await copyFile(join(SAMPLES, 'long-jobs.mp4'), path);
    await truncate(path, 13 * 1024 * 1024);
    await using gemini = await standIn((request, response, all) => {
      const self = `http://${request.headers.host}`;
      const name = { name: 'files/abc', uri: `${self}/v1beta/files/abc`, mimeType: 'video/mp4' };
      if (request.headers['x-goog-upload-command'] === 'start')
        return json(response, 200, {}, { 'x-goog-upload-url': `${self}/upload/1` });
      if (request.path.startsWith('/upload/1')) {
        const final = request.headers['x-goog-upload-command']?.includes('finalize') === true;
        return json(response, 200, final ? { file: { ...name, state: 'PROCESSING' } } : {}, {
          'x-goog-upload-status': final ? 'final' : 'active',
        });
      }
      if (request.method === 'GET') return json(response, 200, { ...name, state: 'ACTIVE' });
      if (request.method === 'DELETE') return json(response, 200, {});
      expect(all.some(({ method }) => method === 'GET')).toBe(true);
      return json(response, 200, says({ segments: [{ start: 0, end: 1, text: 'Hello' }] }));
    });
    const large = {
      media: { ...media, bytes: 13 * 1024 * 1024 },
      path: undefined,
      read: () => Promise.resolve(createReadStream(path)),
    };
    expect(await createGemini(gemini.config).transcribe(large, signal)).toHaveLength(1);
    const sent = gemini.received.filter(({ path: url }) => url.startsWith('/upload/1'));
    expect(sent.length).toBeGreaterThan(1);
    expect(sent.reduce((sum, { body }) => sum + body.length, 0)).toBe(13 * 1024 * 1024);
    const asked = gemini.received.find(({ path: url }) => url.endsWith(':generateContent'));
    expect(JSON.parse(asked?.body ?? '').contents[0].parts[0].fileData.fileUri).toMatch(/\/files\/abc$/);
    expect(gemini.received.at(-1)?.method).toBe('DELETE');
  });

  test('in the step: Gemini listens to the real file, a poor result asks a person', async () => {
    await using box = await createFolder();
    let text = 'Hm.';
    await using gemini = await standIn((_, response) =>
      json(response, 200, says({ segments: [{ start: 0, end: 20, text }] })),
    );
    useConfig(settings({ gemini: gemini.config }));
    const { media: real } = await runStep<{ media: Media }>('ingest', { source: 'long-jobs.mp4', title: null }, box);
    const transcribe = () =>
      runStep<{ verdict: string; reason: string; key: string }>('transcribe', { media: real, round: 1 }, box);
    expect(await transcribe()).toMatchObject({ verdict: 'low', reason: expect.stringContaining('1 words') });
    text =
      'Long jobs fail in the middle because a worker dies and nobody wrote down where it was, so every transition goes to Postgres first.';
    expect(await transcribe()).toMatchObject({ verdict: 'good', method: 'gemini', key: 'job-1/transcript-1.json' });
    expect(JSON.parse(gemini.received[0]?.body ?? '').contents[0].parts[0].inlineData.data.length).toBeGreaterThan(
      real.bytes,
    );
  });
});

describe('writing', () => {
  test('quotes that nobody said are dropped, the others get their times', async () => {
    await using gemini = await standIn((_, response) =>
      json(
        response,
        200,
        says({
          summary: 'Sum.',
          themes: [{ name: 'crashes', mentions: 2 }],
          quotes: ['“So a long job survives every crash.”', 'So a long job survives most crashes.'],
          outline: [
            { title: 'One', firstWords: 'Long jobs fail', points: ['p'] },
            { title: 'Two', firstWords: 'nobody said this', points: [] },
          ],
        }),
      ),
    );
    expect(await createGemini(gemini.config).insights(transcript, 'T', signal)).toEqual({
      method: 'gemini',
      title: 'T',
      summary: 'Sum.',
      themes: [{ name: 'crashes', mentions: 2 }],
      quotes: [{ text: 'So a long job survives every crash.', start: 2, end: 5 }],
      outline: [
        { title: 'One', points: ['p'], start: 0, end: null },
        { title: 'Two', points: [], start: null, end: null },
      ],
    });
  });
  test('a thread keeps its parts, everything else is one; the reviewer is heard', async () => {
    await using gemini = await standIn((_, response) => json(response, 200, says({ title: 'Ti', parts: ['a', 'b'] })));
    const writer = createGemini(gemini.config);
    const feedback = { reason: 'No addresses', avoid: ['a@b.de'] };
    expect(await writer.draft({ format: 'twitter', insights, transcript, feedback: null }, signal)).toMatchObject({
      parts: ['a', 'b'],
    });
    expect(await writer.draft({ format: 'blog', insights, transcript, feedback }, signal)).toEqual({
      format: 'blog',
      method: 'gemini',
      title: 'Ti',
      parts: ['a\n\nb'],
    });
    expect(gemini.received[1]?.body).toContain('a@b.de');
  });
});
