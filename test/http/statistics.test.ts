import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Overview, WorkflowStatistics } from '../../src/http/types.ts';
import { migrateWorkflows } from '../../src/store/migrate-workflows.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
  // The funnel is made of the definitions that are stored.
  await migrateWorkflows(server.databaseUrl, server.engine.workflows);
});
afterAll(() => server.close());

test('tell how it goes: throughput, failures, what is stuck, what runs, and each step and transition', async () => {
  const approved = await server.startedIn('READ', 'a plain document');
  await server.json(202, 'POST', `/instances/${approved}/events`, { json: { type: 'approve', by: 'ada' } });
  await server.engine.result(approved);
  await server.startedIn('READ', 'flaky, but read');
  const { id: bad } = await server.engine.start('approval', { document: 'bad' } as never);
  await expect(server.engine.result(bad)).rejects.toMatchObject({ code: 'INSTANCE_FAILED' });
  await server.halfDone('hold on');

  const overview = await server.json<Overview>(200, 'GET', '/statistics?period=1h');
  const sum = (key: 'started' | 'done'): number => overview.throughput.reduce((total, each) => total + each[key], 0);
  expect([sum('started'), sum('done'), overview.bucketMs]).toEqual([4, 1, 60_000]);
  expect(overview.failures).toMatchObject([
    { workflow: 'approval', errorCode: 'CONTENT_POLICY_VIOLATION', state: 'SUBMITTED', step: 'read', instances: 1 },
  ]);
  expect(overview.stuck).toMatchObject([{ workflow: 'approval', reason: 'FAILED', instances: 1 }]);
  expect(overview.load).toEqual([
    { workflow: 'approval', step: 'read', queue: null, queued: 0, running: 1, retrying: 0 },
  ]);

  const own = await server.json<WorkflowStatistics>(200, 'GET', '/workflows/approval/statistics');
  expect(own.steps).toMatchObject([{ step: 'read', count: 4, done: 2, failed: 1, retries: 1 }]);
  expect(own.steps[0]?.histogram.reduce((total, { count }) => total + count, 0)).toBe(2);
  expect(own.states.find(({ state }) => state === 'READ')).toMatchObject({ entered: 2, exited: 1 });
  expect(own.versions).toMatchObject([{ version: '2', instances: 4, active: 3, failed: 1 }]);
  expect(own.edges).toContainEqual({ from: 'READ', event: 'approve', to: 'APPROVED', taken: 1 });
  expect(own.edges).toContainEqual({ from: 'READ', event: 'reject', to: 'REJECTED', taken: 0 });
});

test('of an unknown workflow or period are refused', async () => {
  expect(await server.problem(404, 'GET', '/workflows/nope/statistics')).toMatchObject({ code: 'UNKNOWN_WORKFLOW' });
  await server.problem(422, 'GET', '/statistics?period=1y');
});
