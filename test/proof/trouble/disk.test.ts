import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbedded, type EmbeddedServer } from '../../../src/store/embedded.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { TroubleBench, underLoad } from './bench.ts';
import { mountSmallDisk, type SmallDisk } from '../../support/small-disk.ts';

/** Room for a new database, its log, and little more. */
const SIZE = '160m';
/** Too much for a page: each instance needs new ones. */
const BALLAST = 36_000;

let folder: string;
let disk: SmallDisk | undefined;
let server: EmbeddedServer | undefined;
let bench: TroubleBench | undefined;

/** A small disk of its own. Only root can mount one; elsewhere there is nothing to look at. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'durachart-disk-'));
  chmodSync(folder, 0o755);
  disk = mountSmallDisk(folder, SIZE);
  if (disk === undefined) return;
  server = await startEmbedded({ dataDir: join(folder, 'data') });
  await migrate(server.url);
  bench = await TroubleBench.open(server.url, server.url, BALLAST);
});
afterAll(async () => {
  await bench?.close();
  await server?.stop();
  disk?.unmount();
  rmSync(folder, { recursive: true, force: true });
});

test('a full disk', { timeout: 60_000 }, async (context) => {
  const small = disk;
  if (small === undefined || bench === undefined) return context.skip('a disk cannot be mounted here');
  const { refusals, stored } = bench;
  await underLoad(bench, async () => {
    await expect.poll(() => stored.length, { timeout: 15_000 }).toBeGreaterThan(10);
    await bench?.reports(undefined);
    const ballast = small.fill();
    await expect.poll(() => [...refusals], { timeout: 15_000 }).toContain('DISK_FULL');
    await bench?.reports('DISK_FULL');
    // What is stored can still be read.
    expect(await bench?.engine.get(stored[0] ?? '')).toMatchObject({ id: stored[0] });
    rmSync(ballast);
    await bench?.reports(undefined);
    const before = stored.length;
    await expect.poll(() => stored.length, { timeout: 15_000 }).toBeGreaterThan(before + 10);
  });
  await bench.prove();
});
