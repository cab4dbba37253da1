import { request } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { pino } from 'pino';
import { startServer, type TestServer } from './support/server.ts';

const TOKEN = 'a-token-of-16-or-more';
const lines: string[] = [];
let open: TestServer;
let secured: TestServer;
beforeAll(async () => {
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  [open, secured] = await Promise.all([
    startServer({ work: false }),
    startServer({ work: false, token: TOKEN, log, sessions: true }),
  ]);
});
afterAll(async () => {
  await Promise.all([open.close(), secured.close()]);
});

/** As the page logs in; gives the cookie as a browser would send it. */
async function login(token = TOKEN): Promise<Response> {
  return secured.call('POST', '/session', { json: { token } });
}

async function cookie(): Promise<string> {
  return (await login()).headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

/** What the page sends. */
async function own(): Promise<{ cookie: string; 'x-requested-with': string }> {
  return { cookie: await cookie(), 'x-requested-with': 'durachart' };
}

/** fetch does not let a page's own headers be set. */
function status(method: string, path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(
      secured.url + path,
      { method, headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    asked.on('error', reject);
    asked.end(method === 'POST' ? '{}' : undefined);
  });
}

test('without a token nobody has to log in', async () => {
  expect(await open.json(200, 'GET', '/session')).toEqual({ required: false, active: true, secrets: 'none' });
});

describe('logging in', () => {
  test('exchanges the token for a cookie that scripts cannot read, and that does not tell it', async () => {
    expect(await secured.json(200, 'GET', '/session')).toEqual({ required: true, active: false, secrets: 'none' });
    const response = await login();
    expect(await response.json()).toEqual({ required: true, active: true, secrets: 'none' });
    const [set = ''] = response.headers.getSetCookie();
    expect(set).toMatch(/^durachart_session=[\w.-]+; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(set).not.toContain(TOKEN);
    const headers = { cookie: set.split(';')[0] ?? '' };
    expect(await secured.json(200, 'GET', '/session', { headers })).toEqual({
      required: true,
      active: true,
      secrets: 'none',
    });
    await secured.json(200, 'GET', '/instances', { headers });
    expect(await secured.json(200, 'GET', '/health/ready', { headers })).toMatchObject({ status: 'ready' });
  });

  test('behind https the cookie goes over https only', async () => {
    const response = await secured.call('POST', '/session', {
      json: { token: TOKEN },
      headers: { 'x-forwarded-proto': 'https' },
    });
    expect(response.headers.getSetCookie()[0]).toContain('; Secure');
  });

  test('a wrong token is refused', async () => {
    for (const token of ['wrong', `${TOKEN}x`, TOKEN.slice(0, -1), `${TOKEN} `, 'Bearer x']) {
      const response = await login(token);
      expect([response.status, response.headers.getSetCookie()]).toEqual([401, []]);
      expect(await response.json()).toMatchObject({ code: 'WRONG_TOKEN' });
    }
    await secured.problem(422, 'POST', '/session', { json: {} });
  });

  test('pages of other sites cannot log a browser in', async () => {
    const json = JSON.stringify({ token: TOKEN });
    const response = await secured.call('POST', '/session', { body: json, headers: { 'content-type': 'text/plain' } });
    expect(response.status).toBe(415);
    expect(await status('POST', '/session', { origin: 'https://evil.example' })).toBe(403);
    expect(await status('POST', '/session', { 'sec-fetch-site': 'cross-site' })).toBe(403);
  });

  test('the token is in no line of the log', async () => {
    await login();
    await login('wrong-token-of-somebody');
    expect(lines.join('\n')).toContain('/session');
    expect(lines.join('\n')).not.toMatch(/a-token-of|wrong-token-of/);
  });
});

describe('a cookie', () => {
  test('that was changed or has run out is none', async () => {
    const good = await cookie();
    const [name, value = ''] = good.split('=');
    const [until = '', salt = '', seal = ''] = value.split('.');
    const forged = [
      '',
      value.slice(0, -1),
      `${Number(until) + 1}.${salt}.${seal}`,
      `${until}.${salt}x.${seal}`,
      `${until}.${salt}.`,
      `${until}.${salt}`,
      TOKEN,
    ];
    for (const each of forged) {
      await secured.problem(401, 'GET', '/instances', { headers: { cookie: `${name}=${each}` } });
    }
    vi.useFakeTimers({ toFake: ['Date'], now: Number(until) + 1 });
    try {
      await secured.problem(401, 'GET', '/instances', { headers: { cookie: good } });
    } finally {
      vi.useRealTimers();
    }
    await secured.json(200, 'GET', '/instances', { headers: { cookie: good } });
  });

  test('of another server of the host does not hide it', async () => {
    const good = await cookie();
    for (const sent of [
      `durachart_session=x; ${good}`,
      `a=b; ${good}; durachart_session=`,
      `durachart_session; ${good}`,
    ])
      await secured.json(200, 'GET', '/instances', { headers: { cookie: sent } });
    const many = Array.from({ length: 1_000 }, () => 'durachart_session=x').join('; ');
    await secured.problem(401, 'GET', '/instances', { headers: { cookie: `${many}; ${good}`.slice(-15_000) } });
  });

  test('of a server with another token is none', async () => {
    const other = await startServer({ work: false, token: 'another-token-of-16' });
    try {
      await other.problem(401, 'GET', '/instances', { headers: { cookie: await cookie() } });
    } finally {
      await other.close();
    }
  });

  test('lets nothing be changed without the header, or from another page', async () => {
    const headers = { cookie: await cookie() };
    const own = { ...headers, 'x-requested-with': 'durachart' };
    const path = '/workflows/approval/instances';
    const { host } = new URL(secured.url);
    expect(await status('POST', path, headers)).toBe(403);
    expect(await status('PUT', '/uploads/x', headers)).toBe(403);
    expect(await status('POST', path, { ...own, origin: 'https://evil.example' })).toBe(403);
    expect(await status('POST', path, { ...own, origin: 'null' })).toBe(403);
    expect(await status('POST', path, { ...own, origin: `http://${host}`, 'sec-fetch-site': 'same-site' })).toBe(403);
    // 422: it was let in, and the workflow wants an input.
    expect(await status('POST', path, { ...own, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' })).toBe(422);
    expect(await status('POST', path, { ...own, origin: `https://${host}` })).toBe(422);
    // A program has no cookie to be misused.
    expect(await status('POST', path, { authorization: `Bearer ${TOKEN}` })).toBe(422);
  });

  test('is over for good once its browser has logged out; others are not', async () => {
    const [headers, other] = [await own(), await own()];
    const response = await secured.call('DELETE', '/session', { headers });
    expect(response.headers.getSetCookie()[0]).toMatch(/^durachart_session=; Max-Age=0/);
    expect(await response.json()).toEqual({ required: true, active: false, secrets: 'none' });
    await secured.problem(401, 'GET', '/instances', { headers });
    expect(await secured.json(200, 'GET', '/session', { headers })).toMatchObject({ active: false });
    await secured.json(200, 'GET', '/instances', { headers: other });
  });

  test('is over when all are ended, on every server of the database, and a new one is good', async () => {
    const second = await startServer({
      work: false,
      token: TOKEN,
      database: secured.databaseUrl,
      sessions: true,
    });
    try {
      const [headers, other] = [await own(), await own()];
      await second.json(200, 'GET', '/instances', { headers });
      await secured.problem(401, 'DELETE', '/session?everywhere=true');
      await secured.problem(403, 'DELETE', '/session?everywhere=true', { headers: { cookie: other.cookie } });
      await secured.json(200, 'DELETE', '/session?everywhere=true', { headers: other });
      for (const gone of [headers, other]) await secured.problem(401, 'GET', '/instances', { headers: gone });
      await expect
        .poll(async () => (await second.call('GET', '/instances', { headers })).status, { timeout: 10_000 })
        .toBe(401);
      // A session that begins in the very millisecond is one of those.
      await setTimeout(2);
      await second.json(200, 'GET', '/instances', { headers: await own() });
    } finally {
      await second.close();
    }
  });

  test('is ended by who has the token, without any browser', async () => {
    const headers = await own();
    await secured.json(200, 'DELETE', '/session?everywhere=true', { headers: { authorization: `Bearer ${TOKEN}` } });
    await secured.problem(401, 'GET', '/instances', { headers });
  });
});
