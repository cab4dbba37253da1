import type postgres from 'postgres';

/** Objects below this number are of the cluster's making. */
const FIRST_OWN = 16384;

/**
 * Gives what the cluster's superuser owns in a database to another role, the database included: `reassign owned` refuses this one role. What
 * belongs to an extension stays with it. @returns what could not be given away, in words: some things only a superuser may own
 */
export async function giveAway(sql: postgres.Sql, to: string): Promise<string[]> {
  const kept: string[] = [];
  await sql.begin(async (tx) => {
    await tx`set local search_path = pg_catalog`;
    const [database] = await tx<{ name: string }[]>`
      select quote_ident(datname) as name from pg_database where datname = current_database() and datdba = 10 and oid >= ${FIRST_OWN}`;
    if (database !== undefined) await tx.unsafe(`alter database ${database.name} owner to ${to}`);
    for (const { kind, name } of await owned(tx)) {
      try {
        await tx.savepoint(async (inner) => inner.unsafe(`alter ${kind} ${name} owner to ${to}`));
      } catch (error) {
        kept.push(`${kind} ${name} (${(error as Error).message})`);
      }
    }
  });
  return kept;
}

interface Owned {
  /** As `alter` has it. */
  kind: string;
  name: string;
}

async function owned(tx: postgres.TransactionSql): Promise<Owned[]> {
  // Without what comes along with its table or type: sequences of columns, row types, arrays, multiranges.
  return tx<Owned[]>`
    with mine(classid, objid) as (
      select 'pg_namespace'::regclass, oid from pg_namespace where nspowner = 10
      union all select 'pg_class'::regclass, oid from pg_class where relowner = 10 and relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c')
      union all select 'pg_proc'::regclass, oid from pg_proc where proowner = 10
      union all select 'pg_type'::regclass, oid from pg_type t where typowner = 10 and typtype in ('b', 'd', 'e', 'r')
        and not exists (select from pg_type e where e.typarray = t.oid)
      union all select 'pg_operator'::regclass, oid from pg_operator where oprowner = 10
      union all select 'pg_opclass'::regclass, oid from pg_opclass where opcowner = 10
      union all select 'pg_opfamily'::regclass, oid from pg_opfamily where opfowner = 10
      union all select 'pg_collation'::regclass, oid from pg_collation where collowner = 10
      union all select 'pg_conversion'::regclass, oid from pg_conversion where conowner = 10
      union all select 'pg_ts_config'::regclass, oid from pg_ts_config where cfgowner = 10
      union all select 'pg_ts_dict'::regclass, oid from pg_ts_dict where dictowner = 10
      union all select 'pg_statistic_ext'::regclass, oid from pg_statistic_ext where stxowner = 10
      union all select 'pg_largeobject'::regclass, oid from pg_largeobject_metadata where lomowner = 10
      union all select 'pg_foreign_server'::regclass, oid from pg_foreign_server where srvowner = 10
      union all select 'pg_publication'::regclass, oid from pg_publication where pubowner = 10)
    select case o.type when 'statistics object' then 'statistics' when 'composite type' then 'type' else o.type end as kind, o.identity as name
    from mine, pg_identify_object(classid, objid, 0) o
    where objid >= ${FIRST_OWN} and not exists (
      select from pg_depend d where d.classid = mine.classid and d.objid = mine.objid and (d.deptype = 'e'
        or d.deptype in ('a', 'i') and mine.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0))
    order by mine.classid = 'pg_namespace'::regclass desc, objid`;
}
