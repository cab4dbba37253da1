import postgres from 'postgres';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Change, Engine } from '../../src/engine/api.ts';
import { createApi } from '../../src/http/api.ts';
import { serveApi } from '../../src/http/serve.ts';
import { open } from './support/raw.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

/** Serves an engine whose subscriptions are counted. */
async function counting(subscribe: Engine['subscribe'] = (options) => server.engine.subscribe(options)) {
  const asked: (string | undefined)[] = [];
  const engine: Engine = {
    ...server.engine,
    workflows: server.engine.workflows,
    subscribe: (options) => {
      asked.push(options?.after);
      return subscribe(options);
    },
  };
  const api = await serveApi(createApi(engine, { artifacts: server.artifacts }), { port: 0 });
  onTestFinished(() => api.close());
  return { url: api.url, asked };
}

/** A client that gathers the ids of transitions until it leaves. */
async function watch(url: string, after?: string) {
  const leaving = new AbortController();
  const response = await fetch(`${url}/events`, {
    signal: leaving.signal,
    headers: after === undefined ? {} : { 'last-event-id': after },
  });
  const ids: string[] = [];
  let over = false;
  const gathering = (async () => {
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? []) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const id = /^id: (.+)$/m.exec(block)?.[1];
          if (id !== undefined) ids.push(id);
        }
      }
    } catch {
      // It was left, or cut off.
    }
    over = true;
  })();
  const stop = async (): Promise<void> => {
    leaving.abort();
    await gathering;
  };
  onTestFinished(stop);
  return { ids, stop, isOver: () => over };
}

const run = async (count: number): Promise<void> => {
  const started = Array.from({ length: count }, async (_, i) => {
    const { id } = await server.engine.start('approval', { document: `watched ${i}` } as never);
    await expect.poll(async () => (await server.engine.get(id)).state, { timeout: 10_000 }).toBe('READ');
  });
  await Promise.all(started);
};

test('all watchers share one subscription, and each is given every transition once', async () => {
  const { url, asked } = await counting();
  const watchers = await Promise.all(Array.from({ length: 50 }, () => watch(url)));
  await run(20);
  for (const { ids } of watchers) await expect.poll(() => ids.length, { timeout: 10_000 }).toBe(40);
  for (const { ids } of watchers) expect(ids).toEqual(watchers[0]?.ids);
  expect(new Set(watchers[0]?.ids).size).toBe(40);
  expect(asked).toEqual([undefined]);
});

test('who comes back is given what he missed once, in order, from memory or from the database, and then shares the subscription', async () => {
  const { url, asked } = await counting();
  const all = await watch(url);
  await run(5);
  await expect.poll(() => all.ids.length).toBe(10);
  const running = run(30);
  const back = [];
  for (const at of [0, 3, 9]) back.push({ at, watcher: await watch(url, all.ids[at]) });
  const early = await watch(url, '0');
  await running;
  await expect.poll(() => all.ids.length, { timeout: 10_000 }).toBe(70);
  for (const { at, watcher } of back) {
    await expect.poll(() => watcher.ids.length, { timeout: 10_000 }).toBe(69 - at);
    expect(watcher.ids).toEqual(all.ids.slice(at + 1));
  }
  await expect.poll(() => early.ids.at(-1), { timeout: 10_000 }).toBe(all.ids.at(-1));
  expect(early.ids.slice(-70)).toEqual(all.ids);
  expect(new Set(early.ids).size).toBe(early.ids.length);
  // Those that were in memory asked the database for nothing.
  expect(asked).toEqual([undefined, '0']);
});

test('who does not read is cut off, and the others are not held up', async () => {
  const text = 'x'.repeat(64 * 1024);
  const { url } = await counting(async function* (options): AsyncGenerator<Change> {
    for (let i = 1; options?.signal?.aborted !== true; i++) {
      yield {
        type: 'transition',
        position: `${i}_1_a`,
        status: 'running',
        entry: { instanceId: 'a', sequence: i, at: new Date(0), payload: text, emitted: [], step: null } as never,
      };
      await new Promise(setImmediate);
    }
  });
  const stuck = await open(url);
  stuck.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  stuck.pause();
  const reader = await watch(url);
  await expect
    .poll(
      () => {
        stuck.write('x');
        return stuck.closed;
      },
      { timeout: 20_000 },
    )
    .toBe(true);
  const seen = reader.ids.length;
  await expect.poll(() => reader.ids.length, { timeout: 10_000 }).toBeGreaterThan(seen);
  expect(reader.isOver()).toBe(false);
});

test('health answers while every other connection to the database waits', async () => {
  const sql = postgres(server.databaseUrl, { max: 1, onnotice: () => {} });
  onTestFinished(() => sql.end({ timeout: 1 }));
  const lock = await sql.reserve();
  await lock`begin`;
  await lock`lock table durachart.schedules in access exclusive mode`;
  const waiting = Array.from({ length: 20 }, () => server.engine.schedules());
  await expect
    .poll(async () => {
      const [row] = await lock`select count(*)::int as n from pg_locks where not granted`;
      return row?.['n'] as number;
    })
    .toBeGreaterThanOrEqual(10);
  expect(await server.json(200, 'GET', '/health/ready')).toMatchObject({ status: 'ready' });
  await lock`rollback`;
  lock.release();
  await Promise.all(waiting);
});
