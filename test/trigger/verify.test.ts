import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { workflows } from '../../machines/index.ts';
import { createLocalArtifacts } from '../../src/index.ts';
import { openLane, type Lane } from '../proof/lane.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { Platform } from './support/platform.ts';
import { verify } from './verify/verify.ts';
import { verifyWorkflows } from './verify/workflows.ts';

vi.hoisted(() => {
  process.env['VERIFY_PACE'] = '0.1';
});

/** The script for a real platform, on the double: that it finds nothing wrong here says that it is right itself. */
let lane: Lane;
let other: TestDatabase;
let platform: Platform;
let folder: string;
beforeAll(async () => {
  lane = await openLane();
  other = await createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'durachart-verify-'));
  platform = await Platform.start(lane.database, {
    workflows: [workflows, verifyWorkflows],
    artifacts: createLocalArtifacts(folder),
  });
});
afterAll(async () => {
  await platform.stop();
  await lane.close();
  await other.drop();
  await rm(folder, { recursive: true, force: true });
});

test('every check passes', { timeout: 60_000 }, async () => {
  const stop = platform.keepSweeping();
  const table = await verify({ database: lane.database.url, localDatabase: other.url, patience: 15_000, kills: false });
  stop();
  expect(table.filter(({ ok }) => !ok)).toEqual([]);
  expect(table.length).toBeGreaterThan(9);
});
