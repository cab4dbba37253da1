import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Count, CountOptions, Engine, ListOptions, Retained, RetentionOptions } from '../../src/index.ts';
import { createApi } from '../../src/http/api.ts';
import { serveApi, type ApiServer } from '../../src/http/serve.ts';
import { run } from './support/cli.ts';

let asked: (ListOptions | CountOptions | RetentionOptions)[] = [];
let counts: Count[] = [];
let retained: Retained[] = [];
let server: ApiServer;
beforeAll(async () => {
  const engine: Partial<Engine> = {
    workflows: [],
    list: async (options = {}) => (asked.push(options), { items: [], next: null }),
    counts: async (options = {}) => (asked.push(options), counts),
    retention: async (options) => (
      asked.push(options),
      retained.shift() ?? { instances: 0, archives: [], more: false }
    ),
  };
  server = await serveApi(createApi(engine as Engine, { artifacts: undefined as never }), { port: 0 });
});
afterAll(() => server.close());
beforeEach(() => {
  asked = [];
});

const now = new Date('2026-01-31T12:00:00Z');
const cli = async (...args: string[]) => run(args, { environment: { DURACHART_URL: server.url }, now });

test('list asks by condition, error code and age', async () => {
  const before = Date.now();
  await cli('list', '--is', 'stuck', '--error', 'GONE', '--until', '2026-01-31T12:00:00Z', '--since', '2h');
  const [options] = asked as ListOptions[];
  expect(options).toMatchObject({ is: 'stuck', errorCode: 'GONE', until: new Date('2026-01-31T12:00:00Z') });
  expect((options?.since?.getTime() ?? 0) - before + 7_200_000).toBeLessThan(10_000);
  for (const wrong of [
    ['--is', 'lost'],
    ['--since', 'yesterday'],
    ['--since', '99999999999999d'],
    ['--status', 'dead'],
  ])
    expect(await cli('list', ...wrong)).toMatchObject({ exitCode: 2 });
});

test('counts prints a table, or JSON', async () => {
  counts = [
    { workflow: 'orders', status: 'failed', state: 'PAID', count: 7, more: false },
    { workflow: 'orders', status: 'waiting', state: 'BOOKED', count: 10_000, more: true },
  ];
  expect(await cli('counts', '--workflow', 'orders')).toEqual({
    exitCode: 0,
    out: `WORKFLOW  STATUS   STATE     COUNT
orders    failed   PAID          7
orders    waiting  BOOKED  10,000+
`,
    err: '',
  });
  expect(asked).toEqual([{ workflow: 'orders' }]);
  expect(JSON.parse((await cli('counts', '--json')).out)).toEqual({ items: counts });
  counts = [];
  expect((await cli('counts')).out).toBe('No instances.\n');
});

test('retention goes on until nothing is left, and says what it did', async () => {
  retained = [
    { instances: 4_000, archives: ['old/1.jsonl.gz'], more: true },
    { instances: 200, archives: ['old/2.jsonl.gz'], more: false },
  ];
  expect(
    await cli(
      'retention',
      '--older-than',
      '30d',
      '--archive',
      'old',
      '--status',
      'done',
      'failed',
      '--workflow',
      'w',
      '--state',
      'S',
      '--by',
      'ada',
      '--why',
      'space',
    ),
  ).toEqual({
    exitCode: 0,
    out: '4,200 instances removed.\narchived in old/1.jsonl.gz\narchived in old/2.jsonl.gz\n',
    err: '4,000 instances removed, there are more …\n',
  });
  const endedBefore = new Date('2026-01-01T12:00:00Z');
  const who = { by: 'ada', why: 'space' };
  const options = { endedBefore, archive: 'old', status: ['done', 'failed'], workflow: 'w', state: 'S', ...who };
  expect(asked).toEqual([options, options]);
});

test('retention counts in a dry run, and removes nothing by mistake', async () => {
  retained = [{ instances: 10_000, archives: [], more: true }];
  expect((await cli('retention', '--older-than', '12h', '--dry-run')).out).toBe(
    '10,000+ instances would be removed.\n',
  );
  expect(asked).toMatchObject([{ dryRun: true }]);
  expect(await cli('retention', '--older-than', '12h')).toMatchObject({ exitCode: 2 });
  expect(await cli('retention', '--older-than', '12h', '--delete', '--archive', 'x')).toMatchObject({ exitCode: 2 });
  expect(await cli('retention', '--delete')).toMatchObject({ exitCode: 2 });
  expect(await cli('retention', '--older-than', '12', '--delete')).toMatchObject({ exitCode: 2 });
  expect(asked).toHaveLength(1);
  retained = [{ instances: 1, archives: [], more: false }];
  expect((await cli('retention', '--older-than', '12h', '--delete')).out).toBe('1 instance removed.\n');
});
