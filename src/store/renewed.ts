import type postgres from 'postgres';

/** Seconds in which what is under way on the other connections of a client may end, once one of them has broken. */
const FAREWELL = 2;

/**
 * A client that is replaced by a new one as soon as one of its connections breaks. postgres.js would connect anew by
 * itself; but where it was just about to write when the connection went away, it keeps those bytes and the mark of a write
 * that is still to come (3.4.9, `closed()` in connection.js), and every later attempt waits in vain until its time-out:
 * for a minute, and under TLS for twenty.
 *
 * What waits for a connection of the old client is refused after {@link FAREWELL} with an error that is transient.
 * @param open makes a client that calls back when one of its connections has gone
 * @param listener the client that `listen` goes to; it stays
 */
export function renewed(open: (onclose: () => void) => postgres.Sql, listener?: postgres.Sql): postgres.Sql {
  const old = new Set<Promise<void>>();
  let ended = false;
  let current = make();

  function make(): postgres.Sql {
    const client = open(() => {
      if (client !== current || ended) return;
      current = make();
      const farewell = client.end({ timeout: FAREWELL }).finally(() => old.delete(farewell));
      old.add(farewell);
    });
    return client;
  }

  const end = async (options?: { timeout?: number }): Promise<void> => {
    ended = true;
    await Promise.all([current.end(options), listener?.end(options), ...old]);
  };
  const own: Partial<Record<PropertyKey, unknown>> = {
    end,
    ...(listener === undefined ? {} : { listen: listener.listen }),
  };
  return new Proxy(current, {
    apply: (_, self, args: unknown[]) => Reflect.apply(current as never, self, args) as unknown,
    get: (_, name) => own[name] ?? (Reflect.get(current, name) as unknown),
  });
}
