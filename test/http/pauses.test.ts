import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Operation, Paused } from '../../src/http/types.ts';
import { run } from '../cli/support/cli.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const paused = () => server.json<{ items: Paused[] }>(200, 'GET', '/pauses');
const cli = async (...args: string[]) => run(args, { environment: { DURACHART_URL: server.url } });

test('a workflow is paused and goes on, recorded with who and why', async () => {
  const done = await server.json<Operation>(200, 'POST', '/workflows/approval/pause', {
    json: { by: 'ada', why: 'moving house' },
  });
  expect(done).toMatchObject({
    target: 'workflow',
    targetId: 'approval',
    operation: 'pause',
    status: 'applied',
    by: 'ada',
    why: 'moving house',
  });
  expect((await paused()).items).toMatchObject([
    { target: 'workflow', name: 'approval', by: 'ada', why: 'moving house' },
  ]);
  expect(await server.json(409, 'POST', '/workflows/approval/pause')).toMatchObject({ code: 'ALREADY_PAUSED' });
  await server.json(200, 'POST', '/workflows/approval/unpause');
  expect(await server.json(409, 'POST', '/workflows/approval/unpause')).toMatchObject({ code: 'NOT_PAUSED' });
  expect((await paused()).items).toEqual([]);
});

test('what there is not is a 404', async () => {
  expect(await server.json(404, 'POST', '/workflows/nope/pause')).toMatchObject({ code: 'UNKNOWN_WORKFLOW' });
  expect(await server.json(404, 'POST', '/queues/nope/pause')).toMatchObject({ code: 'UNKNOWN_QUEUE' });
});

test('the commands do it, and list it', async () => {
  expect(await cli('pauses')).toMatchObject({ exitCode: 0, out: 'Nothing is paused.\n' });
  expect(await cli('pause-workflow', 'approval', '--by', 'ada', '--why', 'a look')).toMatchObject({
    exitCode: 0,
    out: 'The workflow approval is paused.\n',
  });
  expect((await cli('pauses')).out).toMatch(/PAUSED +NAME +BY +SINCE +WHY\s+workflow +approval +ada +.* a look/);
  expect(await cli('unpause-workflow', 'approval')).toMatchObject({
    exitCode: 0,
    out: 'The workflow approval goes on.\n',
  });
  expect(await cli('pause-queue', 'nope')).toMatchObject({
    exitCode: 3,
    err: expect.stringContaining('queue') as string,
  });
});
