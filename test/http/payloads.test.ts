import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { isReference, type PayloadReference } from '../../src/core/payload.ts';
import { defineStep } from '../../src/index.ts';
import { oneStep } from '../support/machines.ts';
import { startServer, type TestServer } from './support/server.ts';
import { vault } from './support/vault.ts';

const TOKEN = 'a-token-of-16-or-more';
const SECRETS_TOKEN = 'the-token-that-shows-secrets';
const plain = { headers: { authorization: `Bearer ${TOKEN}` } };
const whole = { headers: { authorization: `Bearer ${SECRETS_TOKEN}` } };
const LONG = 'l'.repeat(400_000);

const echo = oneStep('echo-long', defineStep({ input: z.unknown(), run: ({ input }) => input }));

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ workflows: [echo, vault], token: TOKEN, secretsToken: SECRETS_TOKEN });
});
afterAll(() => server.close());

test('a large value shows as a reference, and its link gives it', async () => {
  const { id } = await server.json<{ id: string }>(201, 'POST', '/workflows/echo-long/instances', {
    ...plain,
    json: { input: { text: LONG } },
  });
  await server.engine.result(id);
  const { input, output, context } = await server.json<Record<'input' | 'output' | 'context', PayloadReference>>(
    200,
    'GET',
    `/instances/${id}`,
    plain,
  );
  expect(isReference(input)).toBe(true);
  expect(output).toEqual(input);
  expect(context).toEqual({ input, output });
  expect(await server.json(200, 'GET', input.link, plain)).toEqual({ text: LONG });
  const none = input.link.replace(/\w{64}$/, '0'.repeat(64));
  expect(await server.problem(404, 'GET', none, plain)).toMatchObject({ code: 'PAYLOAD_NOT_FOUND' });
  await server.problem(422, 'GET', input.link.slice(0, -1), plain);
  // By its key it is an artifact like others, which nobody masks.
  expect(await server.problem(403, 'GET', `/artifacts/${input.key}`, plain)).toMatchObject({
    code: 'SECRETS_TOKEN_NEEDED',
  });
  expect((await server.call('GET', `/artifacts/${input.key}`, whole)).status).toBe(200);
});

test('of a workflow with secrets it is given to who may see them, and what is secret in it is masked elsewhere', async () => {
  const password = 'open sesame, said Ali';
  const { id } = await server.engine.start('vault', { account: LONG, password } as never);
  await server.engine.send(id, { type: 'close' }).catch(() => {});
  const text = async (headers: typeof plain): Promise<string> =>
    (await server.call('GET', `/instances/${id}/steps`, headers)).text();
  const { input } = await server.json<{ input: PayloadReference }>(200, 'GET', `/instances/${id}`, plain);
  expect(isReference(input)).toBe(true);
  expect(await server.problem(403, 'GET', input.link, plain)).toMatchObject({ code: 'SECRETS_TOKEN_NEEDED' });
  expect(await server.json(200, 'GET', input.link, whole)).toEqual({ account: LONG, password });
  // Its step logs the password: known to be secret only by what lies in the artifact store.
  await expect.poll(async () => text(whole)).toContain(password);
  expect(await text(plain)).not.toContain('sesame');
});
