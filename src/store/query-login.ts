import { randomBytes } from 'node:crypto';
import type postgres from 'postgres';
import { READER } from './reader-role.ts';
import { scramVerifier } from './scram.ts';

/** Who logs in for a query: a role that can read the views and nothing else, or, where there can be none, the role of the URL. */
export interface QueryLogin {
  /** In place of those in the URL. */
  credentials: { user: string; password: string } | undefined;
  /** Why there is no role that only reads; undefined where there is one. */
  whyNot: string | undefined;
}

/** Login roles that last for one query. */
const NAME = /^durachart_sql_[0-9a-f]{16}$/;
/** Seconds for which a login role outlasts its query, at the longest. */
const MARGIN = 60;
/** Kilobytes of temporary files that a query may fill. */
const TEMPORARY_KB = 2_097_152;

interface Facts {
  /** Quoted where it has to be. */
  role: string;
  version: number;
  createsRoles: boolean;
  onlyReads: boolean;
  until: string;
}

/**
 * Makes a login role for a query of at most so many seconds, where the role that `admin` is logged in as may: a session can leave
 * what `set role` makes of it, but not what it logged in as. Drops what earlier queries have left behind.
 */
export async function makeQueryLogin(admin: postgres.Sql, seconds: number): Promise<QueryLogin> {
  await dropLeftovers(admin);
  const facts = await read(admin, seconds);
  if (facts.onlyReads) return { credentials: undefined, whyNot: undefined };
  if (!facts.createsRoles) return { credentials: undefined, whyNot: 'it may not create roles' };
  const user = `durachart_sql_${randomBytes(8).toString('hex')}`;
  const password = randomBytes(24).toString('base64url');
  try {
    await create(admin, user, password, facts);
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code) || code.startsWith('57')) throw error;
    return { credentials: undefined, whyNot: `it cannot make a role that is a member of ${READER} (${message})` };
  }
  return { credentials: { user, password }, whyNot: undefined };
}

export async function dropQueryLogin(admin: postgres.Sql, user: string): Promise<void> {
  await admin.unsafe(`drop role if exists ${user}`);
}

async function read(admin: postgres.Sql, seconds: number): Promise<Facts> {
  // A role that is no more than a reader is one already. What lies outside of the schema durachart is its owner's to grant.
  const [facts] = await admin<Facts[]>`
    select quote_ident(current_user) as role, current_setting('server_version_num')::int as version,
      rolsuper or rolcreaterole as "createsRoles",
      coalesce(not (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)
        and pg_has_role(current_user, to_regrole(${READER}), 'member')
        and not exists (select from pg_roles p where p.rolname ~ '^pg_' and pg_has_role(current_user, p.oid, 'member')
          and p.rolname not in ('pg_monitor', 'pg_read_all_settings', 'pg_read_all_stats', 'pg_stat_scan_tables'))
        and not exists (select from pg_roles p where p.rolsuper and pg_has_role(current_user, p.oid, 'member'))
        and not has_database_privilege(current_database(), 'create')
        and not has_schema_privilege(to_regnamespace('durachart'), 'create')
        and not exists (select from pg_class c where c.relnamespace = to_regnamespace('durachart')
          and case when c.relkind = 'S' then has_sequence_privilege(c.oid, 'usage, update')
            when c.relkind in ('r', 'p') then has_table_privilege(c.oid, 'select, insert, update, delete, truncate')
            when c.relkind = 'v' then has_table_privilege(c.oid, 'insert, update, delete') else false end), false) as "onlyReads",
      to_char(now() + make_interval(secs => ${seconds + MARGIN}), 'YYYY-MM-DD"T"HH24:MI:SSOF') as until
    from pg_roles where rolname = current_user`;
  if (facts === undefined) throw new Error('The database does not say who is logged in.');
  return facts;
}

async function create(admin: postgres.Sql, user: string, password: string, facts: Facts): Promise<void> {
  const [reader] = await admin`select from pg_roles where rolname = ${READER}`;
  // One transaction: no role is left without its limits. The password goes over as a verifier, so that no log of the server has it.
  await admin.unsafe(`
    create role ${user} login inherit nosuperuser nocreatedb nocreaterole noreplication connection limit 1
      password '${scramVerifier(password)}' valid until '${facts.until}' ${reader === undefined ? '' : `in role ${READER}`};
    alter role ${user} set default_transaction_read_only = on;
    alter role ${user} set idle_in_transaction_session_timeout = '60s';
    alter role ${user} set search_path = durachart, public`);
  // To have made a role gives no right to end its sessions, and before version 16 need be no member of it.
  const how = facts.version >= 160_000 ? 'with inherit true, set false' : '';
  await admin.unsafe(`grant ${user} to ${facts.role} ${how}`);
  // Superusers only may set it, and whom they let.
  await admin.unsafe(`alter role ${user} set temp_file_limit = ${TEMPORARY_KB}`).catch(() => undefined);
}

/** Ends and drops the roles of queries whose process was killed, as far as this role may. */
async function dropLeftovers(admin: postgres.Sql): Promise<void> {
  const roles = await admin<{ name: string }[]>`
    select rolname as name from pg_roles where rolname like 'durachart\\_sql\\_%' and rolvaliduntil < now()`;
  for (const { name } of roles.filter(({ name }) => NAME.test(name))) {
    try {
      await admin`select pg_terminate_backend(pid) from pg_stat_activity where usename = ${name}`;
      await dropQueryLogin(admin, name);
    } catch {
      // Another role's, or another run's that has just done the same.
    }
  }
}
