import type postgres from 'postgres';
import { DurachartError } from '../core/error.ts';
import type { Transaction } from '../core/step.ts';
import type { Database } from './database.ts';
import { transact } from './transact.ts';

/** What a handler threw, whatever it looks like: an error of another database is no trouble of this one. */
class Thrown extends Error {
  readonly error: unknown;
  constructor(error: unknown) {
    super('The handler threw.');
    this.error = error;
  }
}

/**
 * Runs a step's handler in a transaction and stores its result in the same commit.
 * @param key the invocation, for messages
 * @param store writes the result on condition that the attempt still counts; undefined when it does not
 * @throws DurachartError `FENCED`; DatabaseUnavailableError when the outcome is unknown; what the handler throws
 */
export async function stepTransaction<Stored>(
  database: Database,
  key: string,
  run: (tx: Transaction) => Promise<unknown>,
  store: (sql: postgres.Sql, output: unknown) => Promise<Stored | undefined>,
): Promise<Stored> {
  try {
    return await transact(database.transactions, 'read write', async (sql) => {
      const stored = await store(sql, await handled(run, sql));
      if (stored !== undefined) return stored;
      throw new DurachartError('FENCED', `This attempt of ${key} no longer counts; what it wrote was rolled back.`);
    });
  } catch (thrown) {
    throw thrown instanceof Thrown ? thrown.error : thrown;
  }
}

async function handled(run: (tx: Transaction) => Promise<unknown>, sql: postgres.Sql): Promise<unknown> {
  try {
    return await run(sql as unknown as Transaction);
  } catch (error) {
    throw new Thrown(error);
  }
}
