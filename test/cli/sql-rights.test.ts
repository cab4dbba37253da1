import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { migrateWorkflows } from '../../src/store/migrate-workflows.ts';
import { MIGRATION_LOCK } from '../../src/store/migrate.ts';
import { openQuerySession } from '../../src/store/query-session.ts';
import { startServer, type TestServer } from '../http/support/server.ts';
import { run, type Run } from './support/cli.ts';

let server: TestServer;
/** As the superuser of the server. */
let admin: postgres.Sql;
const roles: string[] = [];

beforeAll(async () => {
  server = await startServer();
  await migrateWorkflows(server.databaseUrl, []);
  admin = postgres(server.databaseUrl, { max: 2, onnotice: () => {}, fetch_types: false });
  await server.startedIn('READ', 'a');
});
afterAll(async () => {
  for (const role of roles) await admin.unsafe(`drop owned by ${role}; drop role ${role}`);
  await admin.end();
  await server.close();
});

/** Runs `durachart sql` on the database of this file's server. @param url of another role */
function sql(query: string, url = server.databaseUrl, seconds = 20): Promise<Run> {
  return run(['sql', query, '--timeout', String(seconds)], {
    host: { openQuery: (seconds) => openQuerySession(url, seconds) },
  });
}

/** A login role of its own, dropped at the end. @returns a URL with it */
async function login(attributes = ''): Promise<{ role: string; url: string }> {
  const role = `sql_rights_${randomBytes(6).toString('hex')}`;
  await admin.unsafe(`create role ${role} login password 'secret' ${attributes}`);
  roles.push(role);
  const url = new URL(server.databaseUrl);
  url.username = role;
  url.password = 'secret';
  return { role, url: url.href };
}

/** What a query could have changed, or left behind. */
async function traces(): Promise<unknown> {
  const [row] = await admin`
    select (select json_agg(i order by id) from durachart.instances i)::text as instances,
      (select count(*) from pg_largeobject_metadata)::int as objects,
      (select count(*) from pg_class)::int as relations,
      (select last_value from durachart.events_id_seq)::int as sequence,
      (select count(*) from pg_prepared_xacts where database = current_database())::int as prepared`;
  return row;
}

/** Which of the roles in a text there are. Other files of the run make some of their own. */
async function rolesIn(text: string): Promise<unknown[]> {
  const names = text.match(/durachart_sql_[0-9a-f]{16}/g);
  expect(names).not.toBeNull();
  return [...(await admin`select rolname from pg_roles where rolname in ${admin([...(names ?? [])])}`)];
}

test('reads the views, as a role that is gone afterwards', async () => {
  const before = await traces();
  const { exitCode, out, err } = await sql(
    'select state, current_user = session_user as same, session_user from durachart.status',
  );
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  expect(out).toMatch(/READ +true +durachart_sql_[0-9a-f]{16}/);
  expect(await rolesIn(out)).toEqual([]);
  expect(await traces()).toEqual(before);
});

test('of a table it says which views there are', async () => {
  expect(await sql('select * from durachart.instances')).toMatchObject({
    exitCode: 4,
    err: expect.stringMatching(/permission denied for table instances\nHint: .*views.*\bstatus\b.*\bstuck\b/) as string,
  });
});

