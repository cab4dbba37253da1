import { afterAll, beforeAll, expect, test } from 'vitest';
import { StepError } from '../../src/index.ts';
import { fansOut } from '../engine/fan-out/support.ts';
import { startServer, type TestServer } from '../http/support/server.ts';
import type { Page, StepDetail } from '../../src/http/types.ts';
import { eventually } from '../support/engine.ts';
import { HeldStep } from '../support/machines.ts';
import { run } from './support/cli.ts';

const held = new HeldStep();
const step = held.step({ retry: { maxAttempts: 1 } });
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ workflows: [fansOut('press', step, { concurrency: 2, onItemError: 'continue' })] });
  await server.engine.start('press', { items: [1, 2, 3, 4, 5, 6, 7, 8] } as never, { id: 'sheets' });
  await held.called(2);
  held.fail(1, new StepError('NOT_FOUND', 'no paper', { retryable: false }));
  held.release(2, 'printed');
  await held.called(4);
  await eventually(async () => (await server.engine.get('sheets')).steps[0]?.fanOut?.left === 6);
});
afterAll(async () => {
  await server.close();
});

const out = async (...args: string[]): Promise<string> => {
  const done = await run(args, { environment: { DURACHART_URL: server.url } });
  expect(done, args.join(' ')).toMatchObject({ exitCode: 0 });
  return done.out;
};

test('show and list sum a fan-out up, with the items that failed', async () => {
  const line = /BEGUN · work 2 of 8, 1 failed, \S+ left/;
  const show = await out('show', 'sheets');
  expect(show).toMatch(line);
  expect(show).toMatch(/work +running 25% +\S+ +2 of 8, 1 failed/);
  expect(show).toMatch(
    /FAILED ITEM +ERROR +MESSAGE\nwork #0 +NOT_FOUND +no paper\nall: durachart items sheets --status failed\n/,
  );
  expect(await out('list')).toMatch(line);
});

test('items are listed, by status and page', async () => {
  expect(await out('items', 'sheets')).toMatch(
    /ITEM +STATUS +ATTEMPT +TOOK +ERROR +MESSAGE\n +0 +failed +1 of 1 +\S+ +NOT_FOUND +no paper\n +1 +done +1 of 1[^]*\n +7 +waiting +0 of 1\n$/,
  );
  const page = JSON.parse(
    await out('items', 'sheets', '--status', 'waiting', '--limit', '2', '--json'),
  ) as Page<StepDetail>;
  expect(page).toMatchObject({ items: [{ key: '1:work#4' }, { key: '1:work#5' }], next: '6' });
  const unknown = await run(['items', 'sheets', '--step', 'paint'], { environment: { DURACHART_URL: server.url } });
  expect(unknown).toMatchObject({ exitCode: 3, err: expect.stringContaining('no fan-out "paint"') as string });
});
