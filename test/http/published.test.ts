import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page, Published, PublishedEvent } from '../../src/http/types.ts';
import { run } from '../cli/support/cli.ts';
import { startServer, type TestServer } from './support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const publish = (status: number, json: object, key?: string) =>
  server.json<Published>(status, 'POST', '/events', {
    json,
    ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
  });
const cli = async (...args: string[]) => run(args, { environment: { DURACHART_URL: server.url } });

test('an event starts and reaches instances, once for a key', async () => {
  const event = { name: 'document.filed', payload: { document: 'deed' } };
  const { id, started, ...rest } = await publish(201, event, 'deed-1');
  expect(rest).toMatchObject({ ...event, key: 'deed-1', source: null, reached: 0, problems: [], duplicate: false });
  expect(rest.deliveredAt).not.toBeNull();
  const [instance] = started as [string];
  await server.engine.result(instance, { timeout: 1 }).catch(() => {});
  await expect.poll(async () => (await server.engine.get(instance)).state).toBe('READ');
  expect(await publish(200, event, 'deed-1')).toMatchObject({ id, started, duplicate: true });
  const signed = await publish(201, { name: 'document.signed', payload: { document: 'deed', by: 'ada' } });
  expect(signed).toMatchObject({ started: [], reached: 1 });
  expect(await server.engine.result(instance)).toEqual({ words: 1, by: 'ada' });
  expect(await server.json<PublishedEvent>(200, 'GET', `/events/published/${id}`)).toMatchObject({ id, started });
  const page = await server.json<Page<PublishedEvent>>(200, 'GET', '/events/published?limit=1');
  expect(page.items).toMatchObject([{ id: signed.id }]);
  const next = await server.json<Page<PublishedEvent>>(
    200,
    'GET',
    `/events/published?name=document.filed&cursor=${page.next}`,
  );
  expect(next).toMatchObject({ items: [{ id }], next: null });
});

test('what cannot be published is refused, with what would be', async () => {
  const post = (json: object, key?: string) =>
    server.problem(key === undefined ? 422 : 409, 'POST', '/events', {
      json,
      ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
    });
  expect(await post({ name: 'nobody.knows', payload: {} })).toMatchObject({
    code: 'UNKNOWN_EVENT',
    events: ['document.filed', 'document.signed'],
  });
  expect(await post({ name: 'document.filed', payload: {} })).toMatchObject({
    code: 'INVALID_EVENT',
    errors: [{ path: 'document' }],
  });
  await publish(201, { name: 'document.filed', payload: { document: 'a' } }, 'key');
  expect(await post({ name: 'document.filed', payload: { document: 'b' } }, 'key')).toMatchObject({
    code: 'KEY_REUSED',
  });
  expect(await server.problem(404, 'GET', '/events/published/999999')).toMatchObject({ code: 'EVENT_NOT_FOUND' });
  expect(await server.problem(422, 'GET', '/events/published?cursor=x')).toMatchObject({ code: 'INVALID_CURSOR' });
});

test('the CLI publishes, and lists what was published', async () => {
  const payload = ['--payload', '{"document":"by the cli"}', '--key', 'cli-1'];
  const done = await cli('publish', 'document.filed', ...payload);
  expect(done).toMatchObject({ exitCode: 0, err: '' });
  expect(done.out).toMatch(
    /^published document\.filed as event \d+: 1 instance started, 0 reached\n  started k-\w+\n$/,
  );
  expect((await cli('publish', 'document.filed', ...payload)).out).toMatch(
    /^already published with this key, as event \d+/,
  );
  expect(await cli('publish', 'nothing')).toMatchObject({
    exitCode: 4,
    err: expect.stringContaining('document.signed') as string,
  });
  const { out } = await cli('published', '--name', 'document.filed', '--limit', '1');
  expect(out.split('\n')[0]).toBe('ID  EVENT           PUBLISHED  STARTED  REACHED    KEY    PAYLOAD');
  expect(out.split('\n')[1]).toMatch(/^ *\d+  document\.filed  .*1        0    cli-1  \{"document":"by the cli"\}$/);
});
