import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, openSync, closeSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbedded, type EmbeddedServer } from '../../../src/store/embedded.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { TroubleBench, underLoad } from './bench.ts';

/** Room for a new database, its log, and little more. */
const SIZE = '160m';
/** Too much for a page: each instance needs new ones. */
const BALLAST = 36_000;

let folder: string;
let mounted = false;
let server: EmbeddedServer | undefined;
let bench: TroubleBench | undefined;

/** A small disk of its own. Only root can mount one; elsewhere there is nothing to look at. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'durachart-disk-'));
  chmodSync(folder, 0o755);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=755`, 'tmpfs', folder], { stdio: 'pipe' });
    mounted = true;
  } catch {
    return;
  }
  server = await startEmbedded({ dataDir: join(folder, 'data') });
  await migrate(server.url);
  bench = await TroubleBench.open(server.url, server.url, BALLAST);
});
afterAll(async () => {
  await bench?.close();
  await server?.stop();
  if (mounted) execFileSync('umount', ['-l', folder]);
  rmSync(folder, { recursive: true, force: true });
});

/** Takes all the room that is left. */
function fill(): string {
  const file = join(folder, 'ballast');
  const handle = openSync(file, 'w');
  for (const size of [1_048_576, 4_096]) {
    try {
      for (;;) writeSync(handle, Buffer.alloc(size, 1));
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOSPC') throw error;
    }
  }
  closeSync(handle);
  return file;
}

test('a full disk', { timeout: 60_000 }, async (context) => {
  if (bench === undefined) return context.skip('a disk cannot be mounted here');
  const { refusals, stored } = bench;
  await underLoad(bench, async () => {
    await expect.poll(() => stored.length, { timeout: 15_000 }).toBeGreaterThan(10);
    await bench?.reports(undefined);
    const ballast = fill();
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
