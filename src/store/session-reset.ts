import type postgres from 'postgres';

/**
 * `DISCARD ALL` without `DEALLOCATE ALL`, which would leave the driver with names of statements that are gone. Settings go back
 * to those that the session was started with. In one message, so that it is one round trip; the whole fails if a part of it does.
 */
const RESET = `close all; set session authorization default; reset role; reset all; unlisten *;
  select pg_catalog.pg_advisory_unlock_all(); discard temp; discard sequences;
  select exists (select from pg_catalog.pg_prepared_statements where from_sql) as prepared`;

/** Undoes what user code has done to the session of a connection. @returns whether the connection is as a new one */
export async function resetSession(sql: postgres.Sql): Promise<boolean> {
  try {
    const results = (await sql.unsafe(RESET)) as unknown as { prepared?: boolean }[][];
    return results.at(-1)?.[0]?.prepared === false;
  } catch {
    return false;
  }
}

/** How the driver reads and writes types. drizzle replaces functions in it. */
type Types = Record<'parsers' | 'serializers', Record<string, unknown>>;

const FIRST = new WeakMap<object, Types>();

/** Has the driver of a connection read and write types as it did when this was first called for it. */
export function resetTypes(sql: postgres.Sql): void {
  const options = sql.options as unknown as Types;
  const first = FIRST.get(options);
  if (first === undefined) {
    FIRST.set(options, { parsers: { ...options.parsers }, serializers: { ...options.serializers } });
    return;
  }
  for (const kind of ['parsers', 'serializers'] as const) {
    for (const type of Object.keys(options[kind])) if (!(type in first[kind])) delete options[kind][type];
    Object.assign(options[kind], first[kind]);
  }
}
