import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { VERSION } from '../../src/version.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test("the README's program runs as it stands", async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const program = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  expect(program).toContain("from 'durachart'");
  // Inside the repo, so that it finds the packages; with the sources in place of the built package.
  const folder = await mkdtemp(join(root, 'test/docs/readme-'));
  // So that for root, too, the database is in there: the user that Postgres runs as has to get in.
  await chmod(folder, 0o755);
  try {
    const file = join(folder, 'program.ts');
    await writeFile(
      file,
      program.replace("'durachart'", "'../../../src/index.ts'").replaceAll("'.durachart/", `'${folder}/`),
    );
    const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: folder, timeout: 60_000 });
    expect(stdout).toMatch(/^\{ chargeId: 'ch_k-[0-9a-f]{40}:1:charge' \}\n$/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);

test('the version is that of the package', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(VERSION).toBe(version);
});
