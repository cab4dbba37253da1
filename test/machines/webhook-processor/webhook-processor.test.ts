import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { parseConfig, useConfig } from '../../../machines/webhook-processor/config.ts';
import {
  triggerWebhookProcessor,
  webhookProcessor,
  webhookReceived,
  webhookRoute,
} from '../../../machines/webhook-processor/index.ts';
import { createApi, serveApi } from '../../../src/http/index.ts';
import { defineWorkflow, type Engine } from '../../../src/index.ts';
import { eventually, standing } from '../../support/engine.ts';
import { usePipeline } from '../support/pipeline.ts';

const pipeline = usePipeline();
const STANDARD = `whsec_${Buffer.from('a secret of thirty-two bytes ...').toString('base64')}`;
const STRIPE = 'whsec_stripe_secret';
const TOKEN = 'a-token-of-the-api-1234';

beforeEach(() => useConfig({ standard: [STANDARD], stripe: ['whsec_older', STRIPE] }));
afterEach(() => useConfig(undefined));

/** Started by each webhook; DONE at once, with what came. */
const listener = defineWorkflow({
  machine: setup({
    types: {} as { input: { webhookId: string; data: unknown }; context: { webhookId: string; data: unknown } },
  }).createMachine({
    id: 'listener',
    context: ({ input }) => input,
    initial: 'DONE',
    states: { DONE: { type: 'final' } },
  }),
  input: z.object({ webhookId: z.string(), data: z.unknown() }),
  subscriptions: ({ startedBy }) => [
    startedBy(webhookReceived, { input: ({ webhookId, data }) => ({ webhookId, data }) }),
  ],
});
const workflows = [webhookProcessor, listener] as const;

async function serve(token?: string): Promise<{ url: string; engine: Engine<typeof workflows> }> {
  const engine = await pipeline.worker(workflows);
  const api = createApi(engine as unknown as Engine, { artifacts: pipeline.artifacts, routes: [webhookRoute], token });
  const server = await serveApi(api, { port: 0 });
  onTestFinished(async () => server.close());
  return { url: server.url, engine };
}

