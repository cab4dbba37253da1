import fc from 'fast-check';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { controlStatements } from '../../src/store/statements.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let sql: postgres.Sql;
beforeAll(async () => {
  database = await createDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {}, fetch_types: false });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

test.each([
  ['commit', ['commit']],
  ['  END ;; ', ['commit']],
  ['begin isolation level serializable, read only', ['begin']],
  ['start transaction; start', ['begin', 'other']],
  ['rollback; rollback work to a; rollback to savepoint a; abort', ['rollback', 'other', 'other', 'rollback']],
  ['commit and chain; commit and no chain; rollback prepared $1', ['refused', 'commit', 'refused']],
  ['deallocate all; deallocate prepare all; deallocate x', ['deallocate', 'deallocate', 'other']],
  ['prepare transaction $$x$$; prepare x as select 1', ['refused', 'other']],
  ["select 'commit", ['other']],
  ['select 1 /* commit; /* ; */', ['other']],
  ['select $a$ ; commit; $b$ $a$ ; commit', ['other', 'commit']],
  ['select a$b$; commit; select $b$ from x', ['other', 'commit', 'other']],
  ['select 1', []],
])('%s', (text, kinds) => {
  expect(controlStatements(text).map(({ kind }) => kind)).toEqual(kinds);
});

test('the modes of a BEGIN are its own text', () => {
  expect(controlStatements('BEGIN work /* x */ Isolation Level serializable ;')[0]?.modes).toBe(
    '/* x */ Isolation Level serializable',
  );
  expect(controlStatements('start transaction -- x')[0]?.modes).toBe('');
});

/** Statements that end a transaction, those that only seem to, and what may stand around them. None of them fails. */
const ENDS = [
  'commit',
  'End Work',
  'ROLLBACK',
  'abort transaction',
  'commit and no chain',
  'rollback and chain',
  'end and chain',
];
const KEEPS = [
  `select 'commit; end'`,
  `select 'it''s; commit; '''`,
  `select E'\\'; commit; \\\\'`,
  `select e'; rollback;' 'x'`,
  `select U&'; commit'`,
  `select $$ ; commit; $$`,
  `select $é$ $$; rollback; $e$ $é$`,
  `select 1 as "; commit; """`,
  `select 1 as a$b$, 2 as c$b$`,
  `select case when true then 1 end as "end"`,
  `select 1 - -1 / 2`,
  'rollback to savepoint s',
  'rollback work to s',
  `do $do$ begin perform 1; end $do$`,
  `create or replace function pg_temp.f() returns int language sql begin atomic select case 1 when 1 then 2 end; select 1; end`,
  `create or replace procedure pg_temp.p() begin atomic select 1; end`,
  `create or replace function pg_temp.g() returns int language sql as 'select 1; select 2;'`,
  'prepare pl as select 1; execute pl; deallocate prepare pl',
  'begin',
  'savepoint s',
  '',
];
const BLANKS = [
  '',
  ' ',
  '\n\t',
  '/**/',
  '/* ; commit; */',
  '/* /* ; */ rollback; */',
  '-- ; commit\n',
  '--\r',
  '/*/**/*/',
];

const text = fc
  .array(
    fc.tuple(
      fc.constantFrom(...BLANKS),
      fc.oneof({ arbitrary: fc.constantFrom(...KEEPS), weight: 5 }, { arbitrary: fc.constantFrom(...ENDS), weight: 1 }),
      fc.constantFrom(...BLANKS),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) => parts.map((part) => part.join('')).join(';'));

const seed = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31);

test(`what is read as the end of a transaction ends it on the server, and nothing else does, seed ${seed}`, async () => {
  await fc.assert(
    fc.asyncProperty(text, async (given) => {
      await sql.unsafe('begin; create temp table mark () on commit drop; savepoint s');
      await sql.unsafe(given).catch(() => {});
      const after = sql.unsafe(`select to_regclass('pg_temp.mark') is null as ended`);
      const [row] = await after.catch(() => []);
      await sql.unsafe('rollback; deallocate all');
      // Behind an end, in a transaction begun anew, the savepoint is missing: which one was aborted does not show.
      fc.pre(row !== undefined);
      const ends = controlStatements(given).some(({ kind }) => ['commit', 'rollback', 'refused'].includes(kind));
      expect({ given, ends }).toEqual({ given, ends: row?.['ended'] });
    }),
    { seed, numRuns: 400 },
  );
});
