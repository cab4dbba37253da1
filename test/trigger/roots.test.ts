import { resourceCatalog } from '@trigger.dev/core/v3';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tasks } from '@trigger.dev/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrations, workflows } from '../../machines/index.ts';
import { createEngine } from '../../src/create-engine.ts';
import { migrate } from '../../src/index.ts';
import { openLane, type Lane } from '../proof/lane.ts';
import { TriggerHost } from '../support/trigger-host/host.ts';

/** The files in `trigger/`, imported as the platform’s indexer does it. */
let lane: Lane;
let host: TriggerHost;
let folder: string;
beforeAll(async () => {
  lane = await openLane();
  await migrate(lane.database.url, migrations);
  folder = await mkdtemp(join(tmpdir(), 'durachart-roots-'));
  Object.assign(process.env, { DATABASE_URL: lane.database.url, DURACHART_DATA_DIR: folder });
  host = await TriggerHost.start(
    ['driver', 'open', 'starts', 'steps', 'sweep'].map((name) => async () => import(`../../trigger/${name}.ts`)),
  );
});
afterAll(async () => {
  host.stop();
  await lane.close();
  await rm(folder, { recursive: true, force: true });
});

test('every step of every registered workflow is a task, beside the driver, the sweep and the starts', () => {
  const steps = workflows.flatMap((workflow) => [...workflow.steps.keys()].map((name) => `${workflow.name}.${name}`));
  expect(
    resourceCatalog
      .listTaskManifests()
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(['durachart.drive', 'durachart.sweep', ...workflows.map(({ name }) => name), ...steps].toSorted());
  expect(resourceCatalog.listTaskIdCollisions()).toEqual([]);
  const transcribe = resourceCatalog.getTaskManifest('video-processing.transcribe');
  const definition = workflows[0].steps.get('transcribe');
  expect(transcribe?.retry).toMatchObject({
    maxAttempts: definition?.retry.maxAttempts,
    outOfMemory: { machine: 'small-2x' },
  });
  expect(resourceCatalog.getTaskManifest('durachart.sweep')).toMatchObject({ schedule: { cron: '* * * * *' } });
  // A driver that waits for steps must not hold a place that they need.
  const queues = resourceCatalog.listTaskManifests().map(({ id, queue }) => [id, queue?.name] as const);
  const drivers = queues.filter(([, name]) => name === 'durachart-drivers').map(([id]) => id);
  expect(drivers.toSorted()).toEqual(['durachart.drive', ...workflows.map(({ name }) => name)].toSorted());
});

test('the config is what the CLI of Trigger.dev reads', async () => {
  const { default: config } = await import('../../trigger.config.ts');
  expect(config).toMatchObject({
    dirs: ['./trigger'],
    maxDuration: 3_600,
    runtime: 'node',
    machine: 'small-1x',
    processKeepAlive: { enabled: true },
  });
});

test('an instance started from the dashboard runs to its end', async () => {
  const payload = { workspaceId: 'roots', source: 'samples/long-jobs.mp4', transcript: 'samples/long-jobs.vtt' };
  const { id: runId } = await tasks.trigger('video-processing', payload);
  const run = await host.until(({ id }) => id === runId);
  const result = await run.ended;
  expect(result.ok, JSON.stringify(run.errors)).toBe(true);
  const { id } = (await lane.sql<{ id: string }[]>`select id from durachart.instances`)[0] as { id: string };
  const engine = createEngine({ database: lane.database.url, workflows, artifacts: undefined as never });
  await engine.result(id, { timeout: 20_000 });
  expect((await engine.get(id)).state).toBe('ANALYTICS_LOGGED');
  await engine.stop();
  await host.idle();
});
