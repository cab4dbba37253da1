import type postgres from 'postgres';

/** A connection that one transaction has to itself. */
export interface Connection {
  sql: postgres.Sql;
  /** It was lost in between: what was begun on it is rolled back, or its outcome unknown. */
  broken: boolean;
  /** Called when it is lost. Nothing more is to be asked of it then: the client connects anew by itself, or hangs over that (see `renewed`). */
  onlost: () => void;
}

/**
 * Connections for the transactions of steps, apart from the pool: a step may hold its own for long, and must not keep
 * reads and beats waiting; and postgres.js's `reserve` loses connections, or hands on those of others, when one breaks.
 * Each is a client of its own. One that breaks connects anew by itself, so outside of its transaction sessions are
 * read-only: no statement of a broken transaction can be committed alone.
 */
export class Connections {
  private readonly open: (onclose: () => void) => postgres.Sql;
  private readonly max: number;
  private readonly all = new Set<Connection>();
  private readonly idle: Connection[] = [];
  private readonly line: (() => void)[] = [];

  /** @param open makes a client of one connection, which tells when it is lost */
  constructor(open: (onclose: () => void) => postgres.Sql, max: number) {
    this.open = open;
    this.max = max;
  }

  /** Takes a connection, when there is one. */
  async take(): Promise<Connection> {
    while (this.idle.length === 0 && this.all.size >= this.max)
      await new Promise<void>((resolve) => this.line.push(resolve));
    const connection = this.idle.pop();
    if (connection === undefined) return this.make();
    if (!connection.broken) return connection;
    this.discard(connection);
    return this.take();
  }

  /** Gives a connection back. */
  give(connection: Connection): void {
    if (connection.broken) this.discard(connection);
    else this.idle.push(connection);
    this.line.shift()?.();
  }

  async end(options: { timeout: number }): Promise<void> {
    await Promise.all([...this.all].map(({ sql }) => sql.end(options)));
  }

  private make(): Connection {
    const onclose = (): void => {
      connection.broken = true;
      connection.onlost();
    };
    const connection: Connection = { sql: this.open(onclose), broken: false, onlost: () => {} };
    this.all.add(connection);
    return connection;
  }

  private discard(connection: Connection): void {
    this.all.delete(connection);
    void connection.sql.end({ timeout: 0 });
  }
}
