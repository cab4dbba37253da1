import type postgres from 'postgres';
import { connect } from './connect.ts';
import { DIRECT } from './direct.ts';
import { renewed } from './renewed.ts';
import { OWN_SETTINGS, STEP_SETTINGS } from './session-settings.ts';
import { Connections } from './transactions.ts';

/** The connections of one process, by what they are for. */
export interface Database {
  url: string;
  /** Reads, claims, sends. */
  pool: postgres.Sql;
  /** Whether the database is well: asked also when all others are busy. */
  health: postgres.Sql;
  /** Transactional steps, however long they last: the engine's own statements must not wait for them. */
  transactions: Connections;
  /** Reads of many rows as of one moment: exports and statistics. */
  snapshots: Connections;
  /** Writes of several statements of the engine's own: imports. */
  imports: Connections;
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
const IMPORTS = 2;

/**
 * The batch statement meets tables that grow while its plan is cached. Left to itself the planner reads all steps of an
 * instance, or all events there are, to change one row; on these connections it goes by primary key, row by row.
 */
const HOT_SETTINGS = {
  ...OWN_SETTINGS,
  enable_mergejoin: 'off',
  enable_hashjoin: 'off',
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  // Planned once a connection and form of the statement; a plan for the values at hand would be the same.
  plan_cache_mode: 'force_generic_plan',
};

/** Outside of its transactions such a session writes nothing. */
const READ_ONLY = { default_transaction_read_only: 'on' };

/** Opens the connections, lazily. @param url postgres://user:password@host:port/database */
export function openDatabase(url: string): Database {
  const pool = renewed(
    (onclose) => connect(url, { role: 'pool', settings: { ...OWN_SETTINGS, ...DIRECT }, max: 10, onclose }),
    connect(url, { role: 'listener', settings: OWN_SETTINGS, max: 1 }),
  );
  const health = renewed((onclose) =>
    connect(url, { role: 'health', settings: { ...OWN_SETTINGS, ...DIRECT }, max: 1, idle_timeout: 30, onclose }),
  );
  const hot = renewed((onclose) => connect(url, { role: 'hot', settings: HOT_SETTINGS, max: LANES, onclose }));
  const session = renewed((onclose) =>
    connect(url, { role: 'worker', settings: OWN_SETTINGS, max: 1, idle_timeout: 0, onclose }),
  );
  const single = (role: string, settings: Record<string, string>) => (onclose: () => void) =>
    connect(url, { role, settings: { ...settings, ...READ_ONLY }, max: 1, idle_timeout: 30, onclose });
  const transactions = new Connections(single('step', STEP_SETTINGS), TRANSACTIONS);
  const snapshots = new Connections(single('snapshot', OWN_SETTINGS), SNAPSHOTS);
  const imports = new Connections(single('import', OWN_SETTINGS), IMPORTS);
  return {
    url,
    pool,
    health,
    transactions,
    snapshots,
    imports,
    hot,
    session,
    close: async () => {
      await Promise.all(
        [pool, health, transactions, snapshots, imports, hot, session].map((sql) => sql.end({ timeout: 5 })),
      );
    },
  };
}
