import { DurachartError } from '../core/error.ts';
import { isSetUpWrong, troubleOf } from './trouble.ts';

/** The database does not do what it is asked now; what was stored is not lost, and the same call may succeed later. `details.reason` says what is wrong, the message what to do. */
export class DatabaseUnavailableError extends DurachartError {
  constructor(cause: unknown) {
    const { code, message } = troubleOf(cause);
    super('DATABASE_UNAVAILABLE', message, { cause, details: { reason: code } });
    this.name = 'DatabaseUnavailableError';
  }
}

/** Whether it is not the step's failure that its transaction ended so: what became of it, its row says. */
export function isUnknown(error: unknown): error is DurachartError {
  return error instanceof DatabaseUnavailableError || (error instanceof DurachartError && error.code === 'FENCED');
}

/** An error of the database in the engine's words, where it is one that keeps the database from doing what it is asked; others as they are. */
export function asUnavailable(error: unknown, isTransient: (error: unknown) => boolean): unknown {
  return isTransient(error) || isSetUpWrong(error) ? new DatabaseUnavailableError(error) : error;
}

type Port = Record<string, (...args: never[]) => Promise<unknown>>;

/** The same port, which says in the engine's words that the database is away. */
export function outspoken<P extends object>(port: P, isTransient: (error: unknown) => boolean): P {
  const methods = Object.entries(port as unknown as Port).map(([name, method]) => [
    name,
    async (...args: never[]) => {
      try {
        return await method(...args);
      } catch (error) {
        throw asUnavailable(error, isTransient);
      }
    },
  ]);
  return Object.fromEntries(methods) as P;
}
