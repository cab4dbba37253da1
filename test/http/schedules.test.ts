import { setup } from 'xstate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defineWorkflow } from '../../src/index.ts';
import type { Operation, Schedule } from '../../src/http/types.ts';
import { run } from '../cli/support/cli.ts';
import { startServer, type TestServer } from './support/server.ts';

const weekly = defineWorkflow({
  machine: setup({}).createMachine({ id: 'report', initial: 'SENT', states: { SENT: { type: 'final' } } }),
  schedules: [{ name: 'weekly', cron: '0 9 * * 1', timezone: 'Europe/Berlin', jitter: 60_000, overlap: 'skip' }],
});
const ID = 'report/weekly';
const PATH = `/schedules/${encodeURIComponent(ID)}`;

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ workflows: [weekly] });
});
afterAll(() => server.close());

const cli = async (...args: string[]) => run(args, { environment: { DURACHART_URL: server.url } });
const schedule = async (): Promise<Schedule> => {
  const { items } = await server.json<{ items: Schedule[] }>(200, 'GET', '/schedules');
  return items[0] as Schedule;
};

test('lists schedules, pauses them, runs them, and keeps the record of it', async () => {
  expect(await schedule()).toMatchObject({
    id: ID,
    cron: '0 9 * * 1',
    timezone: 'Europe/Berlin',
    jitter: 60_000,
    missed: 'once',
    overlap: 'skip',
    paused: null,
    last: null,
    instances: [],
  });
  expect((await schedule()).next).toHaveLength(3);
  await server.json<Operation>(200, 'POST', `${PATH}/pause`, { json: { by: 'ada', why: 'holidays' } });
  expect(await schedule()).toMatchObject({ paused: { by: 'ada', why: 'holidays' } });
  expect(await server.problem(409, 'POST', `${PATH}/pause`)).toMatchObject({ code: 'ALREADY_PAUSED' });
  await server.json(200, 'POST', `${PATH}/unpause`);
  const key = { headers: { 'idempotency-key': 'now' }, json: { by: 'ada' } };
  const done = await server.json<Operation>(200, 'POST', `${PATH}/run`, key);
  expect(await server.json(200, 'POST', `${PATH}/run`, key)).toEqual(done);
  const { started } = done.result as { started: string };
  expect((await schedule()).instances).toMatchObject([{ id: started }]);
  expect(await server.problem(404, 'POST', '/schedules/report%2Fnone/run')).toMatchObject({ code: 'UNKNOWN_SCHEDULE' });
  const { items } = await server.json<{ items: Operation[] }>(200, 'GET', '/operations?target=schedule');
  expect(items.map(({ operation }) => operation)).toEqual(['run', 'unpause', 'pause']);
});

test('the CLI shows them, pauses them and runs them', async () => {
  expect(await cli('pause-schedule', ID, '--by', 'ada')).toMatchObject({
    exitCode: 0,
    out: `The schedule ${ID} is paused.\n`,
  });
  expect((await cli('schedules')).out).toMatch(
    /^SCHEDULE .*\nreport\/weekly  0 9 \* \* 1  Europe\/Berlin  paused  never .*\n$/,
  );
  expect(await cli('unpause-schedule', ID)).toMatchObject({ exitCode: 0 });
  expect((await cli('run-schedule', ID)).out).toMatch(/^started \S+\n$/);
  expect(await cli('run-schedule', 'report/none')).toMatchObject({ exitCode: 3 });
  expect(JSON.parse((await cli('schedules', '--json')).out)).toMatchObject([{ id: ID, paused: null }]);
});
