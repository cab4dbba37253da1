import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { migrations, workflows } from '../../../machines/index.ts';
import { useConfig } from '../../../machines/video-processing/config.ts';
import type { Context } from '../../../machines/video-processing/context-schema.ts';
import { createEngine, createLocalArtifacts, ENGINE_MIGRATIONS, migrate, type Engine } from '../../../src/index.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { eventually, reached } from '../../support/engine.ts';
import { failure, json, KEY, says, standIn, type Answer } from './gemini-stand-in.ts';
import { SAMPLES, settings } from './support.ts';

const SAMPLE = { workspaceId: 'w1', source: 'long-jobs.mp4', transcript: 'long-jobs.vtt' };
const UNHEARD = { workspaceId: 'w1', source: 'long-jobs.mp4' };
const TEXT =
  'A text that has enough words to pass the check of its length, and that is easy to read. Nothing else is in it, and nobody is named.';
const wait = 10_000;

let database: TestDatabase;
let folder: string;
let engine: Engine<typeof workflows>;
const artifacts = (): ReturnType<typeof createLocalArtifacts> => createLocalArtifacts(folder);

beforeAll(async () => {
  database = await createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'durachart-moves-'));
  await migrate(database.url, [ENGINE_MIGRATIONS, ...migrations]);
  engine = createEngine({ database: database.url, workflows, artifacts: artifacts() });
  await engine.work();
});
afterEach(() => useConfig(undefined));
afterAll(async () => {
  await engine.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Gemini as it answers to the right key. */
const writing: Answer = ({ headers, body }, response) => {
  if (headers['x-goog-api-key'] !== KEY) return json(response, 400, refusal);
  const { responseJsonSchema } = (
    JSON.parse(body) as { generationConfig: { responseJsonSchema: { required: string[] } } }
  ).generationConfig;
  const insights = { summary: 'Sum.', themes: [{ name: 'crashes', mentions: 2 }], quotes: [], outline: [] };
  const isDraft = responseJsonSchema.required.includes('parts');
  json(response, 200, says(isDraft ? { title: 'T', parts: [`${TEXT} 1/1`] } : insights));
};
const refusal = failure(400, 'INVALID_ARGUMENT', 'API key not valid', [
  { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' },
]);
const delivered = async (id: string): Promise<string> => {
  await engine.result(id, { timeout: 20_000 });
  return readFile(join(folder, id, 'pack/index.md'), 'utf8');
};
const contextOf = async (id: string): Promise<Context> => (await engine.get(id)).context as unknown as Context;
/** Starts a job for which nobody has a transcript. */
const unheard = async (id: string): Promise<string> => {
  useConfig(settings());
  await engine.start('video-processing', UNHEARD, { id });
  await reached(engine, id, 'NEEDS_USER_INPUT');
  return id;
};
const transcript = async () => ({
  type: 'TRANSCRIPT_PROVIDED' as const,
  text: await readFile(join(SAMPLES, 'long-jobs.vtt'), 'utf8'),
  format: 'vtt' as const,
});

test('resume: a step fails for good, as the key is wrong; the key is mended, and the job is delivered', async () => {
  await using gemini = await standIn(writing);
  useConfig(settings({ gemini: { ...gemini.config, apiKey: 'wrong' } }));
  const id = 'resumed';
  await engine.start('video-processing', SAMPLE, { id });
  await reached(engine, id, 'FAILED');
  expect((await contextOf(id)).failure).toMatchObject({ state: 'TRANSCRIBED', code: 'API_KEY_INVALID' });
  const failed = (await engine.steps(id)).filter(({ status }) => status === 'failed');
  expect(failed).toMatchObject([{ step: 'generate-insights', errorCode: 'API_KEY_INVALID', attempt: 1 }]);

  // The step failed, not the instance: its machine waits for an operator.
  await expect(engine.retry(id)).rejects.toMatchObject({
    code: 'NOT_FAILED',
    message: expect.stringContaining('Resume takes up') as string,
  });
  useConfig(settings({ gemini: gemini.config }));
  const resumed = await engine.operate(id, { operation: 'resume' }, { by: 'ada', why: 'the key is mended', wait });
  expect(resumed).toMatchObject({
    status: 'applied',
    result: { event: 'RETRY' },
    before: { state: 'FAILED' },
    after: { state: 'TRANSCRIBED', status: 'running' },
  });
  await delivered(id);
  expect(await engine.get(id)).toMatchObject({ status: 'done', state: 'ANALYTICS_LOGGED' });
  // What had been done before was not done again.
  const { steps } = await contextOf(id);
  expect(Object.entries(steps).filter(([, { runs }]) => runs !== 1)).toEqual([]);
  expect((await engine.operations({ targetId: id })).items).toMatchObject([
    { operation: 'resume', by: 'ada', why: 'the key is mended' },
  ]);
});

test('skip: a draft that the provider will not write for an hour is written by hand', async () => {
  await using gemini = await standIn((request, response, all) =>
    request.body.includes('LinkedIn post')
      ? json(response, 429, failure(429, 'RESOURCE_EXHAUSTED', 'later'), { 'retry-after': '3600' })
      : writing(request, response, all),
  );
  useConfig(settings({ gemini: gemini.config }));
  const id = 'skipped';
  await engine.start('video-processing', SAMPLE, { id });
  await eventually(async () => {
    const { steps } = await engine.get(id);
    return steps.length === 1 && steps[0]?.status === 'retrying';
  });
  const key = `${id}/by-hand.json`;
  await artifacts().put(key, JSON.stringify({ format: 'linkedin', method: 'reviewer', title: 'T', parts: [TEXT] }));
  const at = new Date().toISOString();
  const output = {
    key,
    method: 'reviewer',
    parts: 1,
    characters: TEXT.length,
    timing: { startedAt: at, finishedAt: at, ms: 0 },
  };
  const step = (await engine.get(id)).steps[0]?.key as string;
  const wrong = engine.operate(id, { operation: 'skip', step, output: { ...output, method: 'magic' } });
  await expect(wrong).rejects.toMatchObject({ code: 'INVALID_OUTPUT' });
  await engine.operate(id, { operation: 'skip', step, output }, { wait });
  await delivered(id);
  expect(await readFile(join(folder, id, 'pack/linkedin.md'), 'utf8')).toContain('A text that has enough words');
});

test('rewind: the drafts are reviewed and delivered again, and it says what had effects', async () => {
  useConfig(settings());
  const id = 'rewound';
  await engine.start('video-processing', SAMPLE, { id });
  await delivered(id);
  const { items } = await engine.history(id, { limit: 500 });
  const to = items.find((entry) => entry.to === 'DRAFTED')?.sequence as number;
  const rewound = await engine.operate(id, { operation: 'rewind', to }, { why: 'once more', wait });
  expect(rewound).toMatchObject({ before: { status: 'done' }, after: { state: 'DRAFTED', status: 'running' } });
  expect(rewound.repeats?.map(({ step }) => step)).toEqual(['review', 'deliver', 'store', 'log-analytics']);
  await delivered(id);
  const steps = (await engine.steps(id)).filter(({ step }) => step === 'deliver');
  expect(steps.map(({ status }) => status)).toEqual(['done', 'done']);
  // The first delivery stays in the history.
  expect((await engine.history(id, { limit: 500 })).items.slice(0, items.length)).toEqual(items);
});

test('fork: another job from the middle of one, with another title', async () => {
  useConfig(settings());
  await engine.start('video-processing', SAMPLE, { id: 'forked' });
  await delivered('forked');
  const from = (await engine.history('forked', { limit: 500 })).items.find(({ to }) => to === 'TRANSCRIBED')?.sequence;
  const patch = [{ op: 'replace' as const, path: '/media/title', value: 'Another title' }];
  const { id } = await engine.fork('forked', { from, patch, id: 'a-fork' }, { by: 'ada' });
  expect(await delivered(id)).toMatch(/^# Another title/);
  const steps = (await engine.steps(id)).map(({ step }) => step);
  expect(steps).toContain('generate-insights');
  expect(steps).not.toContain('transcribe');
});

test('edit: the title is corrected while nothing is in flight', async () => {
  const id = await unheard('edited');
  const edit = async (path: string, value: unknown) =>
    engine.operate(id, { operation: 'edit', patch: [{ op: 'replace', path, value }] }, { wait });
  await expect(edit('/media/title', 7)).rejects.toMatchObject({ code: 'INVALID_CONTEXT' });
  expect(await edit('/media/title', 'Corrected')).toMatchObject({ status: 'applied' });
  await engine.send(id, await transcript());
  expect(await delivered(id)).toMatch(/^# Corrected/);
});

test('pause and unpause: what comes in meanwhile is kept', async () => {
  const id = await unheard('paused');
  expect(await engine.operate(id, { operation: 'pause' }, { wait })).toMatchObject({ after: { status: 'paused' } });
  await engine.send(id, await transcript());
  expect(await engine.get(id)).toMatchObject({ status: 'paused', state: 'NEEDS_USER_INPUT' });
  await engine.operate(id, { operation: 'unpause' }, { wait });
  await delivered(id);
});

test('cancel: a job that waits is ended', async () => {
  const id = await unheard('cancelled');
  expect(await engine.cancel(id, { why: 'not wanted', wait })).toMatchObject({ after: { status: 'cancelled' } });
  await expect(engine.result(id)).rejects.toMatchObject({ code: 'INSTANCE_CANCELLED' });
});
