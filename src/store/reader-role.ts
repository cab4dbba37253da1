import type postgres from 'postgres';

/** The role that sees the views and nothing else. */
export const READER = 'durachart_reader';

/** Views of the engine's own use. */
const INNER = ['standing', 'late_steps', 'stalled', 'failed'];

/** Makes the role of those who only read, one for all databases of a server. @returns what to do, where the user that migrates may make none */
export async function makeReader(sql: postgres.Sql, role = READER): Promise<string | undefined> {
  if (await exists(sql, role)) return undefined;
  try {
    await sql.unsafe(`create role ${role} nologin`);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === '42501')
      return `The role ${role}, which sees the views and nothing else, is not there, and this user may not make it. For it, have an administrator run "create role ${role} nologin", and migrate again.`;
    // Another database's migration was faster.
    if (code !== '42710' && code !== '23505') throw error;
  }
  return undefined;
}

/** Lets the role, where there is one, see the views that it does not see yet. */
export async function grantReader(sql: postgres.Sql | postgres.TransactionSql): Promise<void> {
  if (!(await exists(sql, READER))) return;
  const [schema] = await sql<{ sees: boolean }[]>`select has_schema_privilege(${READER}, 'durachart', 'usage') as sees`;
  if (schema?.sees !== true) await sql.unsafe(`grant usage on schema durachart to ${READER}`);
  const views = await sql<{ name: string }[]>`
    select quote_ident(relname) as name from pg_class
    where relnamespace = 'durachart'::regnamespace and relkind = 'v' and relname <> all(${INNER})
      and not has_table_privilege(${READER}, oid, 'select')`;
  for (const { name } of views) await sql.unsafe(`grant select on durachart.${name} to ${READER}`);
}

async function exists(sql: postgres.Sql | postgres.TransactionSql, role: string): Promise<boolean> {
  const rows = await sql`select from pg_roles where rolname = ${role}`;
  return rows.length > 0;
}
