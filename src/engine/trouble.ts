import type { Clock, Millis } from './ports.ts';

/** What keeps the database from doing its part. */
export type TroubleCode = keyof typeof WORDS;

/** A trouble of the database: what it is, and what to do about it. It ends by itself once its cause does. */
export interface Trouble {
  code: TroubleCode;
  message: string;
}

const WORDS = {
  NOT_ANSWERING: 'The database does not answer. Try again in a moment; what was stored is not lost.',
  STARTING: 'The database is starting up or shutting down. Try again in a moment; what was stored is not lost.',
  DISK_FULL:
    'The disk of the database is full, so that nothing can be stored. Free space on it or enlarge it; what was stored is not lost, and everything goes on by itself.',
  TOO_MANY_CONNECTIONS:
    "The database takes no more connections. Raise its max_connections or the role's connection limit, or end other clients; what was stored is not lost, and everything goes on by itself.",
  READ_ONLY:
    'The database is read-only: a standby, or default_transaction_read_only is on. Promote it, switch that off, or point DATABASE_URL at the primary; what was stored is not lost, and everything goes on by itself.',
  OUT_OF_MEMORY:
    'The database is out of memory. Lower its settings or give it more; what was stored is not lost, and everything goes on by itself.',
  POOLER:
    'DATABASE_URL leads to a connection pooler (PgBouncer, Supavisor, the "-pooler" host of a provider), which gives no connection a session with the settings, locks and notifications that the engine needs. Point DATABASE_URL at Postgres itself.',
  SLOW: 'The database is slow to answer, and each transition waits for it. Look at its load and at the network between it and this server.',
} as const;

/** By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const BY_STATE: Readonly<Record<string, TroubleCode>> = {
  '53100': 'DISK_FULL',
  '53200': 'OUT_OF_MEMORY',
  '53300': 'TOO_MANY_CONNECTIONS',
  '25006': 'READ_ONLY',
  '57P01': 'STARTING',
  '57P02': 'STARTING',
  '57P03': 'STARTING',
};

/** A question that takes longer, in milliseconds, is worth a word: a commit is one, and each step waits for one. */
const SLOW = 100;
/** How long a write that failed says that writes fail. Whoever still wants to write tries it more often. */
const FRESH = 10_000;

/** The trouble that an error of the database tells of. */
export function troubleOf(error: unknown): Trouble {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (isPooler(each)) return trouble('POOLER');
    const code = BY_STATE[String((each as { code?: unknown }).code)];
    if (code !== undefined) return trouble(code);
  }
  return trouble('NOT_ANSWERING');
}

/** The trouble of a database that took so many milliseconds for a small question. */
export function troubleOfLatency(latency: number): Trouble | null {
  return latency > SLOW ? trouble('SLOW') : null;
}

export function trouble(code: TroubleCode): Trouble {
  return { code, message: WORDS[code] };
}

/** A pooler refuses what it would have to pass on at the start of a session; Postgres does not. */
export function isPooler(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return code === '08P01' && String(message).includes('startup parameter');
}

/** Two writes got into each other's way (a deadlock, a lock): the database is well. */
function isCollision(error: unknown): boolean {
  return /^(40|55P03)/.test(String((error as { code?: unknown } | null)?.code));
}

/** Remembers how the writes of this process went: a database whose disk is full still answers questions. */
export class Writes {
  private readonly clock: Clock;
  private readonly isTransient: (error: unknown) => boolean;
  private last: { trouble: Trouble; at: Millis } | undefined;

  constructor(clock: Clock, isTransient: (error: unknown) => boolean) {
    this.clock = clock;
    this.isTransient = isTransient;
  }

  /** What the last write met with, if that was lately. */
  get trouble(): Trouble | null {
    if (this.last === undefined || this.clock.now() - this.last.at > FRESH) return null;
    return this.last.trouble;
  }

  /** The same write, of which this remembers how it went. */
  watched<A extends unknown[], T>(write: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
    return async (...args) => {
      try {
        const result = await write(...args);
        this.last = undefined;
        return result;
      } catch (error) {
        if (this.isTransient(error) && !isCollision(error))
          this.last = { trouble: troubleOf(error), at: this.clock.now() };
        throw error;
      }
    };
  }
}
