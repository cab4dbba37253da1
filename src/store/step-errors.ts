import type postgres from 'postgres';
import { StepError } from '../core/error.ts';

const NESTED = 'For a part that can be undone by itself: tx.begin(async (inner) => …) or a SAVEPOINT.';

/** @param words the first ones of the statement */
export function refused(words: string): StepError {
  return new StepError(
    'TRANSACTION_CONTROL',
    `${words} was refused and not sent: the engine commits the transaction of a transactional step together with the step's result, and rolls it back when the step throws. Leave it out. ${NESTED}`,
    { retryable: false, details: { statement: words } },
  );
}

export function refusedMethod(name: string): StepError {
  return new StepError(
    'TRANSACTION_CONTROL',
    `tx.${name} is not there in a transactional step: it would end the transaction, outlive it, or be outside of it. Use a client of your own, or SQL.`,
    { retryable: false, details: { method: name } },
  );
}

/** The transaction that the step's result would be stored in is another one than it began in. */
export function ended(): StepError {
  return new StepError(
    'TRANSACTION_ENDED',
    `The step has ended its own transaction by a statement that was not recognised, and is not run again: what it wrote up to then may be stored. ${NESTED}`,
    { retryable: false },
  );
}

export function notEnded(): StepError {
  return new StepError(
    'TRANSACTION_CONTROL',
    'A nested transaction had not ended when the step, or the transaction around it, did. Await what tx.begin returns, and commit what BEGIN has begun.',
    { retryable: false },
  );
}

export function interleaved(): StepError {
  return new StepError(
    'TRANSACTION_INTERLEAVED',
    'A nested transaction was ended while statements or transactions beside it were under way, which are undone with it: a step has one connection. Await one before you begin the next.',
    { retryable: false },
  );
}

export function isOver(): StepError {
  return new StepError(
    'TRANSACTION_OVER',
    'The statement was not sent: the transaction that it belongs to is over. Await every query before the step, or the function given to tx.begin, returns.',
    { retryable: false },
  );
}

/** An error of the server, as the step's: classified by its SQLSTATE, with the original as its cause. */
function sqlError(name: string, message: string, cause: postgres.PostgresError): Error {
  const { code, constraint_name, table_name } = cause;
  return Object.assign(new Error(message, { cause }), { name, code, constraint_name, table_name });
}

/** @param first what a statement of the step failed with, before those that were refused for it */
export function abortedBy(first: postgres.PostgresError): Error {
  return sqlError(
    'TransactionAbortedError',
    `${first.message} (This error, which the step has caught, had aborted its transaction. ${NESTED})`,
    first,
  );
}

/** What the step did to its transaction makes the server refuse to store the result in it, or to commit it. */
export function notStored(error: postgres.PostgresError): Error {
  const told = `${error.message} (The step's result could not be committed in its transaction.)`;
  // The server of a transaction that was begun for writing does not become read-only; the step has made it so.
  if (error.code.startsWith('25'))
    return new StepError('DATABASE_ERROR', told, { retryable: false, cause: error, details: { code: error.code } });
  return sqlError('TransactionAbortedError', told, error);
}

/** Whether an error has this SQLSTATE, or a library's error around it. */
export function causedBy(error: unknown, code: string): boolean {
  for (let depth = 0, one = error; depth < 5 && typeof one === 'object' && one !== null; depth++) {
    if ((one as { code?: unknown }).code === code) return true;
    one = (one as { cause?: unknown }).cause;
  }
  return false;
}
