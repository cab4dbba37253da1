import postgres from 'postgres';
import { DurachartError } from '../core/error.ts';
import type { Transaction } from '../core/step.ts';
import { asUnavailable, DatabaseUnavailableError } from '../engine/unavailable.ts';
import type { Database } from './database.ts';
import { resetSession, resetTypes } from './session-reset.ts';
import { StepClient } from './step-client.ts';
import { ended, notStored } from './step-errors.ts';
import { LIMITS, type Limits } from './transaction-limits.ts';
import { isTransient } from './transient.ts';
import type { Connection } from './transactions.ts';

/** Which transaction it is: no other one of the session began at this microsecond. */
const BEGAN = `(extract(epoch from pg_catalog.now()) * 1000000)::int8::text as began`;

/**
 * After the handler: its role may not be allowed to store the result, and in its encoding that would be another text. What is
 * deferred is checked before that, in its role.
 */
const RESUME = `set constraints all immediate; reset session authorization; reset role; reset client_encoding; select ${BEGAN}`;

/** What the server answers for its own reasons, not for those of the statement: it may take the same one later. */
const SERVER_TROUBLE = /^(08|53|58|57P)/;

/**
 * Runs a step's handler in a transaction and stores its result in the same commit.
 * @param key the invocation, for messages
 * @param store writes the result on condition that the attempt still counts; undefined when it does not
 * @param signal aborts when the attempt is over, whatever the handler does: unless the commit was sent by then, the transaction is rolled back
 * @throws DurachartError `FENCED`; DatabaseUnavailableError when the outcome is unknown, or the server is in trouble; what the
 *   handler throws; what the server says of the step's transaction; the signal's reason
 */
