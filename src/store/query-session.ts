import postgres from 'postgres';
import { dropQueryLogin, makeQueryLogin, type QueryLogin } from './query-login.ts';
import { serverUrl } from './server-url.ts';

/** A session in which somebody's own query runs. */
export interface QuerySession {
  sql: postgres.Sql;
  /** What the query runs as, where that is more than a role that only reads. */
  notice: string | undefined;
  /** Why the session was ended before its query was; undefined while it was not. */
  ended(): string | undefined;
  /** Ends the session and removes its login. */
  close(): Promise<void>;
}

/** How often a session is looked at, in milliseconds, and how long past its limit a query may take to notice that it is to end. */
const LOOK_MS = 500;
const GRACE_MS = 2_000;

/**
 * Opens a session for one query of at most so many seconds: as a role that can read the views and nothing else, where the URL's role may
 * make one, else as the URL's role.
 *
 * A time limit of Postgres is not enough: a block of PL/pgSQL can catch it. So a second connection ends the session when the query is past
 * its limit, or holds an advisory lock, which no privilege is needed for and the engine's workers and migrations rely on.
 */
export async function openQuerySession(databaseUrl: string, seconds: number): Promise<QuerySession> {
  const url = serverUrl(databaseUrl);
  const admin = connect(url, 'sql, looking on');
  try {
    await admin`set search_path = pg_catalog`;
    const login = await makeQueryLogin(admin, seconds);
    const { sql, pid, whyNot } = await logIn(url, login, admin);
    const watch = watchSession(admin, pid, seconds);
    const [self] = await admin<{ role: string; super: boolean }[]>`
      select rolname as role, rolsuper as super from pg_roles where rolname = current_user`;
    return {
      sql,
      notice: whyNot === undefined ? undefined : noticeOf(self?.role ?? '', self?.super === true, whyNot),
      ended: watch.ended,
      close: async () => {
        watch.stop();
        if (login.credentials !== undefined && watch.ended() === undefined)
          await endPrepared(sql).catch(() => undefined);
        await sql.end({ timeout: 0 });
        if (login.credentials !== undefined) await dropQueryLogin(admin, login.credentials.user).catch(() => undefined);
        await admin.end({ timeout: 1 });
      },
    };
  } catch (error) {
    await admin.end({ timeout: 1 });
    throw error;
  }
}

function connect(url: string, purpose: string, credentials?: { user: string; password: string }): postgres.Sql {
  return postgres(url, {
    max: 1,
    connect_timeout: 10,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: `durachart ${purpose}` },
    ...credentials,
  });
}

async function logIn(
  url: string,
  { credentials, whyNot }: QueryLogin,
  admin: postgres.Sql,
): Promise<{ sql: postgres.Sql; pid: number; whyNot: string | undefined }> {
  const sql = connect(url, 'sql', credentials);
  try {
    const [session] = await sql<{ pid: number; role: string }[]>`
      select pg_catalog.pg_backend_pid() as pid, session_user as role`;
    if (session === undefined || (credentials !== undefined && session.role !== credentials.user))
      throw Object.assign(new Error(`logged in as ${session?.role}`), { code: '28000' });
    // A query whose process has ended is ended, too; not every platform's server can look.
    await sql`set client_connection_check_interval = '1s'`.catch(() => undefined);
    return { sql, pid: session.pid, whyNot };
  } catch (error) {
    await sql.end({ timeout: 0 });
    const { code, message } = error as { code?: unknown; message: string };
    // Postgres, or what stands before it, answered and does not let the new role in.
    if (credentials === undefined || typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) throw error;
    await dropQueryLogin(admin, credentials.user).catch(() => undefined);
    const failed = `a role that only reads was made, but could not log in (${message})`;
    return logIn(url, { credentials: undefined, whyNot: failed }, admin);
  }
}

/** A transaction that the query has prepared would outlast its session; its own role may end it. */
async function endPrepared(sql: postgres.Sql): Promise<void> {
  await sql`rollback`;
  const prepared = await sql<{ gid: string }[]>`
    select gid from pg_catalog.pg_prepared_xacts where owner = current_user and database = current_database()`;
  for (const { gid } of prepared) await sql.unsafe(`rollback prepared '${gid.replaceAll("'", "''")}'`);
}

function watchSession(
  admin: postgres.Sql,
  pid: number,
  seconds: number,
): { ended(): string | undefined; stop(): void } {
  const deadline = Date.now() + seconds * 1000 + GRACE_MS;
  let why: string | undefined;
  let looking = false;
  const end = async (reason: string): Promise<void> => {
    why = reason;
    await admin`select pg_terminate_backend(${pid})`;
  };
  const look = async (): Promise<void> => {
    if (Date.now() > deadline) return end(`it did not end at its limit of ${seconds} s`);
    const locks = await admin`select from pg_locks where pid = ${pid} and locktype = 'advisory'`;
    if (locks.length > 0) await end('it took an advisory lock, on which the engine may wait');
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look()
      // Without this connection the session has Postgres' own limit.
      .catch(() => undefined)
      .finally(() => (looking = false));
  }, LOOK_MS);
  return { ended: () => why, stop: () => clearInterval(timer) };
}

function noticeOf(role: string, isSuper: boolean, whyNot: string): string {
  const power = isSuper
    ? 'a superuser, which can do anything on the server, read files and run programs'
    : 'with all that it may do';
  return `The query runs as ${role}, ${power}: ${whyNot}. It is in a transaction that is read-only and rolled back, which a query can get around. For a login that only reads, see docs/sql.md, "Who may read".`;
}
