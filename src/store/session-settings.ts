/**
 * Settings that a session begins with, so that no default of the server, the database or the role changes what is read, written
 * or planned. They are sent with the startup message: that outranks those defaults, and `reset` and `discard all` lead back to it.
 * All of them may be set by any role, and exist since Postgres 15 (docs/decisions/0037-session-settings.md).
 */
type Settings = Readonly<Record<string, string>>;

/** What the driver relies on to read and write values. In the transactions of steps, too; there the date style is set by `transact`. */
const FORMATS: Settings = {
  client_encoding: 'UTF8',
  bytea_output: 'hex',
  extra_float_digits: '1',
  array_nulls: 'on',
  standard_conforming_strings: 'on',
};

/** Connections are held open by a pool, and the worker's session by its lock: the server must not end them for being idle. */
const NO_IDLE_TIMEOUTS: Settings = { idle_session_timeout: '0', idle_in_transaction_session_timeout: '0' };

const NO_TIMEOUTS: Settings = { ...NO_IDLE_TIMEOUTS, statement_timeout: '0', lock_timeout: '0' };

/** What the planner may use. Costs and memory stay as the server has them: they describe its hardware. */
const PLANNER: Settings = {
  ...Object.fromEntries(
    [
      'bitmapscan',
      'hashagg',
      'hashjoin',
      'incremental_sort',
      'indexonlyscan',
      'indexscan',
      'material',
      'memoize',
      'mergejoin',
      'nestloop',
      'seqscan',
      'sort',
      'tidscan',
    ].map((node) => [`enable_${node}`, 'on']),
  ),
  from_collapse_limit: '8',
  join_collapse_limit: '8',
  plan_cache_mode: 'auto',
  // Statements are over before a compiled plan would pay off.
  jit: 'off',
};

/** Of sessions that run the engine's own statements only. */
export const OWN_SETTINGS: Settings = {
  ...FORMATS,
  ...NO_TIMEOUTS,
  ...PLANNER,
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  search_path: 'pg_catalog',
  transform_null_equals: 'off',
  default_transaction_isolation: 'read committed',
};

/**
 * Of sessions in which a step's handler has a transaction. Whatever decides what the handler's SQL means stays as the role has it: search
 * path, time zone, isolation, the order of day and month, time-outs of statements and locks. How long a transaction may be idle is the
 * step's own `timeout`.
 */
export const STEP_SETTINGS: Settings = { ...FORMATS, ...NO_IDLE_TIMEOUTS };

/** Of sessions that run migrations, whose SQL may be a user's: it may take long, and says itself what it depends on. */
export const MIGRATION_SETTINGS: Settings = { ...FORMATS, ...NO_TIMEOUTS };
