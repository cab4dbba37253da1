import { request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { createInspectorServer } from '@statelyai/inspect/server';
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { setTimeout } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { createActor, createMachine, type AnyMachineSnapshot } from 'xstate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../cli/support/cli.ts';
import { eventually, standing } from '../support/engine.ts';
import { startServer, type TestServer } from './support/server.ts';
import { vault } from './support/vault.ts';

const TOKEN = 'a-token-of-16-or-more';

let open: TestServer;
let secured: TestServer;
beforeAll(async () => {
  [open, secured] = await Promise.all([startServer({ workflows: [vault] }), startServer({ token: TOKEN })]);
});
afterAll(async () => {
  await Promise.all([open.close(), secured.close()]);
});

const address = ({ url }: TestServer, path: string, token = ''): string =>
  url.replace('http://', `ws://${token === '' ? '' : `:${token}@`}`) + path;

/** What Stately's own receiver hears. */
function heard(server: string): StatelyInspectionEvent[] {
  const events: StatelyInspectionEvent[] = [];
  createWebSocketReceiver({ server }).subscribe((event) => void events.push(event));
  return events;
}

/** What an opening handshake is answered with. */
function answer(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.from('0123456789abcdef').toString('base64'),
        ...headers,
      },
    });
    asked.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode);
    });
    asked.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('one instance', () => {
  test('its history comes first, then what happens, and the definition is a machine of XState', async () => {
    const id = await open.startedIn('READ', 'for stately');
    const events = heard(address(open, `/instances/${id}/stately`));
    await eventually(() => events.length >= 6);
    await open.engine.send(id, { type: 'approve', by: 'ada' });
    await eventually(() => events.length >= 8);

    expect(events.map(({ type, sessionId }) => `${type} ${sessionId.replace(id, 'it')}`)).toEqual([
      '@xstate.actor it',
      '@xstate.event it',
      '@xstate.snapshot it',
      '@xstate.actor it/1:0.approval.SUBMITTED',
      '@xstate.event it',
      '@xstate.snapshot it',
      '@xstate.event it',
      '@xstate.snapshot it',
    ]);
    for (const event of events) {
      expect(event).toMatchObject({
        rootId: id,
        _version: '0.7.2',
        createdAt: expect.stringMatching(/^\d{13}$/) as string,
      });
    }
    const [actor] = events;
    if (actor?.type !== '@xstate.actor' || actor.definition === undefined) throw new Error('No definition.');
    expect(actor.name).toBe('approval');
    // The states of the definition take the snapshots that come after it.
    const machine = createMachine(JSON.parse(actor.definition) as never);
    const snapshots = events.flatMap((event) =>
      event.type === '@xstate.snapshot' ? [event.snapshot as AnyMachineSnapshot] : [],
    );
    expect(snapshots.map(({ value }) => value)).toEqual(['SUBMITTED', 'READ', 'APPROVED']);
    expect(Object.keys(machine.states)).toEqual(['SUBMITTED', 'READ', 'APPROVED', 'REJECTED']);
    const restored = createActor(machine, { snapshot: snapshots[2] as never, input: {} as never });
    expect(restored.getSnapshot()).toMatchObject({ status: 'done', context: { by: 'ada', words: 2 } });
    expect(events[4]).toMatchObject({
      event: { type: 'xstate.done.actor.0.approval.SUBMITTED' },
      sourceId: `${id}/1:0.approval.SUBMITTED`,
    });
    expect(events[6]).toMatchObject({ event: { type: 'approve', by: 'ada' } });
  });

  test('that has ended is replayed, and the connection is closed', async () => {
    const id = await open.startedIn('READ', 'over');
    await open.engine.send(id, { type: 'reject' });
    await open.engine.result(id);
    const socket = new WebSocket(address(open, `/instances/${id}/stately`));
    const values: unknown[] = [];
    socket.on('message', (data) => {
      const event = JSON.parse(String(data)) as StatelyInspectionEvent;
      if (event.type === '@xstate.snapshot') values.push((event.snapshot as AnyMachineSnapshot).value);
    });
    const code = await new Promise((resolve) => socket.on('close', resolve));
    expect([code, values]).toEqual([1000, ['SUBMITTED', 'READ', 'REJECTED']]);
  });

  test('without the right to secrets none is told', async () => {
    const { id } = await open.engine.start('vault', { account: 'ada', password: 'correct horse' } as never);
    await standing(open.engine, id, 'waiting');
    await open.engine.send(id, { type: 'rotate', password: 'battery staple', reason: 'old' });
    const events = heard(address(open, `/instances/${id}/stately`));
    await eventually(() => events.some((event) => event.type === '@xstate.snapshot' && event.event.type === 'rotate'));
    expect(JSON.stringify(events)).toContain('[secret]');
    expect(JSON.stringify(events)).not.toMatch(/horse|staple|token-of/);
  });
});

