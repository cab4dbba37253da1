import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { migrate } from '../../src/store/migrate.ts';
import { createDatabase } from '../support/database.ts';

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