export async function stepTransaction<Stored>(
  database: Database,
  key: string,
  run: (tx: Transaction) => Promise<unknown>,
  store: (sql: postgres.Sql, output: unknown) => Promise<Stored | undefined>,
  signal: AbortSignal,
): Promise<Stored> {
  const connection = await database.transactions.take();
  const transaction = new StepTransaction(database, connection);
  const abort = (): void => transaction.abort(signal.reason as Error);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  try {
    return await transaction.run(key, run, store);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** One transaction, on a connection of its own. */
class StepTransaction {
  private readonly database: Pick<Database, 'pool' | 'transactions'>;
  private readonly connection: Connection;
  private readonly sql: postgres.Sql;
  private readonly client: StepClient;
  /** Rejects when the connection is lost: what is asked of it then may never be answered. */
  private readonly lost = Promise.withResolvers<never>();
  /** Why it was lost, where the handler is the cause. */
  private ownFault: Error | undefined;
  private reset: Promise<boolean> | undefined;
  /** Commit was sent: whether it took place is not known before it is answered. */
  private isCommitting = false;
  /** Of the session, on the server; 0 until the transaction has begun. */
  private pid = 0;

  constructor(database: Pick<Database, 'pool' | 'transactions'>, connection: Connection) {
    this.database = database;
    this.connection = connection;
    this.sql = connection.sql;
    resetTypes(this.sql);
    this.client = new StepClient(this.sql);
    connection.onlost = () => {
      this.ownFault ??= this.client.limits.lost();
      this.client.close();
      this.lost.reject(new Error('The connection was lost.'));
    };
    this.lost.promise.catch(() => {});
  }

  /** Rolls back at once, which gives up all locks: the session is ended, since a statement may be under way and the handler may never return. */
  abort(reason: Error): void {
    if (this.isCommitting || this.connection.broken) return;
    this.ownFault = reason;
    if (this.pid > 0) {
      const ending = this.database.pool`select pg_catalog.pg_terminate_backend(${this.pid})`;
      // A database that is away has rolled it back.
      ending.catch(() => {});
    }
    // The driver notices nothing on a connection whose COPY is not read on.
    this.connection.broken = true;
    this.connection.onlost();
  }

  async run<Stored>(
    key: string,
    run: (tx: Transaction) => Promise<unknown>,
    store: (sql: postgres.Sql, output: unknown) => Promise<Stored | undefined>,
  ): Promise<Stored> {
    const { connection, lost } = this;
    try {
      return await Promise.race([lost.promise, this.whole(key, run, store)]);
    } catch (error) {
      if (!connection.broken)
        await Promise.race([this.sql`rollback`, lost.promise]).catch(() => (connection.broken = true));
      throw this.failure(error);
    } finally {
      this.client.close();
      void this.giveBack();
    }
  }

  private async whole<Stored>(
    key: string,
    run: (tx: Transaction) => Promise<unknown>,
    store: (sql: postgres.Sql, output: unknown) => Promise<Stored | undefined>,
  ): Promise<Stored> {
    const { sql, connection } = this;
    const began = await this.begin();
    const output = await this.handled(run);
    try {
      // Sent together; in a transaction that was ended by the handler the session takes no writes.
      const resume = sql.unsafe(RESUME).execute();
      const [resumed, stored] = await Promise.all([resume, store(sql, output)]);
      if ((lastRow(resumed) as { began: string }).began !== began) throw ended();
      if (stored === undefined)
        throw new DurachartError('FENCED', `This attempt of ${key} no longer counts; what it wrote was rolled back.`);
      // What is sent on a connection that was given up would begin a new session.
      if (connection.broken) throw new DatabaseUnavailableError(null);
      this.isCommitting = true;
      const commit = sql`commit`.execute();
      this.reset = resetSession(sql);
      await commit;
      // Lost just before, the connection would have come back, and committed nothing.
      if (connection.broken) throw new DatabaseUnavailableError(null);
      return stored;
    } catch (error) {
      throw this.refusal(error);
    }
  }

  private async begin(): Promise<string> {
    try {
      const { began, pid, ...limits } = lastRow(
        // The driver reads dates of this style only. In which order day and month are written stays as the role has it.
        await this.sql.unsafe(
          `begin read write; set local datestyle = iso; select ${BEGAN}, pg_catalog.pg_backend_pid() as pid, ${LIMITS}`,
        ),
      ) as Limits & { began: string; pid: number };
      this.pid = pid;
      this.client.limits.set(limits);
      return began;
    } catch (error) {
      throw asUnavailable(error, isTransient);
    }
  }

  private async handled(run: (tx: Transaction) => Promise<unknown>): Promise<unknown> {
    const { client } = this;
    try {
      const output = await run(client.tx as unknown as Transaction);
      client.check();
      return output;
    } catch (error) {
      throw client.explained(error);
    } finally {
      client.close();
      resetTypes(this.sql);
    }
  }

  /** What the server answers to the engine's own statements in the handler's transaction. */
  private refusal(error: unknown): unknown {
    const explained = this.client.explained(error);
    if (explained !== error || !(error instanceof postgres.PostgresError)) return explained;
    return SERVER_TROUBLE.test(error.code) ? new DatabaseUnavailableError(error) : notStored(error);
  }

  private failure(error: unknown): unknown {
    if (!this.connection.broken) return error;
    // Before the commit nothing has been written, whatever the connection was lost for.
    return (this.isCommitting ? undefined : this.ownFault) ?? new DatabaseUnavailableError(error);
  }

  /** As a new one, or not at all. The step's result does not wait for it. */
  private async giveBack(): Promise<void> {
    const { connection, client, lost } = this;
    if (!connection.broken) {
      const isReset = await Promise.race([this.reset ?? resetSession(this.sql), lost.promise]).catch(() => false);
      if (!isReset || client.hasDeallocated) connection.broken = true;
    }
    connection.onlost = () => {};
    this.database.transactions.give(connection);
  }
}

/** Of the last one of several statements that were sent as one. */
function lastRow(results: unknown): unknown {
  return (results as unknown[][]).at(-1)?.[0];
}
