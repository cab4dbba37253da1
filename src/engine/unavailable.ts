import { DurachartError } from '../core/error.ts';

/** The database does not answer now; what was stored is not lost, and the same call may succeed later. */
export class DatabaseUnavailableError extends DurachartError {
  constructor(cause: unknown) {
    super('DATABASE_UNAVAILABLE', 'The database does not answer. Try again in a moment; what was stored is not lost.', {
      cause,
    });
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
