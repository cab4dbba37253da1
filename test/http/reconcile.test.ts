import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../src/create-engine.ts';
import type { DurableEngine } from '../../src/engine/engine.ts';
import type { Reconciled } from '../../src/http/types.ts';
import { eventually } from '../support/engine.ts';
import { startServer, type TestServer } from './support/server.ts';
import { approval } from './support/workflows.ts';

/** A server without a worker: nobody else looks for the dead. */
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ work: false });
});
afterAll(() => server.close());

const reconcile = async () => server.json<Reconciled>(200, 'POST', '/reconcile');

test('finds nothing where nothing was lost', async () => {
  expect(await reconcile()).toEqual({ dead: 0, due: [], lost: [], failed: [] });
});

test('frees the instances of a worker that died, and tells of what is due until somebody takes it', async () => {
  const dying = createEngine({
    database: server.databaseUrl,
    workflows: [approval(server.gate)],
    artifacts: server.artifacts,
    onFault: () => {},
  }) as unknown as DurableEngine;
  await dying.work();
  const { id } = await dying.start('approval', { document: 'hold it' });
  await eventually(async () => (await server.engine.get(id)).steps[0]?.status === 'running');
  expect(await reconcile()).toEqual({ dead: 0, due: [], lost: [], failed: [] });
  await dying.kill();
  const found = await eventually(async () => {
    const seen = await reconcile();
    return seen.dead > 0 && seen;
  });
  expect(found).toEqual({ dead: 1, due: [id], lost: [], failed: [] });
  expect(await reconcile()).toEqual({ dead: 0, due: [id], lost: [], failed: [] });
  await server.engine.work();
  server.gate.open('hold it');
  await eventually(async () => (await server.engine.get(id)).state === 'READ');
  expect(await reconcile()).toEqual({ dead: 0, due: [], lost: [], failed: [] });
});
