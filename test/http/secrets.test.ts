import { gunzipSync } from 'node:zlib';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrateWorkflows } from '../../src/store/migrate-workflows.ts';
import { eventually, standing } from '../support/engine.ts';
import { startServer, type TestServer } from './support/server.ts';
import { relaying, vault } from './support/vault.ts';

const TOKEN = 'a-token-of-16-or-more';
const SECRETS_TOKEN = 'the-token-that-shows-secrets';
const PASSWORD = `it's "hunter" & co`;
const ROTATED = 'correct horse battery';

let server: TestServer;
/** Stands in OPEN, its password rotated. */
let open: string;
/** Failed, with its password in the error. */
let locked: string;
beforeAll(async () => {
  server = await startServer({ workflows: [vault, relaying], token: TOKEN, secretsToken: SECRETS_TOKEN });
  open = (await server.engine.start('vault', { account: 'ada', password: PASSWORD } as never)).id;
  await standing(server.engine, open, 'waiting');
  await server.engine.send(open, { type: 'rotate', password: ROTATED, reason: 'it was old' });
  await server.engine.send(open, { type: 'open', pin: 8_642_097 });
  await eventually(async () => (await server.engine.get(open)).sequence === 4);
  await server.engine.operate(
    open,
    { operation: 'edit', patch: [{ op: 'replace', path: '/password', value: ROTATED }] },
    { wait: 5_000, why: `not ${ROTATED}` },
  );
  locked = (await server.engine.start('vault', { account: 'locked out', password: PASSWORD } as never)).id;
  await standing(server.engine, locked, 'failed');
});
afterAll(() => server.close());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const masked = { headers: bearer(TOKEN) };
const whole = { headers: bearer(SECRETS_TOKEN) };

/** Whether any of the secrets is in a text, in whatever form. */
function leaks(text: string): string[] {
  const token = `token-of-${open}`;
  const forms = [PASSWORD, ROTATED, token].flatMap((secret) => [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
  ]);
  return [...forms, 'hunter', 'battery', '8642097'].filter((form) => text.includes(form));
}

const READ = (id: string): string[] => [
  `/instances/${id}`,
  `/instances/${id}/history`,
  `/instances/${id}/steps`,
  `/instances/${id}/explain`,
  `/instances/${id}/export`,
  `/instances/${id}/operations`,
  `/instances/${id}/snapshots/1`,
];

