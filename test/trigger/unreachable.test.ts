import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createApi } from '../../src/http/api.ts';
import type { Engine } from '../../src/index.ts';
import { createTriggerClient } from '../../src/trigger.ts';
import { openLane, type Lane } from '../proof/lane.ts';
import { HOUR, SECOND, StillClock } from '../support/manual-clock.ts';
import { holding } from './support/workflows.ts';

/** What becomes of those who ask while the platform does not answer: over HTTP, with the SDK as it is, and a clock that the test moves. */
const workflows = [holding] as const;
let lane: Lane;
let server: Server;
let port = 0;
/** Requests that have come in, by path. */
let asked: string[];
let behave: RequestListener;
let arrived: () => void;
beforeAll(async () => {
  lane = await openLane();
});
afterAll(() => lane.close());

let clock: StillClock;
let client: ReturnType<typeof createTriggerClient<typeof workflows>>;
const faults: string[] = [];
beforeEach(async () => {
  asked = [];
  // Another address each time, which the module keeps: what the SDK still tries for an earlier test goes nowhere.
  port = 0;
  vi.resetModules();
  arrived = () => {};
  behave = silent;
  await listen();
  process.env['TRIGGER_API_URL'] = `http://127.0.0.1:${port}`;
  process.env['TRIGGER_SECRET_KEY'] = 'tr_dev_double';
  clock = new StillClock();
  client = createTriggerClient({
    database: lane.database.url,
    workflows,
    artifacts: undefined as never,
    clock,
    onFault: (message, error) => void faults.push(`${message} ${String(error)}`),
  });
});
afterEach(async () => {
  close();
  await client.stop();
  await lane.sql`delete from durachart.instances`;
});

async function listen(): Promise<void> {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    behave(request, response);
    arrived();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
}
function close(): void {
  server.close();
  server.closeAllConnections();
}

const silent: RequestListener = () => {};
const well: RequestListener = (_request, response) => {
  response.setHeader('content-type', 'application/json').end('{"id":"run_1"}');
};
const refusing =
  (status: number, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(status, headers).end('{"error":"no"}');
  };

/** Resolves when so many requests have come in. */
async function requests(count: number): Promise<void> {
  while (asked.length < count) await new Promise<void>((resolve) => (arrived = resolve));
}
const trouble = async () => (await client.engine.health()).remoteTrouble;
const stored = async (): Promise<number> => (await client.engine.list({ limit: 500 })).items.length;

/** Starts one, and lets the time pass for which it waits for its driver. */
async function start(): Promise<string> {
  const before = asked.length;
  const started = client.start('holding', null);
  await requests(before + 1);
  clock.advance(250);
  return (await started).id;
}

test('a platform that answers: the driver is triggered before the answer, and health has no complaint', async () => {
  behave = well;
  await client.start('holding', null);
  expect(asked).toEqual(['/api/v1/tasks/durachart.drive/trigger']);
  expect(await trouble()).toBeNull();
});

test('one that accepts and never answers: what is stored is answered after a quarter of a second, and then at once', async () => {
  const id = await start();
  // Nobody waits for the ones that come after it.
  await client.start('holding', null);
  await client.send(id, { type: 'NOTE' });
  expect(await stored()).toBe(2);
  await requests(3);
  clock.advance(3 * SECOND);
  await expect.poll(trouble).toMatchObject({ message: 'no answer within 3 s' });

  // After three failures in a row nothing is asked…
  await expect
    .poll(async () => {
      await client.start('holding', null);
      return asked.length;
    })
    .toBe(3);
  await client.send(id, { type: 'NOTE' });
  expect(asked.length).toBe(3);

  // …for five seconds. Then one call tries; the others do not wait for it.
  behave = well;
  clock.advance(5 * SECOND);
  await client.start('holding', null);
  expect(asked.length).toBe(4);
  expect(await trouble()).toBeNull();
  await client.start('holding', null);
  expect(asked.length).toBe(5);
});

test('reconciling then takes one deadline, not one for each that it finds', async () => {
  close();
  for (let n = 0; n < 30; n++) await client.start('holding', null);
  await listen();
  behave = silent;
  clock.advance(5 * SECOND);
  asked = [];
  const found = client.reconcile();
  // One that tries whether the platform is back.
  await requests(1);
  clock.advance(3 * SECOND);
  const { due, failed } = await found;
  expect([due.length, failed.length, asked.length]).toEqual([30, 30, 1]);

  behave = well;
  clock.advance(5 * SECOND);
  await client.start('holding', null);
  expect(await client.reconcile()).toMatchObject({ failed: [] });
});

test('with nothing known of it yet: at most twenty calls at a time, and none any more after the first deadline', async () => {
  behave = well;
  for (let n = 0; n < 50; n++) await client.start('holding', null);
  behave = silent;
  asked = [];
  const found = client.reconcile();
  await requests(20);
  clock.advance(3 * SECOND);
  const { failed } = await found;
  expect([failed.length, asked.length]).toEqual([50, 20]);
});

test('one that refuses connections: health says so, and then that it is back', async () => {
  close();
  await client.start('holding', null);
  expect(await trouble()).toMatchObject({ message: expect.stringContaining('ECONNREFUSED') as string });
  expect(await stored()).toBe(1);
  await listen();
  behave = well;
  await client.start('holding', null);
  expect(await trouble()).toBeNull();
});

test.each([
  [500, {}],
  [429, { 'x-ratelimit-reset': String(Date.now() + HOUR) }],
  [401, {}],
])('one that answers %d: the deadline holds for all attempts of the SDK together', async (status, headers) => {
  behave = refusing(status, headers);
  await start();
  clock.advance(3 * SECOND);
  await expect.poll(trouble).not.toBeNull();
  behave = well;
  await client.start('holding', null);
  expect(await trouble()).toBeNull();
});

test('a refusal of one call does not count: the platform is there', async () => {
  behave = refusing(404);
  for (let n = 0; n < 5; n++) await client.start('holding', null);
  expect(asked.length).toBe(5);
  expect(await trouble()).toBeNull();
  expect(faults.at(-1)).toContain('TriggerApiError: no');
});

test('stopping waits for what has been asked, up to the deadline', async () => {
  await start();
  let over = false;
  const stopped = client.stop().then(() => (over = true));
  await setImmediate();
  expect(over).toBe(false);
  clock.advance(3 * SECOND);
  await stopped;
});

test('the API tells of it: in full to those who may know, and others only that it is so', async () => {
  close();
  await client.start('holding', null);
  const api = createApi(client.engine as unknown as Engine, {
    artifacts: undefined as never,
    token: 'a-token-of-some-length',
  });
  const ready = async (headers: Record<string, string>) => {
    const response = await api.request('/health/ready', { headers });
    return (await response.json()) as { status: string; remoteTrouble: { detail: string } };
  };
  expect((await ready({ authorization: 'Bearer a-token-of-some-length' })).remoteTrouble.detail).toContain(
    'ECONNREFUSED',
  );
  const open = await ready({});
  expect([open.status, open.remoteTrouble.detail]).toEqual(['ready', 'It does not answer.']);
});
