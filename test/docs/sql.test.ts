import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrateAll } from '../../src/server.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

const page = await readFile(fileURLToPath(new URL('../../docs/sql.md', import.meta.url)), 'utf8');
const queries = [...page.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, query]) => query as string);
/** Of each chapter about a view: its columns and their types. */
const chapters = page.split(/^## /m).flatMap((chapter): { view: string; columns: string[] }[] => {
  const view =
    /^`(\w+)`/.exec(chapter)?.[1] ?? (chapter.startsWith('A view for each') ? 'video_processing' : undefined);
  if (view === undefined) return [];
  const columns = [...chapter.matchAll(/^\| `(\w+)` +\| ([\w[\] ]+?) +\|/gm)];
  return [{ view, columns: columns.map(([, name, type]) => `${name} ${type}`) }];
});

let database: TestDatabase;
let sql: postgres.Sql;
beforeAll(async () => {
  database = await createDatabase();
  await migrateAll(database.url);
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

async function columnsOf(view: string): Promise<string[]> {
  const rows = await sql<{ column: string }[]>`
    select attname || ' ' || format_type(atttypid, null) as column from pg_attribute
    where attrelid = ${`durachart.${view}`}::regclass and attnum > 0 order by attnum`;
  return rows.map(({ column }) => column);
}

test('there is something to test', () => {
  expect(queries.length).toBeGreaterThan(10);
  expect(chapters.length).toBe(15);
});

test.each(queries)('runs: %s', async (query) => {
  await sql.begin(async (tx) => {
    await tx.unsafe(query);
  });
  await sql`reset all`;
});

test.each(chapters)('the columns of $view are those of the database', async ({ view, columns }) => {
  const found = await columnsOf(view);
  const own = view === 'video_processing' ? found.filter((name) => !/^(input|context|output)_/.test(name)) : found;
  expect(columns).toEqual(own);
});

test('every view that a reader sees has a chapter', async () => {
  const seen = await sql<{ name: string }[]>`
    select relname as name from pg_class where relnamespace = 'durachart'::regnamespace and relkind = 'v'
      and has_table_privilege('durachart_reader', oid, 'select')
      and relname not in (select view from durachart.workflows where view <> 'video_processing')`;
  expect(seen.map(({ name }) => name).toSorted()).toEqual(chapters.map(({ view }) => view).toSorted());
});
