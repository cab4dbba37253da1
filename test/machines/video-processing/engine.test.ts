import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrations, workflows } from '../../../machines/index.ts';
import { createEngine, createLocalArtifacts, ENGINE_MIGRATIONS, migrate, type Engine } from '../../../src/index.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';

const SAMPLE = { workspaceId: 'w1', source: 'samples/long-jobs.mp4', transcript: 'samples/long-jobs.vtt' };

let database: TestDatabase;
let folder: string;
let engine: Engine<typeof workflows>;
let sql: postgres.Sql;

beforeAll(async () => {
  database = await createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'durachart-video-'));
  await migrate(database.url, [ENGINE_MIGRATIONS, ...migrations]);
  engine = createEngine({ database: database.url, workflows, artifacts: createLocalArtifacts(folder) });
  sql = postgres(database.url, { max: 1 });
  await engine.work();
});

afterAll(async () => {
  await engine.stop();
  await sql.end();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Resolves when the instance has reached the state. */
async function reached(id: string, state: string): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  for await (const change of engine.subscribe({ id, after: '0', signal })) {
    if (change.type === 'transition' && change.entry.to === state) return;
  }
  throw new Error(`${id} did not reach ${state}`);
}

test('the sample video goes from RECEIVED to ANALYTICS_LOGGED, and every state is in the history', async () => {
  const { id } = await engine.start('video-processing', SAMPLE, { tags: ['sample'] });
  await engine.result(id, { timeout: 20_000 });
  const { items } = await engine.history(id, { limit: 500 });
  const states = items.map(({ to }) => to).filter((state, i, all) => state !== all[i - 1]);
  expect(states).toEqual([
    'RECEIVED',
    'VALIDATED',
    'INGESTED',
    'TRANSCRIBED',
    'INSIGHTS',
    'DRAFTED',
    'REVIEWED',
    'DELIVERED',
    'STORED',
    'ANALYTICS_LOGGED',
  ]);
  expect(items.map(({ sequence }) => sequence)).toEqual(items.map((_, i) => i + 1));
  const pack = JSON.parse(await readFile(join(folder, id, 'pack/manifest.json'), 'utf8')) as object;
  expect(pack).toBeTypeOf('object');
  const stored = await sql`select count(*)::int as n from video_processing.artifacts where key like ${`${id}/%`}`;
  expect(stored[0]?.['n']).toBeGreaterThan(10);
  // The four drafts were under way at the same time.
  const drafts = (await engine.steps(id)).filter(({ step }) => step === 'generate-draft');
  expect(drafts).toHaveLength(4);
  const latestStart = Math.max(...drafts.map(({ startedAt }) => startedAt?.getTime() ?? 0));
  const earliestEnd = Math.min(...drafts.map(({ finishedAt }) => finishedAt?.getTime() ?? 0));
  expect(latestStart).toBeLessThanOrEqual(earliestEnd);
});

test('without a transcript and a key it waits for one, costs nothing meanwhile, and goes on when it comes', async () => {
  const { id } = await engine.start('video-processing', { workspaceId: 'w1', source: SAMPLE.source });
  await reached(id, 'NEEDS_USER_INPUT');
  const waiting = await engine.get(id);
  expect(waiting).toMatchObject({ status: 'waiting', state: 'NEEDS_USER_INPUT', steps: [] });
  expect(waiting.accepts).toContain('TRANSCRIPT_PROVIDED');
  await expect(engine.send(id, { type: 'REVIEW_APPROVED' })).rejects.toMatchObject({
    code: 'EVENT_NOT_ACCEPTED',
    details: { state: 'NEEDS_USER_INPUT' },
  });
  await engine.send(id, {
    type: 'TRANSCRIPT_PROVIDED',
    text: await readFile('samples/long-jobs.vtt', 'utf8'),
    format: 'vtt',
  });
  await engine.result(id, { timeout: 20_000 });
  expect((await engine.get(id)).state).toBe('ANALYTICS_LOGGED');
});

test('a used-up quota blocks, and a raised one lets the operator go on', async () => {
  await sql`insert into video_processing.workspaces (id, quota, used) values ('poor', 0, 0)`;
  const { id } = await engine.start('video-processing', { ...SAMPLE, workspaceId: 'poor' });
  await reached(id, 'BLOCKED_ENTITLEMENT');
  await sql`update video_processing.workspaces set quota = 1 where id = 'poor'`;
  await engine.send(id, { type: 'RETRY' });
  await engine.result(id, { timeout: 20_000 });
  expect(await sql`select used from video_processing.workspaces where id = 'poor'`).toMatchObject([{ used: 1 }]);
});

test.each([
  ['a missing file', 'samples/no-such.mp4'],
  ['a folder', 'samples'],
  ['a file that is no video', 'package.json'],
  ['a path out of the root', '../../etc/passwd'],
])('%s ends in FAILED_VALIDATION with INVALID_INPUT', async (_, source) => {
  const { id } = await engine.start('video-processing', { ...SAMPLE, source });
  await reached(id, 'FAILED_VALIDATION');
  const failed = (await engine.steps(id)).find(({ status }) => status === 'failed');
  expect(failed).toMatchObject({ errorCode: 'INVALID_INPUT', attempt: 1, error: { class: 'final' } });
});
