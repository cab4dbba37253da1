import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXIT } from '../../src/cli/exit.ts';
import { run } from '../cli/support/cli.ts';

const page = await readFile(fileURLToPath(new URL('../../docs/operations.md', import.meta.url)), 'utf8');
const commands = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block]) =>
  (block as string).split('\n').flatMap((line) => /^durachart (.*?)( +#.*)?$/.exec(line)?.[1] ?? []),
);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'durachart-docs-'));
  await writeFile(join(folder, 'job-1.json'), '{}');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The words of a command line, as a shell would give them. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bare]) => single ?? double ?? bare ?? '');

test('there is something to test', () => {
  expect(commands.length).toBeGreaterThan(15);
});

test.each(commands)('is a command: %s', async (line) => {
  const args = words(line).map((word) => (word === 'job-1.json' ? join(folder, word) : word));
  // With nobody to talk to, what is understood ends with just that.
  const url = args.indexOf('--url');
  if (url >= 0) args.splice(url, 2);
  const { exitCode, err } = await run(args, { environment: { DURACHART_URL: 'http://127.0.0.1:9' } });
  expect(exitCode, err).toBe(EXIT.unreachable);
});
