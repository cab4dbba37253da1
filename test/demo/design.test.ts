import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

test('the design demo approves by itself, ends with status 0, and prints each picture with its size', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'durachart-demo-'));
  await chmod(folder, 0o755);
  try {
    const { stdout } = await run(process.execPath, ['src/demo.ts', 'design', '--auto', '--exit'], {
      cwd: root,
      env: { ...process.env, DATABASE_URL: '', DURACHART_DATA_DIR: folder, DURACHART_PORT: '0' },
      timeout: 150_000,
    });
    expect(stdout).toContain('done in COMPLETED');
    expect(stdout).toMatch(/2475 × 3075 px.*print\/8x10\.png/);
    expect(stdout).toMatch(/5475 × 7275 px.*print\/18x24\.png/);
    expect(stdout).toMatch(/1080 × 1920 px.*social\/instagram-story\.jpg/);
    expect(stdout.match(/1600 × 1200 px.*\/(gallery|living-room|shelf|table)\.jpg/g)).toHaveLength(8);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 150_000);

test('words that the demo does not know are refused with how it is called', async () => {
  await expect(run(process.execPath, ['src/demo.ts', 'poster'], { cwd: root })).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('npm run demo -- [video|design] [--auto] [--exit]'),
  });
});
