import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrations, workflows } from '../../machines/index.ts';
import { createEngine, createLocalArtifacts, migrate, type Engine } from '../../src/index.ts';
import { createTriggerClient } from '../../src/trigger.ts';
import { openLane, type Lane } from '../proof/lane.ts';
import { readOutcome } from '../proof/outcome.ts';
import { reached } from '../support/engine.ts';
import { Platform } from './support/platform.ts';
import { differences } from './support/play.ts';

/** The video pipeline with its real steps, on both executors. */
let lane: Lane;
let platform: Platform;
let folder: string;
beforeAll(async () => {
  lane = await openLane();
  await migrate(lane.database.url, migrations);
  folder = await mkdtemp(join(tmpdir(), 'durachart-trigger-'));
  platform = await Platform.start(lane.database, { workflows: [workflows], artifacts: createLocalArtifacts(folder) });
});
afterAll(async () => {
  await platform.stop();
  await lane.close();
  await rm(folder, { recursive: true, force: true });
});

const client = () =>
  createTriggerClient({ database: lane.database.url, workflows, artifacts: createLocalArtifacts(folder) });
const SAMPLE = { workspaceId: 'trigger', source: 'samples/long-jobs.mp4', transcript: 'samples/long-jobs.vtt' };

/** Times may differ, with the sizes of files that tell of them, and the order in which the four drafts come in. */
async function rows(root: string): Promise<object> {
  const { history, steps, instances } = await readOutcome(lane.sql, root);
  const lines = Object.values(history)
    .flat()
    .map((line) => (line.includes('.draft-') ? line.split(' ').slice(1, 2).join() : line));
  const text = JSON.stringify({ history: lines.toSorted(), steps, instances });
  const even = text
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/(\\*"(?:ms|milliseconds|bytes)\\*":)\d+/g, '$10');
  return JSON.parse(even.replaceAll('w-here', 'w').replaceAll('w-away', 'w')) as object;
}

test('the sample video goes from start to end through triggerAndWait, with the same rows as on the local executor', async () => {
  platform.noFaults();
  const local = createEngine({ database: lane.database.url, workflows, artifacts: createLocalArtifacts(folder) });
  await local.work();
  await local.start('video-processing', { ...SAMPLE, workspaceId: 'w-here' }, { id: 'video-here' });
  await local.result('video-here', { timeout: 20_000 });
  await local.stop();

  const remote = client();
  await remote.start('video-processing', { ...SAMPLE, workspaceId: 'w-away' }, { id: 'video-away' });
  await remote.result('video-away', { timeout: 20_000 });
  await platform.host.idle();
  const status = await remote.status('video-away');
  await remote.stop();
  expect(status).toMatchObject({ status: 'done', state: 'ANALYTICS_LOGGED' });
  expect(differences(await rows('video-away'), await rows('video-here'))).toEqual([]);
  // Steps of their own, each waited for by the driver, but for the drafts, of which there are four at a time.
  const steps = platform.host.all().filter(({ taskId }) => taskId.startsWith('video-processing.'));
  expect(steps.map(({ status }) => status)).toEqual(steps.map(() => 'COMPLETED'));
  expect(status.runs.filter(({ step }) => step !== null)).toHaveLength(steps.length);
  expect(steps.filter(({ parentId }) => parentId !== undefined).length).toBeGreaterThan(6);
});

test('a wait for a person leaves no run open', async () => {
  const remote = client();
  const { id } = await remote.start('video-processing', { workspaceId: 'trigger', source: SAMPLE.source });
  await reached(remote.engine as unknown as Engine, id, 'NEEDS_USER_INPUT');
  await platform.host.idle();
  const open = platform.host
    .all()
    .filter(
      ({ status, tags }) =>
        tags.includes(`instance:${id}`) && ['QUEUED', 'EXECUTING', 'WAITING', 'DELAYED'].includes(status),
    );
  expect(open.map(({ taskId, status }) => `${taskId} ${status}`)).toEqual([]);
  expect(await lane.sql`select id from durachart.instances where id = ${id} and lease is not null`).toEqual([]);
  await remote.cancel(id);
  await expect(remote.result(id, { timeout: 5_000 })).rejects.toMatchObject({ code: 'INSTANCE_CANCELLED' });
  await remote.stop();
});
