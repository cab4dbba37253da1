import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { setup } from 'xstate';
import { createEngine } from '../../../src/create-engine.ts';
import type { Engine } from '../../../src/engine/api.ts';
import { defineWorkflow, type ArtifactStore } from '../../../src/index.ts';
import { startEmbedded, type EmbeddedServer } from '../../../src/store/embedded.ts';
import { findBinaries, SERVER_ENV } from '../../../src/store/embedded/binaries.ts';
import { findHome, ROOT_FOLDERS } from '../../../src/store/embedded/home.ts';
import { launch } from '../../../src/store/embedded/server.ts';
import { migrateWorkflows } from '../../../src/store/migrate-workflows.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { openQuerySession } from '../../../src/store/query-session.ts';
import { superuserOf } from '../../support/superuser.ts';

// With a stricter one, root's data folders are closed to the server user, and the data is elsewhere.
process.umask(0o022);
const root = mkdtempSync(join(tmpdir(), 'embedded-earlier-'));
chmodSync(root, 0o755);
const template = join(root, 'template');
const PORT = 20_000 + (process.pid % 10_000);
const cleanUp: (() => unknown)[] = [];
const seed = Number(process.env['FC_SEED'] ?? Date.now() % 1_000_000);
let counter = 0;

afterEach(async () => {
  for (const action of cleanUp.splice(0).toReversed()) await action();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const waits = defineWorkflow({
  machine: setup({}).createMachine({
    id: 'waits',
    initial: 'WAITING',
    states: { WAITING: { on: { GO: 'DONE' } }, DONE: { type: 'final' } },
  }),
});

function engineOn(url: string): Engine {
  return createEngine({
    database: url,
    workflows: [waits],
    artifacts: undefined as unknown as ArtifactStore,
    onFault: () => {},
  }) as unknown as Engine;
}

/** Something of each kind that has an owner. */
const KINDS = `
  create schema kinds;
  set search_path = kinds, public;
  create table kept (id serial, n int generated always as identity, word text primary key);
  insert into kept (word) values ('yes');
  create table parted (n int) partition by range (n);
  create table part partition of parted for values from (0) to (10);
  create view "a view" as select * from kept;
  create materialized view mat as select * from kept;
  create sequence free;
  create function f(int) returns int language sql as 'select $1';
  create procedure p() language sql as 'select 1';
  create aggregate agg(int) (sfunc = int4pl, stype = int);
  create domain positive as int check (value > 0);
  create type mood as enum ('glad');
  create type pair as (a int, b int);
  create type span as range (subtype = int);
  create operator ### (leftarg = int, rightarg = int, function = int4pl);
  create operator family fam using btree;
  create operator class cls for type int using btree as operator 1 <;
  create collation col (provider = builtin, locale = 'C.UTF-8');
  create conversion conv for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
  create text search configuration conf (copy = simple);
  create text search dictionary dict (template = simple);
  create statistics stat on id, n from kept;
  create publication pub for table kept;
  select lo_create(0);
`;

/** A folder as version 0.1 made it: its one role is the superuser. */
beforeAll(async () => {
  const home = await findHome(template, () => {});
  const binaries = await findBinaries(home.user, ROOT_FOLDERS);
  const pgdata = join(home.folder, 'pgdata');
  const secret = join(root, 'password');
  writeFileSync(join(home.folder, 'pgpass'), '127.0.0.1:*:*:durachart:an-old-password\n', { mode: 0o600 });
  writeFileSync(secret, 'an-old-password\n', { mode: 0o600 });
  mkdirSync(pgdata, { mode: 0o700 });
  if (home.user) for (const path of [pgdata, secret]) chownSync(path, home.user.uid, home.user.gid);
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  execFileSync(
    binaries.initdb,
    [`--pgdata=${pgdata}`, ...locale, '--auth=scram-sha-256', '--username=durachart', `--pwfile=${secret}`],
    { env: SERVER_ENV, cwd: '/', stdio: 'pipe', ...home.user },
  );
  const launched = await launch(home, binaries, PORT);
  const url = (database: string): string => `postgres://durachart:an-old-password@127.0.0.1:${PORT}/${database}`;
  await answered(url('postgres'));
  await run(url('postgres'), 'create database durachart', 'create database "an-other"');
  await migrate(url('durachart'));
  await migrateWorkflows(url('durachart'), [waits]);
  await run(url('an-other'), KINDS);
  await run(
    url('durachart'),
    KINDS,
    'create extension pg_stat_statements schema public',
    "create role metabase login password 'x' in role durachart_reader",
    "alter role durachart set durachart.period = '3 days'",
  );
  const engine = engineOn(url('durachart'));
  await engine.start('waits', undefined, { id: 'begun-before' });
  await engine.stop();
  await launched.stop();
}, 60_000);

async function answered(url: string): Promise<void> {
  for (;;) {
    try {
      return await run(url, 'select 1');
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== 'ECONNREFUSED' && code !== '57P03') throw error;
      await sleep(50);
    }
  }
}

async function run(url: string, ...statements: string[]): Promise<void> {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    for (const statement of statements) await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

function copy(): string {
  const folder = join(root, `data-${(counter += 1)}`);
  // cpSync keeps neither owners nor the modes of folders.
  execFileSync('cp', ['-Rp', template, folder]);
  return folder;
}

async function start(dataDir: string, log: string[] = []): Promise<EmbeddedServer> {
  const server = await startEmbedded({ dataDir, log: (line) => log.push(line) });
  cleanUp.push(() => server.stop());
  return server;
}

/** What the superuser still owns in a database that is not the cluster's own or an extension's: found in every catalog that knows owners. */
async function leftToSuperuser(url: string): Promise<unknown[]> {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    const owners = await sql<{ catalog: string; owner: string }[]>`
      select attrelid::regclass::text as catalog, attname as owner from pg_attribute a join pg_class c on c.oid = attrelid
      where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r' and not c.relisshared
        and (attname ~ 'owner$' or attname = 'defaclrole') and atttypid = 'oid'::regtype`;
    expect(owners.length).toBeGreaterThan(15);
    const found: unknown[] = [];
    for (const { catalog, owner } of owners) {
      const rows = await sql.unsafe(`
        select '${catalog}' as catalog, o.oid::int from ${catalog} o
        where o.${owner} = 10 and o.oid >= 16384 and '${catalog}' not in ('pg_extension')
          and not exists (select from pg_depend d where d.objid = o.oid and d.deptype = 'e')
          and not exists (select from pg_depend d join pg_type t on t.oid = d.refobjid join pg_depend e on e.objid = coalesce(nullif(t.typelem, 0), t.oid)
            where d.objid = o.oid and e.deptype = 'e')
          and not exists (select from pg_type t join pg_class c on c.oid = t.typrelid join pg_depend e on e.objid = c.oid and e.deptype = 'e'
            where o.oid in (t.oid, t.typarray))`);
      found.push(...rows);
    }
    return found;
  } finally {
    await sql.end();
  }
}

async function proveBroughtOver(server: EmbeddedServer): Promise<void> {
  const other = new URL(server.url);
  other.pathname = 'an-other';
  const superuser = new URL(superuserOf(server));
  expect(await leftToSuperuser(superuser.href)).toEqual([]);
  superuser.pathname = other.pathname;
  expect(await leftToSuperuser(superuser.href)).toEqual([]);

  const sql = postgres(server.url, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    expect([
      ...(await sql`
        select rolname, rolsuper, rolcreaterole from pg_roles where rolname ~ 'durachart|metabase' order by rolname`),
    ]).toEqual([
      { rolname: 'durachart', rolsuper: false, rolcreaterole: true },
      { rolname: 'durachart_reader', rolsuper: false, rolcreaterole: false },
      { rolname: 'durachart_superuser', rolsuper: true, rolcreaterole: true },
      { rolname: 'metabase', rolsuper: false, rolcreaterole: false },
    ]);
    expect([...(await sql`show durachart.period`)]).toEqual([{ 'durachart.period': '3 days' }]);
    await sql`alter role metabase password 'another'`;
    await expect(sql.unsafe("copy (select 1) to program 'id'")).rejects.toMatchObject({ code: '42501' });
    expect([...(await sql`select word from kinds.kept`)]).toEqual([{ word: 'yes' }]);
    // Its owner may drop it, with all that is in it.
    await sql.unsafe('drop publication pub; drop schema kinds cascade');
  } finally {
    await sql.end();
  }
  await run(other.href, 'drop publication pub; drop schema kinds cascade', 'create schema anew');

  await migrateWorkflows(server.url, [waits]);
  const session = await openQuerySession(server.url, 10);
  expect(session.notice).toBeUndefined();
  expect([...(await session.sql`select state from durachart.status`)]).toEqual([{ state: 'WAITING' }]);
  await session.close();
  const engine = engineOn(server.url);
  await engine.work();
  await engine.start('waits', undefined, { id: 'begun-after' });
  for (const id of ['begun-before', 'begun-after']) {
    await engine.send(id, { type: 'GO' });
    await engine.result(id, { timeout: 20_000 });
  }
  await engine.stop();
}

test(
  'is brought over when it is started: no superuser is given out, and all has its owner',
  { timeout: 60_000 },
  async () => {
    const dataDir = copy();
    const log: string[] = [];
    const server = await start(dataDir, log);
    expect(log).toEqual(['The role durachart of the embedded Postgres is no superuser any longer.']);
    await proveBroughtOver(server);
    await server.stop();
    const again: string[] = [];
    await start(dataDir, again);
    expect(again).toEqual([]);
  },
);

test('is left as it is while somebody works on it, and brought over after that', { timeout: 60_000 }, async () => {
  const dataDir = copy();
  const home = await findHome(dataDir, () => {});
  const launched = await launch(home, await findBinaries(home.user, ROOT_FOLDERS), PORT);
  cleanUp.push(() => launched.stop());
  const url = `postgres://durachart:an-old-password@127.0.0.1:${PORT}/durachart`;
  await answered(url);
  const busy = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
  await busy`select 1`;
  const joined = await start(dataDir);
  expect([...(await busy`select rolsuper from pg_roles where rolname = 'durachart'`)]).toEqual([{ rolsuper: true }]);
  await busy.end();
  await joined.stop();
  await launched.stop();
  await proveBroughtOver(await start(dataDir));
});

test(
  `is brought over by the next start when the first was killed at any moment (seed ${seed})`,
  { timeout: 120_000 },
  async () => {
    const module = new URL('../../../src/store/embedded.ts', import.meta.url).href;
    const dataDir = copy();
    let random = seed;
    for (let kills = 0; kills < 4; kills++) {
      random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
      const child = spawn(
        process.execPath,
        [
          '--no-warnings',
          '--input-type=module',
          '-e',
          `const { startEmbedded } = await import(${JSON.stringify(module)});
         process.stdout.write('begins');
         await startEmbedded({ dataDir: ${JSON.stringify(dataDir)} });
         setInterval(() => {}, 1000);`,
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      await once(child.stdout, 'data');
      await sleep(random % 1_200);
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    await proveBroughtOver(await start(dataDir));
  },
);
