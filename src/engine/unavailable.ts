import { DurachartError } from '../core/error.ts';
import { troubleOf } from './trouble.ts';

/** The database does not do what it is asked now; what was stored is not lost, and the same call may succeed later. `details.reason` says what is wrong, the message what to do. */
export class DatabaseUnavailableError extends DurachartError {
  constructor(cause: unknown) {
    const { code, message } = troubleOf(cause);
    super('DATABASE_UNAVAILABLE', message, { cause, details: { reason: code } });
    this.name = 'DatabaseUnavailableError';
  }
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
        throw isTransient(error) ? new DatabaseUnavailableError(error) : error;
      }
    },
  ]);
  return Object.fromEntries(methods) as P;
}
