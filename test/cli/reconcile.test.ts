import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Engine, Reconciled } from '../../src/index.ts';
import { createApi } from '../../src/http/api.ts';
import { serveApi, type ApiServer } from '../../src/http/serve.ts';
import { run } from './support/cli.ts';

const NOTHING: Reconciled = { dead: 0, due: [], lost: [], failed: [] };
let found = NOTHING;
let server: ApiServer;
beforeAll(async () => {
  const engine = { workflows: [], reconcile: async () => found } as unknown as Engine;
  server = await serveApi(createApi(engine, { artifacts: undefined as never }), { port: 0 });
});
afterAll(() => server.close());
beforeEach(() => {
  found = NOTHING;
});

const reconcile = async (...more: string[]) =>
  run(['reconcile', ...more], { environment: { DURACHART_URL: server.url } });

test('says that there was nothing', async () => {
  expect(await reconcile()).toEqual({ exitCode: 0, out: 'Nothing was lost.\n', err: '' });
});

test('says what there was, and lists the instances', async () => {
  found = { ...NOTHING, dead: 1 };
  expect(await reconcile()).toEqual({ exitCode: 0, out: 'found 1 dead process\n', err: '' });
  found = { dead: 2, due: ['order-1', 'order-2'], lost: ['order-3'], failed: [] };
  expect(await reconcile()).toEqual({
    exitCode: 0,
    out: `found 2 dead processes, 2 instances due, 1 instance with a lost run

ID       FOUND
order-1  due
order-2  due
order-3  run lost
`,
    err: '',
  });
});

test('ends with an error where nobody goes on with an instance', async () => {
  found = { ...NOTHING, due: ['order-1'], lost: ['order-2'], failed: ['order-2'] };
  expect(await reconcile()).toEqual({
    exitCode: 1,
    out: `found 1 instance due, 1 instance with a lost run; no driver could be triggered for 1

ID       FOUND
order-1  due
order-2  run lost; no driver could be triggered
`,
    err: '',
  });
});

test('prints JSON for programs', async () => {
  found = { dead: 1, due: ['a'], lost: [], failed: ['a'] };
  const { exitCode, out, err } = await reconcile('--json');
  expect({ exitCode, found: JSON.parse(out) as unknown, err }).toEqual({ exitCode: 1, found, err: '' });
});
