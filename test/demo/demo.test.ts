import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('the demo runs the sample video on a database of its own and ends with status 0', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'durachart-demo-'));
  // So that for root, too, the database is in there: the user that Postgres runs as has to get in.
  await chmod(folder, 0o755);
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['src/demo.ts', '--exit'], {
      cwd: root,
      env: { ...process.env, DATABASE_URL: '', DURACHART_DATA_DIR: folder, DURACHART_PORT: '0' },
      timeout: 60_000,
    });
    for (const state of ['RECEIVED', 'VALIDATED', 'DRAFTED', 'STORED → ANALYTICS_LOGGED', 'done in ANALYTICS_LOGGED']) {
      expect(stdout).toContain(state);
    }
    expect(stdout).toMatch(/pack\/newsletter\.md/);
    expect(stdout).toMatch(/psql -h 127\.0\.0\.1 -p \d+/);
    expect(stdout).toMatch(/http:\/\/127\.0\.0\.1:\d+\/instances\//);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
