import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApi } from '../../src/http/api.ts';
import { serveApi } from '../../src/http/serve.ts';
import type { Change } from '../../src/http/types.ts';
import type { Engine } from '../../src/engine/api.ts';
import { CHROMIUM, FLAGS } from '../inspector/support/browser.ts';
import { startServer, type TestServer } from './support/server.ts';

/** The position before everything. */
const BEGINNING = '0_0_0';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

interface ServerEvent {
  event: string;
  id?: string;
  data: Change;
}

/** Events of a stream, until its end or until nobody asks for more, which closes the connection. */
async function* events(
  path: string,
  headers: Record<string, string> = {},
  url = server.url,
): AsyncGenerator<ServerEvent> {
  const leaving = new AbortController();
  const response = await fetch(url + path, { headers, signal: leaving.signal });
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  let buffer = '';
  try {
    for await (const chunk of response.body ?? []) {
      buffer += Buffer.from(chunk).toString();
      const blocks = buffer.split('\n\n');
      buffer = blocks.pop() ?? '';
      for (const block of blocks) {
        const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
        if (fields.data !== undefined) yield { ...fields, data: JSON.parse(fields.data) } as ServerEvent;
      }
    }
  } finally {
    leaving.abort();
  }
}

const to = ({ data }: ServerEvent): string | undefined => (data.type === 'transition' ? data.entry.to : undefined);

async function all(...request: Parameters<typeof events>): Promise<ServerEvent[]> {
  const seen: ServerEvent[] = [];
  for await (const event of events(...request)) seen.push(event);
  return seen;
}

describe('the stream of an instance', () => {
  test('gives each transition with its position, and ends with the instance', async () => {
    const { id } = await server.engine.start('approval', { document: 'hold stream' } as never);
    const stream = events(`/instances/${id}/events/stream?after=0`);
    const seen: ServerEvent[] = [];
    for await (const event of stream) {
      seen.push(event);
      if (event.data.type === 'step' && event.data.step.progress === 0.5) server.gate.open('hold stream');
      if (to(event) === 'READ') await server.engine.send(id, { type: 'approve', by: 'ada' });
    }
    const transitions = seen.filter(({ event }) => event === 'transition');
    expect(transitions.map((event) => [event.id, to(event)])).toEqual([
      ['1', 'SUBMITTED'],
      ['2', 'READ'],
      ['3', 'APPROVED'],
    ]);
    expect(transitions[1]?.data).toMatchObject({ entry: { step: { step: 'read', attempt: 1 } } });
    const steps = seen.filter(({ event }) => event === 'step');
    expect(steps.every(({ id: position }) => position === undefined)).toBe(true);
    expect(steps.map(({ data }) => data)).toContainEqual(
      expect.objectContaining({
        step: expect.objectContaining({ status: 'running', progress: 0.5, message: 'half of it' }) as object,
      }),
    );
    expect(seen.at(-1)).toMatchObject({ event: 'end' });
  });

  test('tells of a pause, and of an end without a transition', async () => {
    const id = await server.startedIn('READ', 'held');
    const seen: unknown[] = [];
    let asked = false;
    for await (const event of events(`/instances/${id}/events/stream?after=1`)) {
      if (event.event !== 'step') seen.push(to(event) ?? [event.event, event.id, event.data]);
      if (!asked) await server.json(200, 'POST', `/instances/${id}/pause`, { json: {} });
      asked = true;
      if (event.data.type === 'status' && event.data.status === 'paused')
        await server.json(200, 'POST', `/instances/${id}/cancel`, { json: {} });
    }
    const stands = (status: string, errorCode: string | null) => [
      'status',
      undefined,
      { type: 'status', instanceId: id, workflow: 'approval', status, errorCode, sequence: 2 },
    ];
    expect(seen).toEqual(['READ', stands('paused', null), stands('cancelled', 'CANCELLED'), ['end', undefined, {}]]);
  });

  test('goes on after Last-Event-ID, or ?after', async () => {
    const id = await server.startedIn('READ', 'resume');
    await server.json(202, 'POST', `/instances/${id}/events`, { json: { type: 'reject' } });
    await server.engine.result(id);
    const stream = `/instances/${id}/events/stream`;
    const rest = async (...request: Parameters<typeof all>) =>
      (await all(...request)).map((event) => to(event) ?? event.event);
    expect(await rest(stream, { 'last-event-id': '1' })).toEqual(['READ', 'REJECTED', 'end']);
    expect(await rest(`${stream}?after=2`)).toEqual(['REJECTED', 'end']);
    expect(await rest(`${stream}?after=0`, { 'last-event-id': '2' })).toEqual(['REJECTED', 'end']);
    expect(await rest(`${stream}?after=3`)).toEqual(['end']);
    expect(await rest(stream)).toEqual(['end']);
  });
});

