import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { startEmbedded } from '../../src/store/embedded.ts';

const folder = mkdtempSync(join(tmpdir(), 'durachart-sql-'));
// So that for root, too, the data is in there: the user Postgres runs as has to get in.
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the program as users do, on the embedded Postgres of a folder. */
async function durachart(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { DATABASE_URL: _, ...environment } = process.env;
  try {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [join(import.meta.dirname, '../../src/main.ts'), ...args],
      { env: { ...environment, DURACHART_DATA_DIR: folder } },
    );
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

test('a query makes no database where there is none', { timeout: 60_000 }, async () => {
  expect(await durachart('sql', 'select 1')).toMatchObject({
    code: 5,
    out: '',
    err: expect.stringContaining('There is no database to ask: DATABASE_URL is not set') as string,
  });
  expect(readdirSync(folder)).toEqual([]);
});

test(
  'a query of the embedded Postgres reads and nothing else, whether it runs already or not',
  { timeout: 120_000 },
  async () => {
    expect(await durachart('migrate')).toMatchObject({ code: 0 });
    const count = ['sql', 'select count(*) as n, session_user <> $$durachart$$ as other from status'];
    expect(await durachart(...count)).toEqual({ code: 0, out: 'n  other\n0  true\n', err: '' });

    const server = await startEmbedded({ dataDir: join(folder, 'postgres') });
    try {
      expect(await durachart(...count)).toEqual({ code: 0, out: 'n  other\n0  true\n', err: '' });
      const attempt = 'do $$ begin reset role; copy (select 1) to program $p$id$p$; end $$';
      expect(await durachart('sql', attempt)).toMatchObject({
        code: 4,
        err: expect.stringContaining('permission denied to COPY') as string,
      });
      expect(server).toMatchObject({ owned: true, trouble: undefined });
    } finally {
      await server.stop();
    }
  },
);