const post = (
  url: string,
  provider: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
) =>
  fetch(`${url}/webhooks/${provider}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });

const seconds = (ago = 0): number => Math.floor(Date.now() / 1000) - ago;

function bySecret(secret: string, id: string, body: string, ago = 0): Record<string, string> {
  const time = seconds(ago);
  const signature = new Webhook(secret).sign(id, new Date(time * 1000), body);
  return { 'webhook-id': id, 'webhook-timestamp': String(time), 'webhook-signature': signature };
}

function asStripe(body: string, { ago = 0, secret = STRIPE, before = '' } = {}): Record<string, string> {
  const time = seconds(ago);
  const v1 = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
  return { 'stripe-signature': `t=${time},${before}v1=${v1},v0=${'0'.repeat(64)}` };
}

const stored = async (): Promise<string[]> => (await pipeline.artifacts.list('webhooks/')).map(({ key }) => key);
const count = async (): Promise<number> =>
  (await pipeline.sql`select count(*)::int as n from durachart.instances`)[0]?.['n'] as number;
const heard = async (webhookId: string): Promise<unknown[]> =>
  (
    await pipeline.sql`select input -> 'data' as data from durachart.instances where workflow = 'listener' and input ->> 'webhookId' = ${webhookId}`
  ).map(({ data }) => data as unknown);

describe('a signed webhook is stored as it came, and published', () => {
  test.each([
    [
      'standard',
      'msg_1',
      '{"type":"invoice.paid",  "data":{"ü":1}}',
      (body: string) => bySecret(STANDARD, 'msg_1', body),
    ],
    [
      'stripe',
      'evt_1',
      '{"id":"evt_1","type":"payment_intent.succeeded","data":{"n":1.50}}',
      (body: string) => asStripe(body),
    ],
  ])('%s', async (provider, id, body, sign) => {
    const { url, engine } = await serve();
    const response = await post(url, provider, body, sign(body));
    expect(response.status).toBe(202);
    const { instance, duplicate } = (await response.json()) as { instance: string; duplicate: boolean };
    expect(duplicate).toBe(false);
    const { type } = JSON.parse(body) as { type: string };
    expect(await engine.result(instance, { timeout: 10_000 })).toEqual({ published: true, type });
    expect((await engine.get(instance)).state).toBe('PUBLISHED');
    const [row] = await pipeline.sql<
      { type: string; body: string }[]
    >`select type, body from webhook_processor.deliveries where webhook_id = ${id}`;
    expect(row?.type).toBe(type);
    expect(await pipeline.text(row?.body ?? '')).toBe(body);
    expect(await eventually(async () => (await heard(id)).length > 0 && heard(id))).toEqual([JSON.parse(body)]);
  });
});

describe('a body that no event can hold is published by its key', () => {
  let id = '';
  let last = 0;
  beforeEach(() => void (id = `evt_odd_${last++}`));
  const bodyOf = (rest: string, type = 'x'): string => `{"id":"${id}","type":${JSON.stringify(type)},"rest":${rest}}`;
  test.each([
    ['300 KB', JSON.stringify('x'.repeat(300_000))],
    ['a MiB, nearly', JSON.stringify('x'.repeat(1_048_000))],
    ['NUL', String.raw`"\u0000"`],
    ['a lone surrogate', String.raw`"\ud800"`],
    ['a number beyond all', '1e400'],
    ['an integer that JavaScript does not have', '9007199254740993'],
    ['600 levels', `${'['.repeat(600)}${']'.repeat(600)}`],
    ["the engine's key", '{"$durachart":"payload"}'],
    ['a key twice', '{"a":1,"a":2}'],
  ])('%s', async (_, rest) => {
    const body = bodyOf(rest);
    const { url, engine } = await serve();
    const response = await post(url, 'stripe', body, asStripe(body));
    expect(response.status).toBe(202);
    const { instance } = (await response.json()) as { instance: string };
    expect(await engine.result(instance, { timeout: 10_000 })).toEqual({ published: true, type: 'x' });
    expect(await eventually(async () => (await heard(id)).length > 0 && heard(id))).toEqual([null]);
    const [row] = await pipeline.sql<
      { body: string }[]
    >`select body from webhook_processor.deliveries where webhook_id = ${id}`;
    expect(await pipeline.text(row?.body ?? '')).toBe(body);
  });

  test.each([
    ['an emoji at its end', `${'x'.repeat(199)}\u{1f600}`, `${'x'.repeat(199)}\u{1f600}`],
    ['half an emoji', 'a\ud83d', 'a\ufffd'],
    ['NUL', 'a\0b', 'a\ufffdb'],
    ['1,000 emojis', '\u{1f600}'.repeat(1_000), '\u{1f600}'.repeat(200)],
  ])('a type with %s is stored', async (_, type, stored) => {
    const { url, engine } = await serve();
    const body = bodyOf('1', type);
    const { instance } = (await (await post(url, 'stripe', body, asStripe(body))).json()) as { instance: string };
    expect(await engine.result(instance, { timeout: 10_000 })).toEqual({ published: true, type: stored });
  });
});

describe('what is refused, and leaves nothing behind', () => {
  const body = '{"id":"evt_bad","type":"x"}';
  // Signed when it is sent: what is ten seconds too early would else come in time on a slow machine.
  test.each([
    ['a provider that is not known', 'nobody', body, () => asStripe(body), 404, 'UNKNOWN_PROVIDER'],
    ['a name that every object has', 'constructor', body, () => asStripe(body), 404, 'UNKNOWN_PROVIDER'],
    ['no signature', 'stripe', body, () => ({}), 401, 'SIGNATURE_INVALID'],
    [
      'a signature by another secret',
      'stripe',
      body,
      () => asStripe(body, { secret: 'other' }),
      401,
      'SIGNATURE_INVALID',
    ],
    ['a signature of another body', 'stripe', `${body} `, () => asStripe(body), 401, 'SIGNATURE_INVALID'],
    ['one that is over five minutes old', 'stripe', body, () => asStripe(body, { ago: 305 }), 401, 'SIGNATURE_INVALID'],
    ['one of the future', 'stripe', body, () => asStripe(body, { ago: -310 }), 401, 'SIGNATURE_INVALID'],
    [
      'another version of the scheme alone',
      'stripe',
      body,
      () => ({ 'stripe-signature': `t=${seconds()},v0=00` }),
      401,
      'SIGNATURE_INVALID',
    ],
    [
      'half a signature',
      'stripe',
      body,
      () => ({ 'stripe-signature': `t=${seconds()},v1=00` }),
      401,
      'SIGNATURE_INVALID',
    ],
    ['no signature (standard)', 'standard', body, () => ({}), 401, 'SIGNATURE_INVALID'],
    ['another secret (standard)', 'standard', body, () => bySecret('whsec_AAAA', 'm', body), 401, 'SIGNATURE_INVALID'],
    [
      'another id (standard)',
      'standard',
      body,
      () => ({ ...bySecret(STANDARD, 'm', body), 'webhook-id': 'n' }),
      401,
      'SIGNATURE_INVALID',
    ],
    [
      'over five minutes old (standard)',
      'standard',
      body,
      () => bySecret(STANDARD, 'm', body, 305),
      401,
      'SIGNATURE_INVALID',
    ],
    ['no JSON, though signed', 'stripe', 'hello', () => asStripe('hello'), 400, 'PAYLOAD_INVALID'],
    ['no id, though signed', 'stripe', '{"type":"x"}', () => asStripe('{"type":"x"}'), 400, 'PAYLOAD_INVALID'],
    ['no UTF-8', 'stripe', new Uint8Array([0x7b, 0xff, 0x7d]), () => asStripe(body), 400, 'PAYLOAD_INVALID'],
    ['more than a MiB', 'stripe', 'x'.repeat(1024 * 1024 + 1), () => ({}), 413, 'BODY_TOO_LARGE'],
  ])('%s', async (_, provider, sent, headers, status, code) => {
    const { url } = await serve();
    const before = [await stored(), await count()];
    const response = await post(url, provider, sent, headers());
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ status, code });
    expect(text).not.toContain('whsec');
    expect([await stored(), await count()]).toEqual(before);
  });

  test('a provider without a secret is not there', async () => {
    useConfig({ standard: [], stripe: [] });
    const { url } = await serve();
    expect((await post(url, 'stripe', body, asStripe(body, { secret: '' }))).status).toBe(404);
    expect((await fetch(`${url}/webhooks/stripe`)).status).toBe(405);
  });
});

test.each([
  [
    'WEBHOOK_STANDARD_SECRET',
    'whsec_bad!!',
    'WEBHOOK_STANDARD_SECRET, secret 2 of 3, is not whsec_ followed by base64',
  ],
  ['WEBHOOK_STANDARD_SECRET', 'whsec_a-_b', 'WEBHOOK_STANDARD_SECRET, secret 2 of 3, is not whsec_ followed by base64'],
  [
    'WEBHOOK_STANDARD_SECRET',
    'whsec_QUJDRA',
    'WEBHOOK_STANDARD_SECRET, secret 2 of 3, is not whsec_ followed by base64',
  ],
  ['WEBHOOK_STANDARD_SECRET', 'v1,whsec_QUJD', 'WEBHOOK_STANDARD_SECRET, secret 2 of 4, is the version of a signature'],
  ['WEBHOOK_STANDARD_SECRET', 'whsec_', 'WEBHOOK_STANDARD_SECRET, secret 2 of 3, is empty'],
  ['WEBHOOK_STANDARD_SECRET', ' ', 'WEBHOOK_STANDARD_SECRET, secret 2 of 3, is empty'],
  ['WEBHOOK_STRIPE_SECRET', 'whsec_', 'WEBHOOK_STRIPE_SECRET, secret 2 of 3, is empty'],
  ['WEBHOOK_STRIPE_SECRET', 'whsec_a b', 'WEBHOOK_STRIPE_SECRET, secret 2 of 3, is not whsec_ followed by printable'],
])('a malformed secret among good ones keeps the server from starting: %s %s', async (variable, secret, words) => {
  useConfig(undefined);
  const before = process.env[variable];
  process.env[variable] = `${STANDARD},${secret},${STANDARD}`;
  try {
    const error = await serve().then(
      () => undefined,
      (thrown: unknown) => thrown as { code: string; message: string },
    );
    expect(error).toMatchObject({ code: 'INVALID_CONFIG', message: expect.stringContaining(words) });
    for (const part of [STANDARD.slice(6), ...secret.split(/whsec_|,/).filter((text) => text.trim().length > 2)])
      expect(error?.message).not.toContain(part);
  } finally {
    if (before === undefined) delete process.env[variable];
    else process.env[variable] = before;
  }
});

test('whatever is taken for a secret at the start can be verified with', () => {
  const { standard } = parseConfig({ WEBHOOK_STANDARD_SECRET: ` ${STANDARD} , QUJD,whsec_QUI=,whsec_QQ==` });
  expect(standard).toHaveLength(4);
  for (const secret of standard ?? []) expect(() => new Webhook(secret)).not.toThrow();
  expect(parseConfig({ WEBHOOK_STANDARD_SECRET: ' ', WEBHOOK_STRIPE_SECRET: '' })).toEqual({
    standard: [],
    stripe: [],
  });
});

test('a secret that is being changed: the older one and several signatures count too', async () => {
  const { url } = await serve();
  const body = '{"id":"evt_rotated","type":"x"}';
  expect(
    (await post(url, 'stripe', body, asStripe(body, { secret: 'whsec_older', before: `v1=${'0'.repeat(64)},` })))
      .status,
  ).toBe(202);
});

test('the same webhook many times at once is published once; the body of the first stays', async () => {
  const { url, engine } = await serve();
  const body = '{"id":"evt_often","type":"x","n":1}';
  const other = '{"id":"evt_often","type":"x","n":2}';
  const first = await post(url, 'stripe', body, asStripe(body));
  const { instance } = (await first.json()) as { instance: string };
  const all = await Promise.all(
    Array.from({ length: 10 }, async (_, i) => {
      const sent = i % 2 === 0 ? body : other;
      const response = await post(url, 'stripe', sent, asStripe(sent));
      return [response.status, await response.json()] as const;
    }),
  );
  expect(all).toEqual(all.map(() => [202, { instance, duplicate: true }]));
  await engine.result(instance, { timeout: 10_000 });
  expect(await eventually(async () => (await heard('evt_often')).length > 0 && heard('evt_often'))).toEqual([
    JSON.parse(body),
  ]);
});

test('at once and never before: one of them is the first', async () => {
  const { url } = await serve();
  const body = '{"id":"evt_race","type":"x"}';
  const all = await Promise.all(
    Array.from(
      { length: 10 },
      async () => (await (await post(url, 'stripe', body, asStripe(body))).json()) as { duplicate: boolean },
    ),
  );
  expect(all.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
  expect(await eventually(async () => (await heard('evt_race')).length > 0 && heard('evt_race'))).toHaveLength(1);
});

test('sent again when the instance is long gone: noted as a duplicate, and not published', async () => {
  const { url, engine } = await serve();
  const body = '{"id":"evt_late","type":"x"}';
  const first = (await (await post(url, 'stripe', body, asStripe(body))).json()) as { instance: string };
  await engine.result(first.instance, { timeout: 10_000 });
  await eventually(async () => (await heard('evt_late')).length > 0);
  const again = await triggerWebhookProcessor(engine, { provider: 'stripe', webhookId: 'evt_late' });
  expect(await again.result({ timeout: 10_000 })).toEqual({ published: false, type: 'x' });
  expect((await again.status()).state).toBe('DUPLICATE');
  expect(await heard('evt_late')).toHaveLength(1);
});

test('a webhook that was never received cannot be published by hand', async () => {
  const { engine } = await serve();
  const { id } = await triggerWebhookProcessor(engine, { provider: 'stripe', webhookId: '../../x' });
  expect(await standing(engine, id, 'failed')).toMatchObject({ errorCode: 'NOT_FOUND' });
});

test('a publication that is cut off is rolled back with its note, and made once by the next attempt', async () => {
  const body = '{"id":"evt_cut","type":"x"}';
  const { url } = await serve();
  // The note is there and the event is stored, but the transaction is lost: once.
  await pipeline.sql.unsafe(`
    create sequence cut;
    create function cut() returns trigger language plpgsql as $$ begin
      if new.webhook_id = 'evt_cut' and nextval('cut') = 1 then raise exception 'cut' using errcode = '40001'; end if; return null; end $$;
    create constraint trigger cut after insert on webhook_processor.deliveries deferrable initially deferred for each row execute function cut()`);
  onTestFinished(async () => void (await pipeline.sql`drop function cut cascade`));
  const { instance } = (await (await post(url, 'stripe', body, asStripe(body))).json()) as { instance: string };
  await eventually(async () => (await heard('evt_cut')).length > 0);
  expect(await pipeline.sql`select last_value::int as tries from cut`).toEqual([{ tries: 2 }]);
  expect(
    await pipeline.sql`select instance_key from webhook_processor.deliveries where webhook_id = 'evt_cut'`,
  ).toEqual([{ instance_key: instance }]);
  expect(await heard('evt_cut')).toHaveLength(1);
});

test('with an API token the route takes webhooks without one, and nothing else does', async () => {
  const { url } = await serve(TOKEN);
  const body = '{"id":"evt_open","type":"x"}';
  expect((await post(url, 'stripe', body, asStripe(body))).status).toBe(202);
  expect((await post(url, 'stripe', body)).status).toBe(401);
  for (const path of ['/instances', '/webhooks', '/webhooks/stripe/x', '/webhooks/stripe/../../instances'])
    expect((await fetch(url + path)).status, path).toBe(401);
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, { post: { security: unknown } }>;
  };
  expect(document.paths['/webhooks/{provider}']?.post.security).toEqual([]);
});
