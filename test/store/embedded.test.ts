import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedError, startEmbedded } from '../../src/store/embedded.ts';
import type { EmbeddedServer } from '../../src/store/embedded.ts';
import { copyForAll, rootFolder } from '../../src/store/embedded/binaries.ts';
import { canEnter, serverUserIn } from '../../src/store/embedded/home.ts';
import { createDatabase } from '../support/database.ts';

const isRoot = process.getuid?.() === 0;
const moduleUrl = new URL('../../src/store/embedded.ts', import.meta.url);
const NOBODY = { uid: 65534, gid: 65534 };

// With a stricter one, root's data folders are closed to the server user, and the data is elsewhere.
process.umask(0o022);
const root = mkdtempSync(join(tmpdir(), 'embedded-'));
chmodSync(root, 0o755);
/** A data folder of a server that was shut down; copied by the tests that need one. */
const template = join(root, 'template');
const cleanUp: (() => unknown)[] = [];
let counter = 0;

function folder(): string {
  return join(root, `data-${(counter += 1)}`);
}

function copyOfTemplate(): string {
  const copy = folder();
  // cpSync keeps neither owners nor the modes of folders.
  execFileSync('cp', ['-Rp', template, copy]);
  return copy;
}

async function start(dataDir: string, port?: number): Promise<EmbeddedServer> {
  const server = await startEmbedded({ dataDir, ...(port === undefined ? {} : { port }) });
  cleanUp.push(() => server.stop());
  return server;
}

async function query(url: string, statement: string): Promise<unknown[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return (await sql.unsafe(statement).values()).flat();
  } finally {
    await sql.end();
  }
}

async function failure(promise: Promise<unknown>): Promise<EmbeddedError> {
  const error: unknown = await promise.catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(EmbeddedError);
  return error as EmbeddedError;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '');
  } catch {
    return false;
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

/** A Node process of its own that starts a server on `dataDir` and then runs `then` (JavaScript). */
function inOtherProcess(dataDir: string, then: string, user?: typeof NOBODY): ChildProcess {
  const code = `
    const { startEmbedded } = await import(${JSON.stringify(moduleUrl.href)});
    const server = await startEmbedded({ dataDir: ${JSON.stringify(dataDir)} });
    await new Promise((done) => process.stdout.write(JSON.stringify(server) + '\\n', done));
    ${then}`;
  return spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...user,
  });
}

async function firstLine(child: ChildProcess): Promise<EmbeddedServer> {
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return JSON.parse(text) as EmbeddedServer;
}

function listen(): Promise<{ port: number; close(): void }> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      resolve({ port: (server.address() as AddressInfo).port, close: () => server.close() });
    });
  });
}

afterEach(async () => {
  for (const action of cleanUp.splice(0).toReversed()) await action();
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
  try {
    // Only when nothing is left in it.
    if (isRoot) rmdirSync('/var/lib/durachart');
  } catch {}
});

/** What two starts at the same time on the empty `template` gave. */
let racers: EmbeddedServer[];

beforeAll(async () => {
  racers = await Promise.all([startEmbedded({ dataDir: template }), startEmbedded({ dataDir: template })]);
  await query(racers[0]?.url ?? '', "create table kept as select 'yes' as value");
  for (const server of racers) await server.stop();
});

