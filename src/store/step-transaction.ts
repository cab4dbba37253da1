import type postgres from 'postgres';
import { DurachartError } from '../core/error.ts';
import type { Transaction } from '../core/step.ts';
import { DatabaseUnavailableError } from '../engine/unavailable.ts';
import { isTransient, type Database } from './database.ts';

/**
 * Runs a step's handler in a transaction and stores its result in the same commit.
 * @param key the invocation, for messages
 * @param store writes the result on condition that the attempt still counts; undefined when it does not
 * @throws DurachartError `FENCED`; DatabaseUnavailableError when the outcome is unknown; what the handler throws
 */
export async function stepTransaction<Stored>(
  { transactions }: Database,
  key: string,
  run: (tx: Transaction) => Promise<unknown>,
  store: (sql: postgres.Sql, output: unknown) => Promise<Stored | undefined>,
): Promise<Stored> {
  const connection = await transactions.take();
  const { sql } = connection;
  let inHandler = false;
  try {
    await sql`begin read write`;
    inHandler = true;
    const output = await run(sql as unknown as Transaction);
    inHandler = false;
    const stored = await store(sql, output);
    if (stored === undefined) {
      throw new DurachartError('FENCED', `This attempt of ${key} no longer counts; what it wrote was rolled back.`);
    }
    await sql`commit`;
    // Lost just before, the connection would have come back, and committed nothing.
    if (connection.broken) throw new DatabaseUnavailableError(null);
    return stored;
  } catch (error) {
    await sql`rollback`.catch(() => (connection.broken = true));
    throw connection.broken || (!inHandler && isTransient(error)) ? new DatabaseUnavailableError(error) : error;
  } finally {
    transactions.give(connection);
  }
}
