import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DRIVER } from '../../src/executors/trigger/names.ts';
import { createApi } from '../../src/http/api.ts';
import { serveApi, type ApiServer } from '../../src/http/serve.ts';
import type { Engine, Reconciled } from '../../src/index.ts';
import { createDriverStore } from '../../src/store/driver-store.ts';
import { createTriggerClient } from '../../src/trigger.ts';
import { run } from '../cli/support/cli.ts';
import { openLane, type Lane } from '../proof/lane.ts';
import { all, held } from './support/workflows.ts';
import { Platform } from './support/platform.ts';

/** The command, over the API, on instances that run on Trigger.dev. */
let lane: Lane;
let platform: Platform;
let client: ReturnType<typeof createTriggerClient<typeof all>>;
let server: ApiServer;
beforeAll(async () => {
  lane = await openLane();
  platform = await Platform.start(lane.database, { workflows: [all] });
  client = createTriggerClient({
    database: lane.database.url,
    workflows: all,
    artifacts: undefined as never,
    onFault: () => {},
  });
  server = await serveApi(createApi(client.engine as unknown as Engine, { artifacts: undefined as never }), {
    port: 0,
  });
});
afterAll(async () => {
  await server.close();
  await client.stop();
  await platform.stop();
  await lane.close();
});
afterEach(() => {
  platform.host.unreachable = false;
  platform.host.intercept = reach;
});
const reach = async (_name: string, go: () => Promise<object>) => go();

async function reconcile(): Promise<{ exitCode: number; found: Reconciled }> {
  const { exitCode, out } = await run(['reconcile', '--json'], { environment: { DURACHART_URL: server.url } });
  return { exitCode, found: JSON.parse(out) as Reconciled };
}
const NOTHING = { exitCode: 0, found: { dead: 0, due: [], lost: [], failed: [] } };
async function ends(id: string, call: number): Promise<void> {
  await held.called(id, call);
  held.release(id, call, 'out');
  expect(await client.result(id, { timeout: 5_000 })).toBe('out');
  await platform.host.idle();
  expect(await reconcile()).toEqual(NOTHING);
}

test('an instance that is due and has no driver gets one, as soon as the platform answers', async () => {
  platform.host.unreachable = true;
  const { id } = await client.start('holding', null);
  expect(await reconcile()).toEqual({ exitCode: 1, found: { dead: 0, due: [id], lost: [], failed: [id] } });
  platform.host.unreachable = false;
  expect(await reconcile()).toEqual({ exitCode: 0, found: { dead: 0, due: [id], lost: [], failed: [] } });
  await ends(id, 1);
});

test('a step whose run ended without a word is begun again', async () => {
  const { id } = await client.start('holding', null);
  await held.called(id, 1);
  const driver = await platform.host.until(
    ({ taskId, tags, status }) => taskId === DRIVER && tags.includes(`instance:${id}`) && status === 'WAITING',
  );
  expect(await reconcile()).toEqual(NOTHING);
  // Cancelled with its driver, and what it then tells does not arrive.
  const refused = Promise.withResolvers<void>();
  platform.host.intercept = async (name, go) => {
    if (name !== 'triggerTask') return go();
    refused.resolve();
    throw new Error('Connection error.');
  };
  platform.host.cancel(driver.id);
  await refused.promise;
  await platform.host.idle();
  platform.host.intercept = reach;
  expect(await reconcile()).toEqual({ exitCode: 0, found: { dead: 0, due: [], lost: [id], failed: [] } });
  await ends(id, 2);
});

test('a process that died is told of once', async () => {
  const session = await lane.openSession();
  await createDriverStore({ ...lane.database, session: session.sql }).startWorker('dying', [], Date.now());
  expect(await reconcile()).toEqual(NOTHING);
  await session.cut();
  expect(await reconcile()).toEqual({ exitCode: 0, found: { dead: 1, due: [], lost: [], failed: [] } });
  expect(await reconcile()).toEqual(NOTHING);
});