describe('a new data folder', () => {
  let server: EmbeddedServer;

  beforeAll(async () => {
    server = await startEmbedded({ dataDir: template });
  });
  afterAll(async () => {
    await server.stop();
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
  });

  it('is served by one server when started twice at the same time', async () => {
    expect(racers.map(({ owned }) => owned).toSorted((a, b) => Number(a) - Number(b))).toEqual([false, true]);
    expect(new Set(racers.map(({ pid, url }) => `${pid} ${url}`)).size).toBe(1);
    expect(readdirSync(template).sort()).toEqual([
      'owner',
      'pgdata',
      'pgpass',
      'pgpass-superuser',
      'port',
      'postgres.log',
    ]);
  });

  it('is joined by later starts, whose stop does nothing', async () => {
    const second = await startEmbedded({ dataDir: template });
    expect(second).toMatchObject({ owned: false, pid: server.pid, url: server.url });
    await second.stop();
    expect(await query(server.url, 'select 1')).toEqual([1]);
  });

  it('has a durable server with sensible settings, reachable from this machine only', async () => {
    const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums', 'server_encoding'];
    names.push('listen_addresses', 'unix_socket_directories', 'max_connections', 'shared_buffers');
    names.push('shared_preload_libraries', 'password_encryption');
    const values = await query(
      server.url,
      names.map((name) => `select current_setting('${name}')`).join(' union all '),
    );
    expect(Object.fromEntries(names.map((name, index) => [name, values[index]]))).toEqual({
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      data_checksums: 'on',
      server_encoding: 'UTF8',
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: '200',
      shared_buffers: '128MB',
      shared_preload_libraries: 'pg_stat_statements',
      password_encryption: 'scram-sha-256',
    });
    const elsewhere = new URL(server.url);
    elsewhere.pathname = 'postgres';
    expect(await query(elsewhere.href, 'select count(*) > 0 from pg_stat_statements')).toEqual([true]);
  });

  it('sorts by code point and knows the case of all letters', async () => {
    expect(await query(server.url, "select w from unnest(array['b','a','B','ä','z']) w order by w")).toEqual([
      'B',
      'a',
      'b',
      'z',
      'ä',
    ]);
    expect(await query(server.url, "select lower('ÄÉ')")).toEqual(['äé']);
  });

  it('gives out a role that owns its database, may make others, and is no superuser', async () => {
    const attributes = ['rolsuper', 'rolcreatedb', 'rolreplication', 'rolbypassrls', 'rolcreaterole'];
    expect(
      await query(server.url, `select ${attributes.join(', ')} from pg_roles where rolname = current_user`),
    ).toEqual([false, false, false, false, true]);
    expect(
      await query(server.url, `select pg_get_userbyid(datdba) from pg_database where datname = 'durachart'`),
    ).toEqual(['durachart']);
    for (const attempt of [
      "copy (select 1) to program 'id'",
      "select pg_read_file('postgresql.conf')",
      'alter system set fsync = off',
      'alter role durachart superuser',
      'alter role durachart_superuser password null',
      'grant durachart_superuser to durachart',
      'grant pg_execute_server_program to durachart',
      'set session authorization durachart_superuser',
      'create role mine superuser',
    ])
      await expect(query(server.url, attempt)).rejects.toMatchObject({ code: '42501' });
    expect(statSync(join(template, 'pgpass-superuser')).mode & 0o777).toBe(0o600);
  });

  it('keeps the password in a file that only we can read, and out of the line for psql', async () => {
    const { password } = new URL(server.url);
    expect(password.length).toBeGreaterThanOrEqual(32);
    expect(statSync(join(template, 'pgpass')).mode & 0o777).toBe(0o600);
    expect(server.psql).not.toContain(password);
    const wrong = new URL(server.url);
    wrong.password = 'guess';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
  });

  it('can be reached with the psql line', async ({ skip }) => {
    if (spawnSync('psql', ['--version']).status !== 0) skip('psql is not installed');
    const output = execFileSync('sh', ['-c', `${server.psql} -w -Atc 'select current_database()'`], {
      encoding: 'utf8',
    });
    expect(output).toBe('durachart\n');
  });
});

