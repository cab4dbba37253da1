import type postgres from 'postgres';
import { asUnavailable, DatabaseUnavailableError } from '../engine/unavailable.ts';
import { connect } from './connect.ts';
import { MIGRATION_SETTINGS } from './session-settings.ts';
import { isTransient } from './transient.ts';

/**
 * How a session begins that has to be one: it holds locks, hears notifications or has settings. A pooler (PgBouncer, Supavisor) refuses
 * to pass this on, or is told to ignore it; then it is missing. Behind one that gives a client's session to the next one, a
 * lock would stay with the pooler: a migration would never end, and a worker be taken for dead while it lives.
 */
export const DIRECT = { 'durachart.direct': 'on' };

/** In a statement: whether its session began as {@link DIRECT} says. */
export const IS_DIRECT = `current_setting('durachart.direct', true) is not distinct from 'on'`;

/** For a session that is not direct. @throws DatabaseUnavailableError whose `details.reason` is `POOLER` */
export function notDirect(): never {
  throw new DatabaseUnavailableError(
    Object.assign(new Error('startup parameter durachart.direct was not passed on'), { code: '08P01' }),
  );
}

/** Opens a session for migrations. To be ended by the caller. @throws DatabaseUnavailableError behind a pooler */
export async function openSession(url: string): Promise<postgres.Sql> {
  const sql = connect(url, { role: 'migration', settings: { ...MIGRATION_SETTINGS, ...DIRECT }, max: 1 });
  try {
    const [row] = await sql.unsafe<{ direct: boolean }[]>(`select ${IS_DIRECT} as direct`);
    if (row?.direct !== true) notDirect();
    return sql;
  } catch (error) {
    await sql.end({ timeout: 5 });
    throw asUnavailable(error, isTransient);
  }
}
