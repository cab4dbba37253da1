import { expect, test } from 'vitest';
import { createEngine } from '../../src/create-engine.ts';
import { migrate } from '../../src/store/migrate.ts';
import { serverUrl } from '../../src/store/server-url.ts';
import { useBench } from '../support/engine.ts';
import { waitsForGo } from '../support/machines.ts';

const bench = useBench();

const AT = 'postgres://u:p%3Fw@h:5432/d';

test.each([
  ['without parameters', AT, AT],
  [
    'with those of the server and of this client',
    `${AT}?sslmode=require&statement_timeout=5s`,
    `${AT}?sslmode=require&statement_timeout=5s`,
  ],
  ['with what Prisma adds', `${AT}?schema=public&connection_limit=1&pgbouncer=true`, AT],
  [
    'with several hosts',
    'postgres://a:1,b:2/d?target_session_attrs=read-write&keepalives=1',
    'postgres://a:1,b:2/d?target_session_attrs=read-write',
  ],
  [
    'with channel binding that is only preferred',
    `${AT}?sslmode=require&channel_binding=prefer`,
    `${AT}?sslmode=require`,
  ],
])('of a URL %s, what the server and this client know stays', (_, url, kept) => {
  expect(serverUrl(url)).toBe(kept);
});

test.each([
  'sslmode=require&channel_binding=require',
  'channel_binding=require',
  'sslmode=verify-full&sslrootcert=system',
])('with ?%s the server’s certificate is verified', (query) => {
  expect(serverUrl(`${AT}?${query}`)).toBe(`${AT}?sslmode=verify-full`);
});

test('a URL as providers and ORMs give it is one to work with', async () => {
  const url = `${bench.url}?schema=public&connection_limit=5&channel_binding=prefer&application_name=orders`;
  await migrate(url);
  const engine = createEngine({ database: url, workflows: [waitsForGo('provided')] });
  await engine.work();
  const { id } = await engine.start('provided', undefined);
  expect(await engine.get(id)).toMatchObject({ workflow: 'provided' });
  await engine.stop();
});
