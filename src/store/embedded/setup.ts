import type postgres from 'postgres';
import { scramVerifier } from '../scram.ts';
import { NAME, SUPERUSER, type Passwords } from './cluster.ts';
import { giveAway } from './ownership.ts';

/** Key of the advisory lock of one who sets a cluster up: others that start at the same time wait. */
const SETUP_LOCK = 0x44757273;

/** Opens a connection for set-up; the caller closes it. */
export type Connect = (user: 'superuser' | 'engine', database: string) => postgres.Sql;

/**
 * Makes sure of the engine's role and its database, as the cluster's superuser: `durachart` owns the database, may create roles, and is no
 * superuser. In a cluster of an earlier version `durachart` is the superuser itself; that is set right once nobody else is connected.
 */
export async function setUp(connect: Connect, passwords: Passwords, log: (line: string) => void): Promise<void> {
  const superuser = connect('superuser', 'postgres');
  try {
    await superuser`select pg_advisory_lock(${SETUP_LOCK})`;
    await complete(superuser, passwords);
    return;
  } catch (error) {
    // There is no such role yet: 28P01, which is what a wrong password gives, too.
    if (!isLoginRefused(error)) throw error;
  } finally {
    await superuser.end({ timeout: 1 });
  }
  const engine = connect('engine', 'postgres');
  try {
    await engine`select pg_advisory_lock(${SETUP_LOCK})`;
    // Not whether the session is a superuser's: another process may have renamed its role meanwhile.
    const [old] = await engine`select from pg_roles where rolname = ${NAME} and rolsuper`;
    if (old === undefined) return;
    const others = await engine`
      select from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() and datname is not null
        and not (wait_event_type = 'Lock' and wait_event = 'advisory')`;
    if (others.length > 0) return;
    await bringOver(engine, connect, passwords, log);
  } finally {
    await engine.end({ timeout: 1 });
  }
}

async function complete(superuser: postgres.Sql, passwords: Passwords): Promise<void> {
  const [helper] = await superuser`select from pg_roles where rolname = ${HELPER}`;
  if (helper !== undefined) await superuser.unsafe(`drop role ${HELPER}`);
  const [role] = await superuser`select from pg_roles where rolname = ${NAME}`;
  if (role === undefined) await superuser.unsafe(createEngineRole(NAME, passwords.engine));
  const [database] = await superuser`select from pg_database where datname = ${NAME}`;
  if (database === undefined) await superuser.unsafe(`create database ${NAME} owner ${NAME}`);
  // Its view has the statements of all databases. In this one it is in nobody's backup.
  const [extension] = await superuser`
    select from pg_available_extensions where name = 'pg_stat_statements' and installed_version is null
      and current_setting('shared_preload_libraries') like '%pg_stat_statements%'`;
  if (extension !== undefined) await superuser.unsafe('create extension if not exists pg_stat_statements');
}

/** `pg_monitor` is for people who look at the database with psql. */
function createEngineRole(name: string, password: string): string {
  return `create role ${name} login createrole password '${scramVerifier(password)}'; grant pg_monitor to ${name}`;
}

/** Roles of a change that is under way. */
const HELPER = 'durachart_setup';
const NEXT = 'durachart_next';

/**
 * Renames the superuser and gives what it owns to a new `durachart`. Until the last transaction, which is all that can be seen from outside, it
 * can be interrupted and begun again.
 */
async function bringOver(
  old: postgres.Sql,
  connect: Connect,
  passwords: Passwords,
  log: (line: string) => void,
): Promise<void> {
  const [next] = await old`select from pg_roles where rolname = ${NEXT}`;
  if (next === undefined) await old.unsafe(createEngineRole(NEXT, passwords.engine));
  const databases = await old<{ name: string }[]>`
    select datname as name from pg_database where datallowconn and not datistemplate order by 1`;
  for (const { name } of databases) {
    const sql = connect('engine', name);
    try {
      for (const kept of await giveAway(sql, NEXT)) log(`In the database ${name} the superuser keeps ${kept}.`);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }
  await renameRoles(old, passwords);
  log('The role durachart of the embedded Postgres is no superuser any longer.');
}

async function renameRoles(old: postgres.Sql, passwords: Passwords): Promise<void> {
  // No role can rename itself; another superuser does it, in a session of the old one.
  const [helper] = await old`select from pg_roles where rolname = ${HELPER}`;
  if (helper === undefined) await old.unsafe(`create role ${HELPER} superuser nologin`);
  await old.begin(async (tx) => {
    await tx.unsafe(`set local session authorization ${HELPER}`);
    await tx`insert into pg_db_role_setting select setdatabase, ${NEXT}::regrole, setconfig from pg_db_role_setting where setrole = ${NAME}::regrole`;
    const members = await tx<{ name: string }[]>`
      select quote_ident(rolname) as name from pg_roles
      where oid >= 16384 and not rolsuper and rolname <> ${NEXT} and not pg_has_role(oid, ${NEXT}, 'member')`;
    for (const { name } of members)
      await tx.unsafe(`grant ${name} to ${NEXT} with admin true, inherit false, set false`);
    await tx.unsafe(`
      alter role ${NAME} rename to ${SUPERUSER};
      alter role ${SUPERUSER} password '${scramVerifier(passwords.superuser)}';
      alter role ${NEXT} rename to ${NAME}`);
  });
  await old.unsafe(`drop role ${HELPER}`);
}

export function isLoginRefused(error: unknown): boolean {
  return ['28P01', '28000'].includes(String((error as { code?: unknown }).code));
}