describe('a data folder from before', () => {
  it('keeps its data and its port', async () => {
    const dataDir = copyOfTemplate();
    const server = await start(dataDir);
    expect(await query(server.url, 'select value from kept')).toEqual(['yes']);
    expect(server.port).toBe(Number(readFileSync(join(template, 'port'), 'utf8')));
  });

  it('starts after its server was killed', async () => {
    const dataDir = copyOfTemplate();
    const first = await start(dataDir);
    const { url } = first;
    await query(url, "create table survivor as select 'yes' as value");
    // Holds the shared memory for a while after the postmaster is gone.
    const busy = query(url, 'select count(*) from generate_series(1, 5000000)').catch(() => undefined);
    // Not before it runs: one that is being let in when its server dies hears nothing more.
    const running = `select pid from pg_stat_activity where query like '%generate_series%' and pid <> pg_backend_pid()`;
    await until(async () => (await query(url, running)).length > 0);
    const dead = first.pid;
    process.kill(dead, 'SIGKILL');
    const second = await start(dataDir);
    expect(second.pid).not.toBe(dead);
    expect(await query(second.url, 'select value from survivor')).toEqual(['yes']);
    await busy;
    // Either start may have been the first to bring it up again; each knows it.
    await until(() => first.pid === second.pid);
    expect([first.owned, second.owned].filter(Boolean)).toHaveLength(1);
  });

  it('starts when another program has the pid of its dead server', async () => {
    const dataDir = copyOfTemplate();
    const user = isRoot ? statSync(join(dataDir, 'pgdata')) : undefined;
    const other = spawn('sleep', ['60'], user ? { uid: user.uid, gid: user.gid } : {});
    cleanUp.push(() => other.kill());
    const stale = [other.pid, join(dataDir, 'pgdata'), 1, 5432, '', '127.0.0.1', '  1234567  0', 'ready'];
    const file = join(dataDir, 'pgdata', 'postmaster.pid');
    writeFileSync(file, `${stale.join('\n')}\n`);
    if (user) chownSync(file, user.uid, user.gid);
    expect((await start(dataDir)).owned).toBe(true);
  });

  it('has its server taken over when the process that started it was killed', async () => {
    const dataDir = copyOfTemplate();
    const parent = inOtherProcess(dataDir, 'setInterval(() => {}, 1000)');
    const orphan = await firstLine(parent);
    const server = await start(dataDir);
    expect(server).toMatchObject({ owned: false, pid: orphan.pid });
    parent.kill('SIGKILL');
    await once(parent, 'close');
    await until(() => server.owned);
    expect(server).toMatchObject({ owned: true, pid: orphan.pid, url: orphan.url });
    expect(await start(dataDir)).toMatchObject({ owned: false, pid: orphan.pid });
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
  });

  it('has its server shut down when the process ends without stop()', async () => {
    const dataDir = copyOfTemplate();
    const child = inOtherProcess(dataDir, 'process.exit(3)');
    const { pid } = await firstLine(child);
    await until(() => !isAlive(pid));
    expect(readFileSync(join(dataDir, 'postgres.log'), 'utf8')).toContain('received fast shutdown request');
  });

  it('does not keep a process alive that has nothing else to do', async () => {
    const child = inOtherProcess(copyOfTemplate(), '');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
  });
});

describe('the port', () => {
  it('is an error when asked for and taken', async () => {
    const other = await listen();
    cleanUp.push(other.close);
    const error = await failure(start(copyOfTemplate(), other.port));
    expect(error.code).toBe('PORT_TAKEN');
    expect(error.message).toContain(String(other.port));
  });

  it('is replaced when taken and not asked for', async () => {
    const other = await listen();
    cleanUp.push(other.close);
    const dataDir = copyOfTemplate();
    writeFileSync(join(dataDir, 'port'), `${other.port}\n`);
    const server = await start(dataDir);
    expect(server.port).not.toBe(other.port);
    expect(readFileSync(join(dataDir, 'port'), 'utf8')).toBe(`${server.port}\n`);
  });
});

