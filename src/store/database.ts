import postgres from 'postgres';
import { isPooler } from '../engine/trouble.ts';
import { ARRAY_TYPES } from './array-types.ts';
import { DIRECT } from './direct.ts';
import { renewed } from './renewed.ts';
import { serverUrl } from './server-url.ts';
import { Connections } from './transactions.ts';

/** The connections of one process, by what they are for. */
export interface Database {
  url: string;
  /** Reads, claims, sends. */
  pool: postgres.Sql;
  /** Transactional steps, however long they last: the engine's own statements must not wait for them. */
  transactions: Connections;
  /** Reads of many rows as of one moment: exports and statistics. */
  snapshots: Connections;
  /** The hot path: prepared statements, planned without statistics. */
  hot: postgres.Sql;
  /** One session that holds the worker's lock. */
  session: postgres.Sql;
  close(): Promise<void>;
}

/** Statements of the hot path under way at a time. */
export const LANES = 2;

/** Transactional steps of one process that hold a connection at a time; the others wait for one. */
const TRANSACTIONS = 10;
const SNAPSHOTS = 2;

/**
 * The batch statement meets tables that grow while its plan is cached. Left to itself the planner reads all steps of an
 * instance, or all events there are, to change one row; on these connections it goes by primary key, row by row.
 */
const HOT_SETTINGS = {
  enable_mergejoin: 'off',
  enable_hashjoin: 'off',
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  // Planned once a connection and form of the statement; a plan for the values at hand would be the same.
  plan_cache_mode: 'force_generic_plan',
  jit: 'off',
};

/** Lists are over before a compiled plan would pay off. */
const POOL_SETTINGS = { jit: 'off', ...DIRECT };

/** Opens the connections, lazily. @param databaseUrl postgres://user:password@host:port/database */
export function openDatabase(databaseUrl: string): Database {
  const url = serverUrl(databaseUrl);
  const common = {
    onnotice: () => {},
    connect_timeout: 10,
    max_lifetime: null,
    backoff: () => 0.25,
    fetch_types: false,
    types: ARRAY_TYPES,
  } as const;
  const named = (role: string) => ({ application_name: `durachart ${role}` });
  const pool = renewed(
    (onclose) => postgres(url, { ...common, max: 10, onclose, connection: { ...named('pool'), ...POOL_SETTINGS } }),
    postgres(url, { ...common, max: 1, connection: named('listener') }),
  );
  const hot = renewed((onclose) =>
    postgres(url, { ...common, max: LANES, onclose, connection: { ...named('hot'), ...HOT_SETTINGS } }),
  );
  const session = renewed((onclose) =>
    postgres(url, { ...common, max: 1, idle_timeout: 0, onclose, connection: named('worker') }),
  );
  const single = (role: string) => (onclose: () => void) =>
    postgres(url, {
      ...common,
      max: 1,
      idle_timeout: 30,
      onclose,
      connection: { ...named(role), default_transaction_read_only: true },
    });
  const transactions = new Connections(single('step'), TRANSACTIONS);
  const snapshots = new Connections(single('snapshot'), SNAPSHOTS);
  return {
    url,
    pool,
    transactions,
    snapshots,
    hot,
    session,
    close: async () => {
      await Promise.all([pool, transactions, snapshots, hot, session].map((sql) => sql.end({ timeout: 5 })));
    },
  };
}

const TRANSIENT_SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** Whether the database may take the same statement later: it is away, overloaded, or the statement lost a deadlock. */
export function isTransient(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string' || isPooler(error)) return false;
  if (TRANSIENT_SYSTEM.has(code) || code.startsWith('CONNECT')) return true;
  return code.length === 5 && (/^(08|53|57|58)/.test(code) || ['40001', '40P01', '55P03', '25006'].includes(code));
}
