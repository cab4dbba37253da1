import { ApiClient } from '@trigger.dev/core/v3';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { createEngine } from '../../src/create-engine.ts';
import { createLog } from '../../src/http/log.ts';
import { startServer } from '../../src/server.ts';
import { createDatabase } from '../support/database.ts';
import { waitsForGo } from '../support/machines.ts';

const KEY = 'tr_dev_abcdef';

describe('the environment', () => {
  test.each([
    ['nothing', {}, undefined],
    ['a key', { TRIGGER_SECRET_KEY: KEY }, 'trigger'],
    ['a key, but local', { TRIGGER_SECRET_KEY: KEY, DURACHART_EXECUTOR: 'local' }, undefined],
    ['a useless key, but local', { TRIGGER_SECRET_KEY: 'x', DURACHART_EXECUTOR: 'local' }, undefined],
    ['both', { TRIGGER_SECRET_KEY: KEY, DURACHART_EXECUTOR: 'trigger' }, 'trigger'],
    ['an empty key', { TRIGGER_SECRET_KEY: '' }, undefined],
  ] as const)('%s', (_name, environment, executor) => {
    expect(readConfig(environment).executor).toBe(executor);
  });

  test.each([
    [{ DURACHART_EXECUTOR: 'trigger' }, 'TRIGGER_SECRET_KEY must be set where DURACHART_EXECUTOR is trigger'],
    [{ TRIGGER_SECRET_KEY: 'tr_pat_abcdef' }, 'TRIGGER_SECRET_KEY must be the secret key of an environment'],
    [{ TRIGGER_SECRET_KEY: 'sk_live' }, 'DURACHART_EXECUTOR=local'],
    [{ DURACHART_EXECUTOR: 'cloud' }, 'DURACHART_EXECUTOR must be local or trigger'],
  ])('%o is refused in words', (environment, words) => {
    expect(() => readConfig(environment)).toThrow(words);
  });
});

describe('at start-up', () => {
  let url: string;
  beforeAll(async () => {
    url = (await createDatabase()).url;
  });
  const prototype = ApiClient.prototype as unknown as Record<string, unknown>;
  const { listRuns } = prototype;
  afterEach(() => {
    prototype['listRuns'] = listRuns;
    delete process.env['TRIGGER_SECRET_KEY'];
  });
  const answer = (status: number) => {
    process.env['TRIGGER_SECRET_KEY'] = KEY;
    prototype['listRuns'] = async () => {
      throw Object.assign(new Error(`${status}`), { status });
    };
  };
  const engine = (faults: string[] = []) =>
    createEngine({
      database: url,
      workflows: [waitsForGo('choosing')],
      artifacts: undefined as never,
      executor: 'trigger',
      onFault: (message) => void faults.push(message),
    });

  test('a missing key is named', async () => {
    await expect(engine().work()).rejects.toMatchObject({ code: 'TRIGGER_KEY_MISSING' });
  });

  test('a key that the platform does not take is named, with the platform', async () => {
    answer(401);
    await expect(engine().work()).rejects.toMatchObject({
      code: 'TRIGGER_KEY_INVALID',
      message: expect.stringContaining('https://api.trigger.dev') as string,
    });
  });

  test('a platform that does not answer stops nobody', async () => {
    answer(503);
    const faults: string[] = [];
    await engine(faults).work();
    expect(faults).toEqual([expect.stringContaining('does not answer')]);
  });

  test('the server says that the platform cannot reach the embedded database', async () => {
    await expect(startServer(readConfig({ TRIGGER_SECRET_KEY: KEY }), createLog('silent'), '0')).rejects.toMatchObject({
      code: 'DATABASE_URL_MISSING',
    });
  });

  test('the server needs no worker', async () => {
    answer(200);
    prototype['listRuns'] = async () => ({ data: [] });
    const config = readConfig({ TRIGGER_SECRET_KEY: KEY, DATABASE_URL: url, DURACHART_PORT: '0' });
    const server = await startServer(config, createLog('silent'), '0');
    expect((await server.engine.health()).workers).toEqual([]);
    await server.stop();
  });
});

test.each([
  ['./src/index.ts', false],
  ['./src/server.ts', false],
  ['./src/trigger.ts', true],
])('%s loads the SDK: %s', async (entry, loads) => {
  const script = `import { registerHooks } from 'node:module';
    let seen = false;
    registerHooks({ resolve(name, context, next) { seen ||= name.startsWith('@trigger.dev/'); return next(name, context); } });
    await import('${entry}');
    console.log(seen);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: new URL('../..', import.meta.url),
  });
  expect(stdout.trim()).toBe(String(loads));
});