describe('a data folder that cannot be used', () => {
  it('is one of another Postgres version', async () => {
    const dataDir = copyOfTemplate();
    writeFileSync(join(dataDir, 'pgdata', 'PG_VERSION'), '15\n');
    const error = await failure(start(dataDir));
    expect(error.code).toBe('DATA_DIR_UNUSABLE');
    expect(error.message).toMatch(/Postgres 15, but this is Postgres \d+/);
  });

  it.each([
    ['with something else in it', 'notes.txt', /something else in it \(notes\.txt\)/],
    ['made by another Postgres', 'PG_VERSION', /made by something else/],
  ])('is one %s', async (_, file, message) => {
    const dataDir = folder();
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, file), '15\n');
    const error = await failure(start(dataDir));
    expect(error.code).toBe('DATA_DIR_UNUSABLE');
    expect(error.message).toMatch(message);
    expect(readdirSync(dataDir)).toEqual([file]);
  });

  it('is a file, or one below a file', async () => {
    const file = folder();
    writeFileSync(file, '');
    expect((await failure(start(file))).code).toBe('DATA_DIR_UNUSABLE');
    expect((await failure(start(join(file, 'below')))).code).toBe('DATA_DIR_UNUSABLE');
  });

  it('is one whose password does not fit; the message does not tell it', async () => {
    const dataDir = copyOfTemplate();
    writeFileSync(join(dataDir, 'pgpass'), '127.0.0.1:*:*:durachart:wrong-password\n');
    const error = await failure(start(dataDir));
    expect(error.code).toBe('DATA_DIR_UNUSABLE');
    expect(error.message).not.toContain('wrong-password');
  });

  it('is one with broken contents; the message has the words of Postgres', async () => {
    const dataDir = copyOfTemplate();
    rmSync(join(dataDir, 'pgdata', 'global', 'pg_control'));
    const error = await failure(start(dataDir));
    expect(error.code).toBe('START_FAILED');
    expect(error.message).toContain('could not find the database system');
    expect(error.message).not.toContain(readFileSync(join(dataDir, 'pgpass'), 'utf8').trim().split(':').at(-1));
  });
});

describe('a start that was killed while making the database', () => {
  it('is done again', async () => {
    const dataDir = folder();
    const child = inOtherProcess(dataDir, '');
    const half = () => existsSync(dataDir) && readdirSync(dataDir).find((name) => name.startsWith('new-'));
    await until(() => existsSync(join(dataDir, half() || '', 'pgdata', 'base')));
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(half()).toBeTruthy();
    expect(existsSync(join(dataDir, 'pgdata'))).toBe(false);
    const server = await start(dataDir);
    expect(await query(server.url, 'select 1')).toEqual([1]);
  });
});

describe('as an ordinary user', () => {
  it('has everything in the data folder, as that user', async ({ skip }) => {
    if (!isRoot) skip('the other tests ran as an ordinary user already');
    if (!canEnter(dirname(fileURLToPath(moduleUrl)), NOBODY))
      skip('the project is in a folder that others cannot enter');
    const home = folder();
    mkdirSync(home);
    chownSync(home, NOBODY.uid, NOBODY.gid);
    const child = inOtherProcess(join(home, 'data'), 'await server.stop()', NOBODY);
    const server = await firstLine(child);
    expect(server).toMatchObject({ owned: true, dataDir: join(home, 'data') });
    for (const name of readdirSync(server.dataDir)) expect(statSync(join(server.dataDir, name)).uid).toBe(NOBODY.uid);
    // Root joins it too, and runs it as its owner once it is down.
    await until(() => !isAlive(server.pid));
    const again = await start(server.dataDir);
    expect(await query(again.url, 'select 1')).toEqual([1]);
    if (process.platform === 'linux') expect(statSync(`/proc/${again.pid}`).uid).toBe(NOBODY.uid);
  });

  it('says so when the data belongs to somebody else', async ({ skip }) => {
    if (!isRoot) skip('needs root to set up');
    if (!canEnter(dirname(fileURLToPath(moduleUrl)), NOBODY))
      skip('the project is in a folder that others cannot enter');
    const code = `import(${JSON.stringify(moduleUrl.href)}).then((m) => m.startEmbedded({ dataDir: ${JSON.stringify(copyOfTemplate())} }))
      .catch((error) => console.log(error.code, error.message))`;
    const { stdout } = spawnSync(process.execPath, ['--no-warnings', '-e', code], { encoding: 'utf8', ...NOBODY });
    expect(stdout).toMatch(/^DATA_DIR_UNUSABLE /);
  });
});

