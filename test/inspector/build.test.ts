import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Builds the page of a copy of the checkout in this folder, and says whether it is there, and what is answered for it. */
async function built(folder: string, spoil?: (copy: string) => Promise<void>): Promise<{ notices: string }> {
  const copy = join(await mkdtemp(join(tmpdir(), 'durachart-build-')), folder);
  await mkdir(copy, { recursive: true });
  try {
    for (const part of ['src', 'package.json', 'tsconfig.json'])
      await cp(join(root, part), join(copy, part), { recursive: true });
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    await spoil?.(copy);
    const at = (path: string): string => JSON.stringify(pathToFileURL(join(copy, path)).href);
    const code = `
      const { buildInspector } = await import(${at('src/build-inspector.ts')});
      const { inspector, isInspectorBuilt } = await import(${at('src/http/inspector.ts')});
      const failed = await buildInspector().then(() => false, () => true);
      const response = await inspector().request('/ui/overview');
      const script = /src="([^"]+[.]js)"/.exec(await response.text())?.[1];
      const asset = script === undefined ? null : (await inspector().request(script)).status;
      const licenses = await inspector().request('/ui/licenses.md');
      const notices = licenses.status === 200 ? await licenses.text() : '';
      console.log(JSON.stringify({ failed, built: isInspectorBuilt(), page: response.status, asset, notices }));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { cwd: copy });
    return JSON.parse(stdout) as { notices: string };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

test('the page is built and served wherever the checkout is', { timeout: 120_000 }, async () => {
  const { notices, ...rest } = await built('a b#c%20d ü');
  expect(rest).toEqual({ failed: false, built: true, page: 200, asset: 200 });
  // The licences of what it bundles go along with it.
  for (const license of [
    /^## elkjs - \S+ \(EPL-2.0 .*\n+# Eclipse Public License - v 2.0/m,
    /^## react - \S+ \(MIT\)\n+MIT License\n+Copyright \(c\) Meta/m,
    /^## react-dom - /m,
    /^## tailwindcss - \S+ \(MIT\)\n+MIT License\n+Copyright \(c\) Tailwind/m,
  ])
    expect(notices).toMatch(license);
});

test('where it cannot be built, it is not there, and its address is not named', { timeout: 120_000 }, async () => {
  const spoiled = await built('spoiled', async (copy) => writeFile(join(copy, 'src/inspector/main.tsx'), 'import ;'));
  expect(spoiled).toEqual({ failed: true, built: false, page: 404, asset: null, notices: '' });
});
