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
  NOT_MIGRATED:
    "The database does not have this version's tables: run `durachart migrate`, or call migrate(url) before the engine works. If they are there, DATABASE_URL names another database.",
  LOGIN_REFUSED:
    'Postgres refuses the login. Correct the user and the password in DATABASE_URL (characters like @ : / # ? in them are percent-encoded); where the server lets nobody in without TLS, add ?sslmode=require.',
  NO_DATABASE: 'There is no such database on the server. Create it, or correct the name at the end of DATABASE_URL.',
  NO_PERMISSION:
    "The role in DATABASE_URL may not use the engine's tables. Let the role that owns the schema durachart run `durachart migrate`, and use that role, or grant this one its rights.",
  TLS_FAILED:
    "The TLS connection to the database cannot be made. Trust the server's certificate (NODE_EXTRA_CA_CERTS), connect by a name that is in it, or correct sslmode in DATABASE_URL.",
  EMBEDDED_DOWN:
    'The embedded Postgres has ended, and is being started again. What was stored is not lost, and everything goes on by itself.',
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
  '28000': 'LOGIN_REFUSED',
  '28P01': 'LOGIN_REFUSED',
  '3D000': 'NO_DATABASE',
};

/** What there is not, or not yet: a relation, a column, a function, a schema. */
const ABSENT: ReadonlySet<string> = new Set(['42P01', '42703', '42883', '3F000']);
const TLS =
  /^(?:ERR_TLS_|ERR_SSL_|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|UNABLE_TO_|CERT_|HOSTNAME_MISMATCH$)/;

/** Troubles that somebody has to end; the database does not come back from them by itself. */
const SET_UP: ReadonlySet<TroubleCode> = new Set([
  'POOLER',
  'NOT_MIGRATED',
  'LOGIN_REFUSED',
  'NO_DATABASE',
  'NO_PERMISSION',
  'TLS_FAILED',
]);

/** A question that takes longer, in milliseconds, is worth a word: a commit is one, and each step waits for one. */
const SLOW = 100;
/** How long a write that failed says that writes fail. Whoever still wants to write tries it more often. */
const FRESH = 10_000;

/** The trouble that an error of the database tells of. */
export function troubleOf(error: unknown): Trouble {
  for (let each = error; each instanceof Error; each = each.cause) {
    const code = codeOf(each);
    if (code !== undefined) return { code, message: withReason(WORDS[code], SET_UP.has(code) ? each.message : '') };
  }
  // Which address it is that refuses says what is wrong with it.
  const met = systemError(error);
  return { code: 'NOT_ANSWERING', message: withReason(WORDS.NOT_ANSWERING, met?.message ?? '') };
}

function codeOf(error: Error): TroubleCode | undefined {
  if (isPooler(error)) return 'POOLER';
  const { code, query } = error as { code?: unknown; query?: unknown };
  const state = String(code);
  if (TLS.test(state)) return 'TLS_FAILED';
  // Of somebody else's tables it is no trouble of this database's.
  const isOurs = /\bdurachart\b/.test(`${error.message} ${String(query)}`);
  if (isOurs && ABSENT.has(state)) return 'NOT_MIGRATED';
  if (isOurs && state === '42501') return 'NO_PERMISSION';
  return BY_STATE[state];
}

/** Of an embedded server that is not running. @param reason with what it met */
export function troubleOfEmbedded(reason: string): Trouble {
  return { code: 'EMBEDDED_DOWN', message: withReason(WORDS.EMBEDDED_DOWN, reason.slice(0, 300)) };
}

/** `The database does not answer (connect ECONNREFUSED 127.0.0.1:5432). …` */
function withReason(words: string, reason: string): string {
  return reason === '' || reason.length > 300 ? words : words.replace(/[.:]/, (end) => ` (${reason})${end}`);
}

function systemError(error: unknown): Error | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ('syscall' in each && each.message !== '') return each;
    const [first] = each instanceof AggregateError ? (each.errors as unknown[]) : [];
    if (first instanceof Error && 'syscall' in first) return first;
  }
  return undefined;
}

/** Whether the database or the way to it is not set up as it has to be. Trying again helps as soon as somebody has seen to it. */
export function isSetUpWrong(error: unknown): boolean {
  const code = error instanceof Error ? codeOf(error) : undefined;
  return code !== undefined && SET_UP.has(code);
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