describe('without the right to secrets', () => {
  test('a published event has none', async () => {
    const json = { name: 'account.moved', payload: { account: 'nobody', password: PASSWORD } };
    const key = { 'idempotency-key': `moved to hunter` };
    const posted = await server.call('POST', '/events', { headers: { ...masked.headers, ...key }, json });
    const answer = (await posted.json()) as { id: number; payload: unknown };
    expect(answer.payload).toEqual({ account: 'nobody', password: '[secret]' });
    const listed = await server.call('GET', '/events/published', masked);
    expect(leaks((await listed.text()).replace('moved to hunter', ''))).toEqual([]);
    expect(await server.json(200, 'GET', `/events/published/${answer.id}`, whole)).toMatchObject({
      payload: { password: PASSWORD },
    });
  });

  test('no answer has one, whatever is asked', async () => {
    const paths = [
      ...READ(open),
      ...[2, 3, 4, 5].map((sequence) => `/instances/${open}/snapshots/${sequence}`),
      ...READ(locked),
      '/instances',
      '/instances?status=failed',
      '/operations',
      '/statistics',
      '/workflows/vault',
      '/workflows/vault/statistics',
      `/instances/${locked}/result`,
    ];
    for (const path of paths) expect(leaks(await (await server.call('GET', path, masked)).text()), path).toEqual([]);
  });

  test('an event that is relayed for another workflow has none of its fields', async () => {
    const { id } = await server.engine.start('relaying', undefined as never);
    const [from, to] = [`${id}.1.from`, `${id}.1.to`];
    for (const one of [from, to])
      await eventually(async () => (await server.engine.get(one).catch(() => undefined))?.sequence === 1);
    await server.engine.send(from, { type: 'SAY', word: 'swordfish' });
    await eventually(async () => (await server.engine.get(to)).sequence === 2);
    const text = await (await server.call('GET', `/instances/${id}/export`, masked)).text();
    expect(text).not.toContain('swordfish');
    expect(text).toContain('{"systemId":"to","from":"');
    expect(text).toContain('"event":{"type":"SAID","word":"[secret]"}');
  });

  test('what is not marked is there as it is', async () => {
    const view = await server.json<Record<string, unknown>>(200, 'GET', `/instances/${open}`, masked);
    expect(view).toMatchObject({
      state: 'OPEN',
      input: { account: 'ada', password: '[secret]' },
      context: {
        account: 'ada',
        password: '[secret]',
        note: '[secret] became [secret]: it was old',
        session: { token: '[secret]', since: 'today' },
        pin: '[secret]',
      },
    });
    const { items } = await server.json<{ items: { logs: unknown; output: unknown }[] }>(
      200,
      'GET',
      `/instances/${open}/steps`,
      masked,
    );
    expect(items[0]).toMatchObject({
      input: { account: 'ada', password: '[secret]' },
      output: { token: '[secret]', since: 'today' },
      message: 'trying [secret]',
      logs: [{ message: 'login with [secret]', fields: { account: 'ada', with: '{"password":"[secret]"}' } }],
    });
    const failed = await server.json<{ error: unknown }>(200, 'GET', `/instances/${locked}`, masked);
    expect(failed.error).toMatchObject({
      code: 'LOCKED',
      message: 'No login for locked out:[secret]',
      details: { tried: '[secret]' },
    });
  });

  test('none is in what a preview or an operation answers, nor in a refusal', async () => {
    const asked: [string, string, unknown][] = [
      ['POST', `/instances/${open}/events/preview`, { type: 'close' }],
      ['POST', `/instances/${open}/events/preview`, { type: 'rotate', password: 'another one', reason: 'x' }],
      ['POST', `/instances/${open}/edit`, { patch: [{ op: 'replace', path: '/account', value: 'eve' }] }],
      ['POST', `/instances/${open}/pause`, { why: `because of ${ROTATED}` }],
      ['POST', `/instances/${open}/unpause`, {}],
      ['POST', `/instances/${locked}/retry`, {}],
      ['POST', `/instances/${locked}/skip`, { step: 'enter', output: 7 }],
      ['POST', `/instances/${open}/fork`, {}],
      ['POST', `/instances/${open}/rewind`, { to: 2 }],
    ];
    for (const [method, path, json] of asked) {
      const response = await server.call(method, path, { ...masked, json });
      expect(leaks(await response.text()), path).toEqual([]);
    }
    await standing(server.engine, locked, 'failed');
  });

  test.each([
    ['copies', [{ op: 'copy', from: '/password', path: '/note' }]],
    ['moves', [{ op: 'move', from: '/session', path: '/note' }]],
    ['guesses at', [{ op: 'test', path: '/session/token', value: 'token-of-somebody' }]],
    ['takes all of', [{ op: 'copy', from: '', path: '/note' }]],
  ])('a patch that %s what is secret is refused', async (_, patch) => {
    for (const operation of ['edit', 'fork']) {
      const problem = await server.problem(422, 'POST', `/instances/${open}/${operation}`, {
        ...masked,
        json: { patch },
      });
      expect(problem).toMatchObject({ code: 'INVALID_PATCH', detail: expect.stringContaining('secret') as string });
    }
  });

  test('a patch that would put the mask in the place of a secret is refused', async () => {
    const patch = [{ op: 'add', path: '/session', value: { token: '[secret]', since: 'now' } }];
    const problem = await server.problem(422, 'POST', `/instances/${open}/edit`, { ...masked, json: { patch } });
    expect(problem.detail).toContain('[secret]');
  });

  test('none comes by the streams', async () => {
    const end = new AbortController();
    const streams = ['/events?after=0', `/instances/${locked}/events/stream?after=0`, '/events'];
    const texts = streams.map(async (path) => {
      const response = await server.call('GET', path, { ...masked, signal: end.signal });
      let text = '';
      try {
        for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
      } catch {
        // That is how it ends.
      }
      return text;
    });
    const { id } = await server.engine.start('vault', { account: 'bob', password: PASSWORD } as never);
    await standing(server.engine, id, 'waiting');
    await server.engine.send(id, { type: 'close' });
    await server.engine.result(id);
    setTimeout(() => end.abort(), 300);
    const all = (await Promise.all(texts)).join('\n');
    expect(all).toContain('rotate');
    expect(all).toContain('it was old');
    expect(leaks(all)).toEqual([]);
  });

  test('a browser that has logged in with the other token sees none either', async () => {
    const login = await server.call('POST', '/session', { json: { token: TOKEN } });
    expect(await login.json()).toMatchObject({ secrets: 'masked' });
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    expect(leaks(await (await server.call('GET', `/instances/${open}`, { headers: { cookie } })).text())).toEqual([]);
  });

  test('an archive of removed instances is not given out', async () => {
    const gone = (await server.engine.start('vault', { account: 'gone', password: PASSWORD } as never)).id;
    await standing(server.engine, gone, 'waiting');
    await server.engine.cancel(gone, { force: true, wait: 5_000 });
    const json = { endedBefore: new Date(Date.now() + 1_000).toISOString(), archive: 'old', status: ['cancelled'] };
    const { archives } = await server.json<{ archives: string[] }>(200, 'POST', '/retention', { ...masked, json });
    await server.problem(403, 'GET', `/artifacts/${archives[0]}`, masked);
    const bytes = await (await server.call('GET', `/artifacts/${archives[0]}`, whole)).arrayBuffer();
    expect(gunzipSync(bytes).toString()).toContain(JSON.stringify(PASSWORD));
  });

  test('of a workflow that this server does not know no data is told', async () => {
    const blind = await startServer({
      workflows: [{ ...vault, name: 'renamed' }],
      database: server.databaseUrl,
      work: false,
      token: TOKEN,
    });
    try {
      for (const path of [...READ(open), ...READ(locked)]) {
        const text = await (await blind.call('GET', path, masked)).text();
        expect(leaks(text), path).toEqual([]);
        expect(text, path).not.toContain('it was old');
      }
      expect(await blind.json(200, 'GET', `/instances/${open}`, masked)).toMatchObject({
        context: '[secret]',
        state: 'OPEN',
      });
    } finally {
      await blind.close();
    }
  });
});

