import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { migrations, workflows } from '../../machines/index.ts';
import { createEngine, createLocalArtifacts, migrate, type Engine } from '../../src/index.ts';
import { stepTaskId } from '../../src/executors/trigger/names.ts';
import { createMigrated, type TestDatabase } from '../support/database.ts';
import { bundleTasks, installInto, ROOT } from './support/bundle.ts';

/** The tasks as the CLI of Trigger.dev bundles them, in a process of their own: what the double, which loads the sources, cannot see. */
let folder: string;
let database: TestDatabase;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'durachart-bundle-'));
  database = await createMigrated();
  await migrate(database.url, migrations);
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

interface Worker {
  url: string;
  tasks: string[];
}

async function load(files: readonly string[], cwd: string): Promise<Worker> {
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', join(ROOT, 'test/trigger/support/bundle-process.ts'), ...files],
    {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        NODE_NO_WARNINGS: '1',
        DATABASE_URL: database.url,
        DURACHART_DATA_DIR: join(folder, 'data'),
        VIDEO_ROOT: ROOT,
        TRIGGER_SECRET_KEY: 'tr_dev_double',
      },
    },
  );
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as Worker;
  throw new Error(`The bundle did not load:\n${errors}`);
}

const QUOTE = { text: 'Rise again.', author: 'Anon', style: 'sunrise' };
const INPUTS: Record<(typeof workflows)[number]['name'], object> = {
  'video-processing': { workspaceId: 'w', source: 'samples/long-jobs.mp4', transcript: 'samples/long-jobs.vtt' },
  'design-engine': {
    quoteId: 'q',
    userId: 'u',
    outputFormats: ['5x7', 'instagram-post'],
    mode: 'auto',
    quote: QUOTE,
  },
  'mockup-generator': { quoteId: 'q', userId: 'u', assetIds: ['square'], scenes: ['moon'] },
  'digest-email': { userId: 'ada', date: '2026-01-31' },
  'export-generator': { userId: 'ada', exportType: 'pin-metrics', format: 'csv' },
  'winner-refresh': {},
  'webhook-processor': { webhookId: 'evt_1', provider: 'stripe' },
};
/** What becomes of them on empty tables: where a step finds nothing to work on, it says so. */
const OUTCOMES: Record<string, string[]> = {
  'design-engine: done': [],
  'digest-email: failed': ['NOT_FOUND'],
  'export-generator: done': [],
  'mockup-generator: waiting': ['ASSET_NOT_FOUND'],
  'video-processing: done': [],
  'webhook-processor: failed': ['NOT_FOUND'],
  'winner-refresh: done': [],
};

/** Starts one of each workflow by its task, and waits until all have ended: each step ran in the bundle. */
async function runAll({ url, tasks }: Worker): Promise<void> {
  expect(tasks.toSorted()).toEqual(
    [
      'durachart.drive',
      'durachart.sweep',
      ...workflows.map(({ name }) => name),
      ...workflows.flatMap(({ name, steps }) => [...steps.keys()].map((step) => stepTaskId(name, step))),
    ].toSorted(),
  );
  const before = new Date();
  for (const [name, payload] of Object.entries(INPUTS)) {
    const response = await fetch(`${url}/api/v1/tasks/${name}/trigger`, {
      method: 'POST',
      headers: { authorization: 'Bearer tr_dev_double', 'content-type': 'application/json' },
      body: JSON.stringify({ payload: JSON.stringify(payload), options: { payloadType: 'application/json' } }),
    });
    expect(response.status).toBe(200);
  }
  const engine = createEngine({
    database: database.url,
    workflows,
    artifacts: createLocalArtifacts(join(folder, 'data/artifacts')),
  }) as unknown as Engine;
  onTestFinished(() => engine.stop());
  const all = async () => (await engine.list({ since: before, limit: 500 })).items;
  const standing = async () => (await all()).map(({ workflow, status }) => `${workflow}: ${status}`).toSorted();
  await expect.poll(standing, { timeout: 240_000 }).toEqual(Object.keys(OUTCOMES).toSorted());
  for (const { id, workflow, status } of await all()) {
    const errors = (await engine.steps(id)).flatMap(({ error }) => error?.code ?? []);
    expect.soft(errors, workflow).toEqual(OUTCOMES[`${workflow}: ${status}`]);
  }
}

describe('as `trigger.dev dev` lays them out', () => {
  test('the tasks load beside the project, and each pipeline runs', { timeout: 300_000 }, async () => {
    const outdir = join(ROOT, '.trigger/tmp', `test-${process.pid}`);
    onTestFinished(() => rm(outdir, { recursive: true, force: true }));
    const { files } = await bundleTasks('dev', outdir);
    await runAll(await load(files, ROOT));
  });
});

describe('as `trigger.dev deploy` lays them out in an image', () => {
  test(
    'the tasks load with nothing but what the image installs, and each pipeline runs',
    { timeout: 300_000 },
    async () => {
      const app = join(folder, 'app');
      const bundle = await bundleTasks('deploy', app);
      expect(bundle.warnings).toEqual([]);
      await installInto(app, bundle.dependencies);
      expect(Object.keys(bundle.dependencies).toSorted()).toEqual([
        '@fontsource/abril-fatface',
        '@fontsource/amiri',
        '@fontsource/archivo',
        '@fontsource/cormorant-garamond',
        '@fontsource/eb-garamond',
        '@fontsource/frank-ruhl-libre',
        '@fontsource/inter',
        '@fontsource/josefin-sans',
        '@fontsource/noto-emoji',
        '@fontsource/playfair-display',
        'harfbuzzjs',
        'mediainfo.js',
        'pdfkit',
        'sharp',
      ]);
      await runAll(await load(bundle.files, app));
    },
  );
});