describe.runIf(isRoot)('as root', () => {
  it('keeps the data elsewhere when the server user cannot enter the folder, and starts anew without its pointer', async () => {
    const closed = folder();
    mkdirSync(closed, { mode: 0o700 });
    const dataDir = join(closed, 'data');
    const first = await start(dataDir);
    cleanUp.push(() => rmSync(first.dataDir, { recursive: true }));
    expect(first.dataDir).toMatch(/^\/var\/(lib|tmp)\/durachart\/data-/);
    expect(readdirSync(dataDir)).toEqual(['location.json']);
    expect(statSync(join(first.dataDir, 'pgdata')).mode & 0o777).toBe(0o700);
    expect(statSync(join(first.dataDir, 'pgdata')).uid).not.toBe(0);
    expect(await start(dataDir)).toMatchObject({ owned: false, pid: first.pid });
    await query(first.url, 'create table old ()');
    await first.stop();

    const same = await start(dataDir);
    expect(same.dataDir).toBe(first.dataDir);
    expect(await query(same.url, "select to_regclass('old') is not null")).toEqual([true]);
    await same.stop();

    rmSync(dataDir, { recursive: true });
    const anew = await start(dataDir);
    cleanUp.push(() => rmSync(anew.dataDir, { recursive: true }));
    expect(anew.dataDir).not.toBe(first.dataDir);
    expect(await query(anew.url, "select to_regclass('old') is not null")).toEqual([false]);
    await anew.stop();

    rmSync(anew.dataDir, { recursive: true });
    expect((await failure(start(dataDir))).message).toContain('which is gone');
    mkdirSync(anew.dataDir);
  });

  it('does not follow a pointer out of its own folders', async () => {
    const dataDir = folder();
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'location.json'), JSON.stringify({ folder: template }));
    expect((await failure(start(dataDir))).code).toBe('DATA_DIR_UNUSABLE');
  });

  it('copies for other users safely when done twice at the same time', async () => {
    const source = folder();
    mkdirSync(join(source, 'bin'), { recursive: true, mode: 0o700 });
    writeFileSync(join(source, 'bin', 'program'), 'x', { mode: 0o700 });
    writeFileSync(join(source, 'data'), 'x', { mode: 0o600 });
    const target = join(root, 'copy');
    await Promise.all([copyForAll(source, target), copyForAll(source, target)]);
    expect(readdirSync(root).filter((name) => name.startsWith('copy'))).toEqual(['copy']);
    const mode = (path: string) => (statSync(join(target, path)).mode & 0o777).toString(8);
    expect(['', 'bin', 'bin/program', 'data'].map(mode)).toEqual(['755', '755', '755', '644']);
    chmodSync(target, 0o777);
    expect((await failure(copyForAll(source, target))).code).toBe('UNSAFE_FOLDER');
    chmodSync(target, 0o755);
    chownSync(target, NOBODY.uid, NOBODY.gid);
    expect((await failure(copyForAll(source, target))).code).toBe('UNSAFE_FOLDER');
  });

  it('uses the first folder that can be made, and none made by others', async () => {
    const made = join(root, 'made');
    expect(await rootFolder([join(root, 'missing', 'folder'), made])).toBe(made);
    chownSync(made, NOBODY.uid, NOBODY.gid);
    expect((await failure(rootFolder([made]))).code).toBe('UNSAFE_FOLDER');
  });
});

describe('the user to run Postgres as', () => {
  const lines = ['root:x:0:0::/root:/bin/sh', 'nobody:x:65534:65533::/:/bin/false', 'postgres:x:101:104::/:/bin/sh'];

  it('is postgres, else nobody, else none', () => {
    expect(serverUserIn(lines.join('\n'))).toEqual({ uid: 101, gid: 104 });
    expect(serverUserIn(lines.slice(0, 2).join('\n'))).toEqual({ uid: 65534, gid: 65533 });
    expect(serverUserIn('root:x:0:0::/root:/bin/sh\npostgres:x:0:0::/:/bin/sh')).toBeUndefined();
  });
});

describe('databases for tests', () => {
  it('are empty and separate, and can be dropped while in use', async () => {
    const [one, other] = await Promise.all([createDatabase(), createDatabase()]);
    await query(one.url, 'create table t ()');
    expect(await query(other.url, "select to_regclass('t')")).toEqual([null]);
    const sql = postgres(one.url, { max: 1, onclose: () => {} });
    await sql`select 1`;
    await Promise.all([one.drop(), other.drop()]);
    await expect(sql`select 1`).rejects.toThrow();
    await sql.end();
  });
});
