import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApi } from '../../src/http/api.ts';
import { serveApi } from '../../src/http/serve.ts';
import { startServer, type TestServer } from '../http/support/server.ts';
import { run } from './support/cli.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

test('shows an instance from its beginning, with plain lines', async () => {
  const id = await server.halfDone('hold watch');
  let step = 0;
  const watched = await run(['watch', id], {
    environment: { DURACHART_URL: server.url },
    onOutput: (text) => {
      if (step === 0 && text.includes('read running')) {
        step = 1;
        server.gate.open('hold watch');
      }
      if (step === 1 && text.includes('waits for')) {
        step = 2;
        void server.engine.send(id, { type: 'reject' });
      }
    },
  });
  expect(watched.exitCode).toBe(0);
  expect(
    watched.out.split('\n').map((line) => line.replace(/^\d\d:\d\d:\d\d {2}/, '').replace(/\d+(\.\d+)?m?s$/, '…')),
  ).toEqual([
    'SUBMITTED',
    'read running 50%, attempt 1 of 3, …',
    'SUBMITTED → READ  read, …',
    `waits for approve, reject, remind; durachart explain ${id} says why`,
    'READ → REJECTED  reject',
    'done in REJECTED after …',
    '',
  ]);
});

test('says when an instance is held, and when it goes on', async () => {
  const id = await server.startedIn('READ', 'held');
  let step = 0;
  const operate = (operation: 'pause' | 'unpause' | 'cancel') => void server.engine.operate(id, { operation });
  const { exitCode, out } = await run(['watch', id], {
    environment: { DURACHART_URL: server.url },
    onOutput: (text) => {
      for (const [said, operation] of [
        ['waits for', 'pause'],
        ['  paused', 'unpause'],
        ['  goes on', 'cancel'],
      ] as const)
        if (text.includes(said) && step < 3 && operation === ['pause', 'unpause', 'cancel'][step]) {
          step++;
          operate(operation);
        }
    },
  });
  expect(exitCode).toBe(6);
  expect(out).toMatch(/  paused\n\S+  goes on\ncancelled in READ after /);
});

test('has a bar on a terminal', async () => {
  const id = await server.halfDone('hold bar');
  const { out } = await run(['watch', id], {
    environment: { DURACHART_URL: server.url },
    columns: 100,
    onOutput: (text) => {
      if (text.includes('██')) server.gate.open('hold bar');
      if (text.includes('→ READ') && !text.includes('done in'))
        void server.engine.send(id, { type: 'reject' }).catch(() => {});
    },
  });
  expect(out).toContain('██████████░░░░░░░░░░ read running 50%, attempt 1 of 3');
  expect(out).toContain('· half of it');
  expect(out).toContain('\r\u001b[2K');
});

test('survives a restart of the server, and misses nothing', async () => {
  const first = await serveApi(createApi(server.engine, { artifacts: server.artifacts }), { port: 0 });
  const place = { port: Number(new URL(first.url).port) };
  const id = await server.halfDone('hold restart');
  const connected = Promise.withResolvers<void>();
  const lost = Promise.withResolvers<void>();
  const watching = run(['watch', id], {
    environment: { DURACHART_URL: first.url },
    onOutput: (text) => {
      if (text.includes('SUBMITTED')) connected.resolve();
      if (text.includes('connection lost')) lost.resolve();
    },
  });
  await connected.promise;
  await first.close();
  await lost.promise;
  server.gate.open('hold restart');
  for await (const change of server.engine.subscribe({ id, after: '1' })) if (change.type === 'transition') break;
  await server.engine.send(id, { type: 'approve', by: 'ada' });
  await server.engine.result(id);
  const second = await serveApi(createApi(server.engine, { artifacts: server.artifacts }), place);
  const { exitCode, out } = await watching;
  await second.close();
  expect(exitCode).toBe(0);
  expect(out.match(/→/g)).toHaveLength(2);
  expect(out).toContain('READ → APPROVED');
});

test('goes on where the question what an instance waits for has no answer', async () => {
  const api = createApi(server.engine, { artifacts: server.artifacts });
  const id = await server.halfDone('hold asked');
  let refused = 0;
  let armed = false;
  const fetch: typeof api.fetch = (request, ...rest) => {
    if (!armed || !request.url.endsWith(`/instances/${id}`)) return api.fetch(request, ...rest);
    armed = false;
    refused++;
    return new Response('', { status: 503 });
  };
  const flaky = await serveApi(Object.assign(Object.create(api) as typeof api, { fetch }), { port: 0 });
  let sent = false;
  const { exitCode, out } = await run(['watch', id], {
    environment: { DURACHART_URL: flaky.url },
    onOutput: (text) => {
      if (!sent && text.includes('read running') && !text.includes('→ READ')) {
        armed = true;
        server.gate.open('hold asked');
      }
      if (!sent && text.includes('→ READ')) {
        sent = true;
        void server.engine.send(id, { type: 'reject' });
      }
    },
  });
  await flaky.close();
  expect(out).toContain('READ → REJECTED');
  expect({ exitCode, refused }).toEqual({ exitCode: 0, refused: 1 });
});