describe('with the right to secrets', () => {
  test('all of it is there', async () => {
    expect(await server.json(200, 'GET', `/instances/${open}`, whole)).toMatchObject({
      input: { password: PASSWORD },
      context: { session: { token: `token-of-${open}` } },
    });
    const text = await (await server.call('GET', `/instances/${locked}/steps`, whole)).text();
    expect(text).toContain(JSON.stringify(`login with ${PASSWORD}`));
    const login = await server.call('POST', '/session', { json: { token: SECRETS_TOKEN } });
    expect(await login.json()).toMatchObject({ secrets: 'shown' });
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    expect(leaks(await (await server.call('GET', `/instances/${open}`, { headers: { cookie } })).text())).not.toEqual(
      [],
    );
  });
});

describe('the views of SQL', () => {
  test('leave out what is secret, and what nobody can tell of', async () => {
    await migrateWorkflows(server.databaseUrl, [vault]);
    const sql = postgres(server.databaseUrl, { max: 1 });
    const columns =
      await sql`select column_name as name from information_schema.columns where table_schema = 'durachart' and table_name = 'vault'`;
    await sql.end();
    const names = columns.map(({ name }) => name as string);
    expect(names).toEqual(
      expect.arrayContaining(['input_account', 'context_account', 'context_note', 'output_account']),
    );
    expect(names.filter((name) => /password|session|token|pin/.test(name))).toEqual([]);
  });
});
