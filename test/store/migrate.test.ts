import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { expect, onTestFinished, test } from 'vitest';
import { migrate } from '../../src/store/migrate.ts';
import { createDatabase, createMigrated } from '../support/database.ts';

test('five that migrate at once, in processes and connections of their own, do it once', async () => {
  const { url, drop } = await createDatabase();
  const script = fileURLToPath(new URL('./support/migrate.ts', import.meta.url));
  const processes = Array.from({ length: 3 }, async () => once(fork(script, [url], { stdio: 'inherit' }), 'exit'));
  await Promise.all(Array.from({ length: 2 }, () => migrate(url)));
  expect(await Promise.all(processes)).toEqual(Array.from({ length: 3 }, () => [0, null]));
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const applied = await sql`select hash from durachart.migrations`;
  expect(new Set(applied.map(({ hash }) => hash as string)).size).toBe(applied.length);
  expect(applied.length).toBeGreaterThan(0);
  const tables = await sql<
    { name: string }[]
  >`select table_name as name from information_schema.tables where table_schema = 'durachart' order by 1`;
  for (const name of ['events', 'instances', 'steps', 'timers', 'transitions', 'workers'])
    expect(tables.map((table) => table.name)).toContain(name);
  await migrate(url);
  expect(await sql`select hash from durachart.migrations`).toHaveLength(applied.length);
  await sql.end();
  await drop();
});

test('what is up to date is left alone: whoever may only read the journal can say so', async () => {
  const database = await createMigrated();
  const admin = postgres(database.url, { max: 1, onnotice: () => {} });
  const role = `reads_${randomUUID().slice(0, 8)}`;
  onTestFinished(async () => {
    await admin.unsafe(`drop owned by ${role}`);
    await admin.unsafe(`drop role ${role}`);
    await admin.end();
    await database.drop();
  });
  await admin.unsafe(`create role ${role} login password 'secret'`);
  await admin.unsafe(`grant usage on schema durachart to ${role}`);
  await admin.unsafe(`grant select on durachart.migrations to ${role}`);
  const url = new URL(database.url);
  url.username = role;
  url.password = 'secret';
  await migrate(url.href);
  const newest = admin`delete from durachart.migrations where created_at = (select max(created_at) from durachart.migrations)`;
  expect((await newest).count).toBe(1);
  await expect(migrate(url.href)).rejects.toMatchObject({ cause: { code: '42501' } });
});
