import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Count, InstanceSummary, Page, Retained } from '../../src/http/types.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
let ids: string[];
beforeAll(async () => {
  server = await startServer();
  ids = [await server.startedIn('READ', 'first'), await server.startedIn('READ', 'second')];
});
afterAll(() => server.close());

const list = async (query: string) =>
  (await server.json<Page<InstanceSummary>>(200, 'GET', `/instances?${query}`)).items.map(({ id }) => id);

test('lists by condition, error code and age', async () => {
  const [first, second] = ids as [string, string];
  const { createdAt } = await server.engine.get(second);
  const since = encodeURIComponent(createdAt.toISOString());
  expect(await list('is=waiting')).toEqual([second, first]);
  expect(await list('is=stuck')).toEqual([]);
  expect(await list('errorCode=NONE')).toEqual([]);
  expect(await list(`since=${since}`)).toEqual([second]);
  expect(await list(`until=${since}`)).toEqual([first]);
  expect(await server.problem(422, 'GET', '/instances?is=lost')).toMatchObject({ errors: [{ path: 'is' }] });
  expect(await server.problem(422, 'GET', '/instances?since=yesterday')).toMatchObject({ errors: [{ path: 'since' }] });
});

test('counts by workflow, status and state', async () => {
  const counts = async (query: string) =>
    (await server.json<{ items: Count[] }>(200, 'GET', `/instances/counts${query}`)).items;
  expect(await counts('')).toEqual([{ workflow: 'approval', status: 'waiting', state: 'READ', count: 2, more: false }]);
  expect(await counts('?status=failed')).toEqual([]);
  await server.problem(422, 'GET', '/instances/counts?tag=x');
});

test('removes what is finished, and wants it said whether it is archived', async () => {
  const retention = async (json: object) => server.json<Retained>(200, 'POST', '/retention', { json });
  const id = await server.startedIn('READ', 'to be cancelled');
  await server.engine.cancel(id);
  while ((await server.engine.get(id)).status !== 'cancelled');
  const endedBefore = new Date(Date.now() + 60_000).toISOString();
  expect(await retention({ endedBefore, dryRun: true })).toEqual({ instances: 1, archives: [], more: false });
  for (const json of [
    { endedBefore },
    { endedBefore, archive: 'a', delete: true },
    { endedBefore: 'now', delete: true },
    { delete: true },
  ])
    await server.problem(422, 'POST', '/retention', { json });
  await server.problem(422, 'POST', '/retention', { json: { endedBefore, archive: '../out' } });
  const { instances, archives } = await retention({ endedBefore, archive: 'archive' });
  expect(instances).toBe(1);
  expect(await server.artifacts.stat(archives[0] as string)).toBeDefined();
  await server.problem(404, 'GET', `/instances/${id}`);
  expect(await list('workflow=approval')).toEqual(ids.toReversed());
});