describe('an EventSource stops', () => {
  /** What it sends when it comes back, as often as it does: the last id that the stream has set. */
  async function comesBack(path: string, first: string | undefined): Promise<(string | number | undefined)[]> {
    const seen: (string | number | undefined)[] = [];
    let last = first;
    for (let times = 0; times < 5; times++) {
      const response = await fetch(server.url + path, last === undefined ? {} : { headers: { 'last-event-id': last } });
      seen.push(response.status);
      if (response.status !== 200) return seen;
      for (const [, id] of (await response.text()).matchAll(/^id: (.*)$/gm)) last = id;
      seen.push(last);
    }
    return seen;
  }

  test('after an instance has ended, wherever it began to read', async () => {
    const id = await server.startedIn('READ', 'comes back');
    await server.json(202, 'POST', `/instances/${id}/events`, { json: { type: 'reject' } });
    await server.engine.result(id);
    const stream = `/instances/${id}/events/stream`;
    for (const [query, first] of [
      ['', undefined],
      ['?after=0', undefined],
      ['?after=3', undefined],
      ['', '1'],
    ] as const)
      expect(await comesBack(stream + query, first)).toEqual([200, '3', 204]);
    expect(await comesBack(stream, '3')).toEqual([204]);
  });

  test('after a position that is ahead, of an instance and of all', async () => {
    const id = await server.startedIn('READ', 'is ahead');
    expect(await comesBack(`/instances/${id}/events/stream`, '99')).toEqual([200, 'end', 204]);
    expect(await comesBack('/events', '999999999999_1_x')).toEqual([200, 'end', 204]);
  });

  test('as Node and the browser have it', { timeout: 60_000 }, async ({ skip }) => {
    const ended = await server.startedIn('READ', 'event source');
    const ahead = await server.startedIn('READ', 'event source ahead');
    await server.json(202, 'POST', `/instances/${ended}/events`, { json: { type: 'reject' } });
    await server.engine.result(ended);
    const urls = [
      `${server.url}/instances/${ended}/events/stream`,
      `${server.url}/instances/${ahead}/events/stream?after=99`,
    ];
    const count = `(url) => new Promise((resolve) => {
      const source = new EventSource(url);
      let opened = 0;
      source.onopen = () => { opened++; if (opened > 3) resolve('again and again'); };
      source.onerror = () => { if (source.readyState === EventSource.CLOSED) resolve(opened); };
    })`;
    // Node does not stay up for an EventSource that waits before it connects again.
    const code = `const up = setInterval(() => {}, 1000); for (const url of ${JSON.stringify(urls)}) console.log(await (${count})(url)); clearInterval(up);`;
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--experimental-eventsource',
      '--input-type=module',
      '-e',
      code,
    ]);
    expect(stdout.trim().split('\n')).toEqual(['1', '1']);
    if (CHROMIUM === undefined) skip();
    const browser = await chromium.launch({ executablePath: CHROMIUM as string, args: FLAGS });
    try {
      const page = await browser.newPage();
      await page.goto(`${server.url}/health/live`);
      for (const url of urls) expect(await page.evaluate(`(${count})(${JSON.stringify(url)})`)).toBe(1);
    } finally {
      await browser.close();
    }
  });
});

describe('the stream of all', () => {
  test('gives what happens to every instance, and goes on where it was', async () => {
    const a = await server.startedIn('READ', 'all a');
    const b = await server.startedIn('READ', 'all b');
    let position: string | undefined;
    for await (const event of events('/events', { 'last-event-id': BEGINNING })) {
      if (event.data.type !== 'transition' || event.data.entry.instanceId !== a || event.data.entry.to !== 'READ')
        continue;
      position = event.id;
      break;
    }
    await server.json(202, 'POST', `/instances/${a}/events`, { json: { type: 'reject' } });
    const seen: string[] = [];
    for await (const { data } of events('/events', { 'last-event-id': position ?? '' })) {
      if (data.type !== 'transition' || ![a, b].includes(data.entry.instanceId)) continue;
      seen.push(`${data.entry.instanceId === a ? 'a' : 'b'} ${data.entry.to} ${data.status}`);
      if (data.entry.to === 'REJECTED') break;
    }
    expect(seen).toContain('b READ waiting');
    expect(seen.filter((line) => line.startsWith('a'))).toEqual(['a REJECTED done']);
  });

  test('ends with a problem where a position is ahead of the database, as after a backup was restored', async () => {
    const seen = await all('/events', { 'Last-Event-ID': '999999999999_1_x' });
    expect(seen).toMatchObject([{ event: 'problem', data: { code: 'INVALID_CURSOR', status: 422 } }]);
  });

  test('refuses a position that it has not given', async () => {
    for (const after of ['x', '1', "'; drop table x", '9'.repeat(201)]) {
      const problem = await server.problem(422, 'GET', '/events', { headers: { 'last-event-id': after } });
      expect(['INVALID_CURSOR', 'INVALID_REQUEST']).toContain(problem.code);
    }
  });
});

/** An engine whose subscriptions tell when they begin and end. */
function observed(engine: Engine): { engine: Engine; began: Promise<void>; ended: Promise<void> } {
  const began = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const wrapped: Engine = Object.create(engine, {
    subscribe: {
      value: async function* (options: Parameters<Engine['subscribe']>[0]) {
        began.resolve();
        try {
          yield* engine.subscribe(options);
        } finally {
          ended.resolve();
        }
      },
    },
  });
  return { engine: wrapped, began: began.promise, ended: ended.promise };
}

test('a client that leaves ends its subscription', async () => {
  const { engine, began, ended } = observed(server.engine);
  const api = await serveApi(createApi(engine, { artifacts: server.artifacts }), { port: 0 });
  const leaving = new AbortController();
  await fetch(`${api.url}/events`, { signal: leaving.signal });
  await began;
  leaving.abort();
  await ended;
  await api.close();
});

test('a server that stops ends its streams and waits at once, and the client is to come back', async () => {
  const { engine, began, ended } = observed(server.engine);
  const api = await serveApi(createApi(engine, { artifacts: server.artifacts }), { port: 0 });
  const id = await server.startedIn('READ', 'stop');
  const stream = all('/events', {}, api.url);
  const waiting = fetch(`${api.url}/instances/${id}/result?timeout=60000`);
  await began;
  // The request is there once a later one has been answered.
  await fetch(`${api.url}/health/live`);
  const closing = performance.now();
  await api.close();
  expect(performance.now() - closing).toBeLessThan(2_000);
  await ended;
  expect((await stream).filter(({ event }) => event === 'end')).toEqual([]);
  const response = await waiting;
  expect([response.status, await response.json()]).toMatchObject([503, { code: 'STOPPING' }]);
});
