import type postgres from 'postgres';
import { asUnavailable, DatabaseUnavailableError } from '../engine/unavailable.ts';
import { isTransient } from './transient.ts';
import type { Connections } from './transactions.ts';

/**
 * Several statements as one, on a connection of their own: postgres.js's `begin` can let two transactions share one.
 * @param connections those that are meant for it: who waits for one waits for others of its kind
 * @param mode what comes after `begin`, like `read write`
 * @throws DatabaseUnavailableError when the outcome is unknown; what `run` throws
 */
export async function transact<T>(
  connections: Connections,
  mode: string,
  run: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const connection = await connections.take();
  const { sql } = connection;
  // One for each transaction: a promise that outlives them all would keep what each of them came to.
  const { promise: lost, reject } = Promise.withResolvers<never>();
  connection.onlost = () => reject(new Error('The connection was lost.'));
  const whole = async (): Promise<T> => {
    // The driver reads dates of this style only. In which order day and month are written stays as the role has it.
    await sql.unsafe(`begin ${mode}; set local datestyle = iso`);
    const result = await run(sql);
    await sql`commit`;
    // Lost just before, the connection would have come back, and committed nothing.
    if (connection.broken) throw new DatabaseUnavailableError(null);
    return result;
  };
  try {
    // What `run` still asks of a lost connection is refused.
    return await Promise.race([whole(), lost]);
  } catch (error) {
    if (!connection.broken) await Promise.race([sql`rollback`, lost]).catch(() => (connection.broken = true));
    throw connection.broken ? new DatabaseUnavailableError(error) : asUnavailable(error, isTransient);
  } finally {
    connection.onlost = () => {};
    connections.give(connection);
  }
}