test('all instances are watched from now on, each beginning with where it stood', async () => {
  const before = await open.startedIn('READ', 'there before');
  const events = heard(address(open, '/stately'));
  const probe = await eventually(async () => {
    // It listens once something comes.
    const { id } = await open.engine.start('approval', { document: 'a probe' } as never);
    await setTimeout(50);
    return events.some(({ sessionId }) => sessionId === id) && id;
  });
  await open.engine.send(before, { type: 'remind' });
  const own = await eventually(() => {
    const all = events.filter(({ sessionId }) => sessionId === before);
    return all.length === 3 && all;
  });
  expect(own).toMatchObject([
    { type: '@xstate.actor', snapshot: { value: 'READ', context: { reminders: 0 } }, rootId: before },
    { type: '@xstate.event', event: { type: 'remind' } },
    { type: '@xstate.snapshot', snapshot: { value: 'READ', context: { reminders: 1 } } },
  ]);
  expect(events.find(({ sessionId }) => sessionId === probe)).toMatchObject({
    type: '@xstate.actor',
    name: 'approval',
  });
});

describe('who may watch', () => {
  test('with a token: who brings it, in a header or in the address', async () => {
    expect(await answer(`${secured.url}/stately`, {})).toBe(401);
    expect(await answer(`${secured.url}/stately`, { authorization: 'Bearer not-the-right-token' })).toBe(401);
    expect(await answer(`${secured.url}/stately`, { authorization: `Bearer ${TOKEN}` })).toBe(101);
    const id = await secured.startedIn('READ', 'secured');
    const events = heard(address(secured, `/instances/${id}/stately`, TOKEN));
    await eventually(() => events.length >= 6);
    // Elsewhere an address with a password would be sent by browsers unasked.
    const basic = { authorization: `Basic ${Buffer.from(`:${TOKEN}`).toString('base64')}` };
    await secured.problem(401, 'GET', '/instances', { headers: basic });
  });

  test('a browser with the cookie, from a page of this server only', async () => {
    const login = await secured.call('POST', '/session', { json: { token: TOKEN } });
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const { host } = new URL(secured.url);
    expect(await answer(`${secured.url}/stately`, { cookie, origin: `http://${host}` })).toBe(101);
    // Of the same site for a browser, which sends it the cookie.
    expect(await answer(`${secured.url}/stately`, { cookie, origin: 'http://127.0.0.1:9' })).toBe(403);
    expect(await answer(`${open.url}/stately`, { origin: 'http://127.0.0.1:9' })).toBe(403);
    expect(await answer(`${open.url}/stately`, { host: 'evil.example' })).toBe(403);
  });

  test('what is not there, or no WebSocket, is said before it opens', async () => {
    expect(await answer(`${open.url}/instances/nope/stately`, {})).toBe(404);
    expect(await answer(`${open.url}/nowhere`, {})).toBe(404);
    const problem = await open.problem(426, 'GET', '/stately');
    expect(problem.code).toBe('UPGRADE_REQUIRED');
  });

  test('a server that stops does not wait for those who watch', async () => {
    const short = await startServer({ work: false });
    const socket = new WebSocket(address(short, '/stately'));
    await new Promise((resolve) => socket.on('open', resolve));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await short.close();
    expect(await closed).toBe(1001);
  });
});

describe('durachart stately', () => {
  test('gives an instance on to the relay of Stately’s inspector', async () => {
    const port = await freePort();
    const relay = createInspectorServer({ port, autoOpen: false });
    try {
      const id = await secured.startedIn('READ', 'relayed');
      await secured.engine.send(id, { type: 'reject' });
      await secured.engine.result(id);
      const events = heard(`ws://localhost:${port}`);
      const environment = { DURACHART_URL: secured.url, DURACHART_API_TOKEN: TOKEN };
      const { exitCode, err } = await run(['stately', id, '--to', `ws://localhost:${port}`], { environment });
      expect([exitCode, err]).toEqual([0, expect.stringContaining('8 messages; it has ended.')]);
      await eventually(() => events.length === 8);
      expect(events[0]).toMatchObject({ type: '@xstate.actor', name: 'approval' });
      expect(await run(['stately', 'nope', '--to', `ws://localhost:${port}`], { environment })).toMatchObject({
        exitCode: 3,
      });
      const alone = { DURACHART_URL: secured.url };
      expect(await run(['stately', id, '--to', `ws://localhost:${port}`], { environment: alone })).toMatchObject({
        exitCode: 4,
        err: expect.stringContaining('DURACHART_API_TOKEN') as string,
      });
    } finally {
      relay.stop();
    }
  });

  test('says that no relay is there', async () => {
    const { exitCode, err } = await run(['stately', '--to', `ws://localhost:${await freePort()}`]);
    expect([exitCode, err]).toEqual([5, expect.stringContaining('relay')]);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