const OTHERS = 'pid <> pg_backend_pid() and datname = current_database()';
/** Ways to do more than read, or to get the engine's rights back. */
const ATTEMPTS: readonly string[] = [
  "copy (select 1) to program 'id'",
  "copy durachart.status to '/tmp/durachart-sql-rights'",
  "do $$ begin reset role; copy (select 1) to program 'id'; end $$",
  "do $$ begin reset session authorization; copy (select 1) to program 'id'; end $$",
  `do $$ begin execute 'set role ' || quote_ident((select rolname from pg_roles where rolsuper limit 1)); end $$`,
  `do $$ begin execute 'set session authorization ' || quote_ident((select rolname from pg_roles where rolsuper limit 1)); end $$`,
  "select set_config('role', 'none', true), query_to_xml('select pg_read_file(''postgresql.conf'')', true, true, '')",
  `select set_config('role', rolname, true), query_to_xml('select * from durachart.instances', true, true, '') from pg_roles where rolsuper`,
  `select set_config('session_authorization', rolname, true), query_to_xml('select pg_read_file(''x'')', true, true, '') from pg_roles where rolsuper`,
  "select pg_read_file('postgresql.conf')",
  "select pg_read_binary_file('postgresql.conf')",
  "select pg_ls_dir('.')",
  "select pg_stat_file('postgresql.conf')",
  "select lo_import('/etc/passwd')",
  `select pg_terminate_backend(pid) from pg_stat_activity where ${OTHERS}`,
  `select pg_cancel_backend(pid) from pg_stat_activity where ${OTHERS}`,
  'lock table durachart.instances in access exclusive mode',
  'lock table durachart.instances',
  'lock table durachart.status in access exclusive mode',
  'lock table durachart.status in row exclusive mode',
  'select * from durachart.status for update',
  'select * from durachart.transitions',
  'select * from durachart.standing',
  'select passwd from pg_shadow',
  'select rolpassword from pg_authid',
  "select setval('durachart.events_id_seq', 1)",
  "select nextval('durachart.events_id_seq')",
  'do $$ begin set transaction read write; delete from durachart.instances; end $$',
  "select set_config('transaction_read_only', 'off', true), query_to_xml('delete from durachart.instances', true, true, '')",
  'create temp table t ()',
  'select 1 into temp t',
  'do $$ begin create temp table t (); end $$',
  'create table public.t ()',
  'create function pg_temp.f() returns int language sql as $$ select 1 $$',
  'create role r superuser',
  "alter role current_user password 'x'",
  'alter role current_user superuser',
  'alter role current_user set statement_timeout = 0',
  'alter system set fsync = off',
  'alter table durachart.instances disable trigger all',
  'create extension dblink',
  'grant durachart_reader to public',
  'vacuum',
  'checkpoint',
  'select pg_reload_conf()',
  'select pg_rotate_logfile()',
  "select pg_create_physical_replication_slot('x')",
  "copy durachart.status from program 'id'",
  'copy durachart.instances to stdout',
  "create subscription s connection 'host=127.0.0.1' publication p",
  "load '/tmp/x'",
];
test.each(ATTEMPTS)('refuses %s', async (attempt) => {
  const before = await traces();
  const { exitCode, out, err } = await sql(attempt);
  expect({ exitCode: exitCode === 1 || exitCode === 4, out, err }).toEqual({
    exitCode: true,
    out: '',
    err: expect.stringContaining('Postgres: ') as string,
  });
  expect(await traces()).toEqual(before);
});

/** What is no error, and is to have no effect. */
test.each([
  'commit',
  'rollback',
  'reset role',
  'discard plans',
  "prepare transaction 'x'",
  "select lo_from_bytea(0, 'x'), lo_create(0)",
  'set statement_timeout = 0',
  "select set_config('default_transaction_read_only', 'off', false)",
  'listen durachart_work',
])('leaves nothing behind: %s', async (query) => {
  const before = await traces();
  await sql(query);
  expect(await traces()).toEqual(before);
});

test('says that it does not copy', async () => {
  expect(await sql('copy (select 1) to stdout')).toMatchObject({
    exitCode: 4,
    err: expect.stringContaining('ask with select') as string,
  });
});

test.each(['select pg_notify($$probe$$, $$x$$)', 'notify probe'])('sends nobody a notification: %s', async (query) => {
  const heard: string[] = [];
  const listening = postgres(server.databaseUrl, { max: 1, onnotice: () => {} });
  onTestFinished(() => listening.end());
  await listening.listen('probe', (payload) => void heard.push(payload));
  await sql(query);
  await admin`select pg_notify('probe', 'last')`;
  await expect.poll(() => heard).toContain('last');
  expect(heard).toEqual(['last']);
});

