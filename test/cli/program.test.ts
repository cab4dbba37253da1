import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from '../http/support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => server.close());

test('as a program of its own', async () => {
  const program = join(import.meta.dirname, 'support/durachart.ts');
  const child = spawn(process.execPath, [program, 'list', '--json'], {
    env: { ...process.env, DURACHART_URL: server.url },
  });
  let out = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  const [exitCode] = await once(child, 'close');
  expect(exitCode).toBe(0);
  expect(JSON.parse(out)).toHaveProperty('items');
});

test('a command that asks a server loads neither engine nor machines', async () => {
  const tell = `import { registerHooks } from 'node:module';
    registerHooks({ load: (url, context, next) => { process._rawDebug(url); return next(url, context); } });`;
  const root = join(import.meta.dirname, '../..');
  const program = ['--import', `data:text/javascript,${encodeURIComponent(tell)}`, join(root, 'src/main.ts')];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [...program, 'list', '--json'], {
    env: { ...process.env, DURACHART_URL: server.url },
  });
  expect(JSON.parse(stdout)).toHaveProperty('items');
  const loaded = stderr.split('\n').filter((url) => url.startsWith('file:'));
  const folders = new Set(
    loaded.map((url) => /\/(src\/\w+|machines|node_modules\/(@[\w-]+\/)?[\w.-]+)[/.]/.exec(url)?.[1]),
  );
  expect(folders).toEqual(
    new Set([
      'node_modules/commander',
      'node_modules/ws',
      'node_modules/zod',
      'src/cli',
      'src/config',
      'src/core',
      'src/main',
      'src/version',
    ]),
  );
});

test.each([
  ['mysql://u:s3cret@h/d', 2, 'DATABASE_URL must be a URL like postgres://user:password@host:5432/database'],
  ['s3cret', 2, 'DATABASE_URL must be a URL like postgres://user:password@host:5432/database'],
  ['postgres://u:s3cret@127.0.0.1:1/d', 1, 'The database does not answer (connect ECONNREFUSED 127.0.0.1:1)'],
  ['another password', 1, 'Postgres refuses the login (password authentication failed'],
  ['another name', 1, 'There is no such database on the server (database "not_here" does not exist)'],
])('migrate with DATABASE_URL=%s ends with %i and says what to do', async (given, exitCode, words) => {
  const url = new URL(server.databaseUrl);
  if (given === 'another password') url.password = 's3cret';
  if (given === 'another name') url.pathname = 'not_here';
  const program = join(import.meta.dirname, '../../src/main.ts');
  const child = spawn(process.execPath, [program, 'migrate'], {
    env: { ...process.env, DATABASE_URL: given.startsWith('another') ? url.href : given },
  });
  let said = '';
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  expect(await once(child, 'close')).toEqual([exitCode, null]);
  expect(said).toContain(words);
  expect(said).not.toContain('s3cret');
});
