import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApi } from '../../../src/http/api.ts';
import type { Engine } from '../../../src/engine/api.ts';
import type { ArtifactStore } from '../../../src/index.ts';
import { startEmbedded, type EmbeddedServer } from '../../../src/store/embedded.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { superuserOf } from '../../support/superuser.ts';
import { TroubleBench, underLoad } from '../trouble/bench.ts';
import { mountSmallDisk, type SmallDisk } from '../../support/small-disk.ts';

/** Room for a new database, its log, and little more. */
const SIZE = '160m';

let folder: string;
let disk: SmallDisk | undefined;
let server: EmbeddedServer | undefined;
let bench: TroubleBench | undefined;
const log: string[] = [];

/** A small disk of its own. Only root can mount one; elsewhere there is nothing to look at. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'durachart-disk-'));
  chmodSync(folder, 0o755);
  disk = mountSmallDisk(folder, SIZE);
  if (disk === undefined) return;
  server = await startEmbedded({ dataDir: join(folder, 'data'), log: (line) => log.push(line) });
  await migrate(server.url);
  bench = await TroubleBench.open(server.url, server.url, 3_600);
});
afterAll(async () => {
  await bench?.close();
  await server?.stop();
  disk?.unmount();
  rmSync(folder, { recursive: true, force: true });
});

/** Uses up the segments of the log of writes that there are: then Postgres gives up, and cannot recover either. */
async function useUp(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    for (;;) await sql`select pg_logical_emit_message(false, 'x', 'x'), pg_switch_wal()`;
  } catch {
    // It is down.
  } finally {
    await sql.end({ timeout: 0 });
  }
}

test(
  'a server that has ended on a full disk is started again once there is room',
  { timeout: 120_000 },
  async (context) => {
    const small = disk;
    if (small === undefined || bench === undefined || server === undefined)
      return context.skip('a disk cannot be mounted here');
    const { stored } = bench;
    const embedded = server;
    const api = createApi(bench.engine as unknown as Engine, {
      artifacts: undefined as unknown as ArtifactStore,
      embeddedTrouble: () => embedded.trouble,
    });
    const ready = async (): Promise<{ status: number; body: unknown }> => {
      const response = await api.request('http://127.0.0.1/health/ready');
      return { status: response.status, body: await response.json() };
    };
    const first = embedded.pid;
    await underLoad(bench, async () => {
      const ballast = small.fill();
      await useUp(superuserOf(embedded));
      await expect.poll(() => embedded.trouble, { timeout: 30_000 }).toMatch(/disk is full/);
      small.fill();
      expect(await ready()).toMatchObject({
        status: 503,
        body: {
          database: false,
          trouble: { code: 'EMBEDDED_DOWN', detail: expect.stringContaining('started again') as string },
        },
      });
      rmSync(ballast);
      await expect.poll(() => embedded.trouble, { timeout: 40_000 }).toBeUndefined();
      const before = stored.length;
      await expect.poll(() => stored.length, { timeout: 15_000 }).toBeGreaterThan(before + 10);
    });
    expect(embedded.pid).not.toBe(first);
    expect(log.join('\n')).toMatch(
      /has ended\. It is started again[\s\S]*cannot be started again:[\s\S]*runs again, after/,
    );
    await bench.prove();
    await expect.poll(async () => (await ready()).status).toBe(200);
  },
);