describe('ends a query', () => {
  const CATCHES = 'begin perform pg_sleep(60); exception when query_canceled then null; end;';
  test.each([
    'select pg_sleep(60)',
    "select set_config('statement_timeout', '0', false), pg_sleep(60)",
    'select count(*) from durachart.status, generate_series(1, 1000000000000)',
    `do $$ begin loop ${CATCHES} end loop; end $$`,
    `do $$ begin set statement_timeout = 0; loop ${CATCHES} end loop; end $$`,
  ])('past its limit, whatever it does: %s', async (query) => {
    expect(await sql(query, server.databaseUrl, 1)).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/statement timeout|did not end at its limit of 1 s/) as string,
    });
    await expect.poll(async () => (await running()).length).toBe(0);
  });

  test.each([
    `select pg_advisory_lock(${MIGRATION_LOCK}, 0), pg_sleep(60)`,
    `do $$ begin perform pg_advisory_xact_lock(${MIGRATION_LOCK}, 0); ${CATCHES} end $$`,
  ])('that takes a lock of the engine: %s', async (query) => {
    const ended = sql(query, server.databaseUrl, 600);
    await expect.poll(async () => (await running()).length).toBe(1);
    await migrateWorkflows(server.databaseUrl, []);
    expect(await ended).toMatchObject({ exitCode: 1, err: expect.stringContaining('advisory lock') as string });
  });

  test('whose process was killed', async () => {
    const program = join(import.meta.dirname, 'support/durachart.ts');
    const child = spawn(process.execPath, [program, 'sql', 'select pg_sleep(60)', '--timeout', '60'], {
      env: { ...process.env, DATABASE_URL: server.databaseUrl },
      stdio: 'ignore',
    });
    await expect.poll(async () => (await running()).length, { timeout: 20_000 }).toBe(1);
    const [role] = await admin<{ name: string }[]>`
      select usename as name from pg_stat_activity where application_name = 'durachart sql' and datname = current_database()`;
    child.kill('SIGKILL');
    await expect.poll(async () => (await running()).length, { timeout: 20_000 }).toBe(0);
    await admin.unsafe(`drop role ${role?.name}`);
  });

  async function running(): Promise<unknown[]> {
    return [
      ...(await admin`select from pg_stat_activity where application_name = 'durachart sql' and datname = current_database() and state = 'active'`),
    ];
  }
});

describe('with the role of DATABASE_URL', () => {
  test('that may create roles: as a role that only reads', async () => {
    const { role, url } = await login('createrole');
    await admin.unsafe(`grant durachart_reader to ${role} with admin option`);
    expect(await sql('select state from durachart.status', url)).toEqual({
      exitCode: 0,
      out: 'state\nREAD\n',
      err: '',
    });
    expect(
      await sql(
        'do $$ begin loop begin perform pg_sleep(60); exception when query_canceled then null; end; end loop; end $$',
        url,
        1,
      ),
    ).toMatchObject({ exitCode: 1 });
  });

  test('that may create roles, but none that reads the views: says what the query runs as', async (context) => {
    const [server] = await admin`select current_setting('server_version_num')::int as version`;
    if (Number(server?.['version']) < 160_000) return context.skip('before Postgres 16 it may grant any role');
    const { role, url } = await login('createrole');
    expect(await sql('select session_user as u', url)).toEqual({
      exitCode: 0,
      out: `u\n${role}\n`,
      err: expect.stringMatching(new RegExp(`runs as ${role}, with all that it may do: .*docs/sql.md`)) as string,
    });
  });

  test('that may create none: says what the query runs as', async () => {
    const { role, url } = await login();
    const { exitCode, out, err } = await sql('select session_user as u', url);
    expect({ exitCode, out }).toEqual({ exitCode: 0, out: `u\n${role}\n` });
    expect(err).toContain(`The query runs as ${role}, with all that it may do: it may not create roles.`);
    expect(await sql('create table public.t ()', url)).toMatchObject({ exitCode: 4 });
  });

  test('that was granted durachart_reader alone: as that one, without a word', async () => {
    const { role, url } = await login('in role durachart_reader');
    expect(await sql('select session_user as u, state from durachart.status', url)).toEqual({
      exitCode: 0,
      out: `u                        state\n${role}  READ\n`,
      err: '',
    });
    await admin.unsafe(`grant insert on durachart.instances to ${role}`);
    expect((await sql('select 1 as n', url)).err).toContain(`runs as ${role}`);
  });

  test('where the new role cannot log in: says so', async () => {
    const { role, url } = await login('superuser');
    const database = new URL(url).pathname.slice(1);
    await admin.unsafe(`revoke connect on database ${database} from public`);
    onTestFinished(async () => void (await admin.unsafe(`grant connect on database ${database} to public`)));
    const { exitCode, out, err } = await sql('select session_user as u', url);
    expect({ exitCode, out }).toEqual({ exitCode: 0, out: `u\n${role}\n` });
    expect(await admin`select from pg_auth_members where member = ${role}::regrole`).toHaveLength(0);
    expect(err).toMatch(/runs as \w+, a superuser, .* could not log in \(permission denied for database/);
  });
});

test('what a query that was killed has left is gone after the next one', async () => {
  const name = `durachart_sql_${randomBytes(8).toString('hex')}`;
  const other = `durachart_sql_${randomBytes(8).toString('hex')}`;
  await admin.unsafe(`create role ${name} login password 'secret' valid until '2020-01-01';
    create role ${other} login valid until '2120-01-01'`);
  onTestFinished(async () => void (await admin.unsafe(`drop role ${other}`)));
  await sql('select 1');
  expect(await rolesIn(`${name} ${other}`)).toEqual([{ rolname: other }]);
});
