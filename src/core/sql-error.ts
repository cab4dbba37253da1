import type { Diagnosis } from './diagnose.ts';

/** Classes of SQLSTATEs, their first two characters. The others that Postgres has may go away by themselves. */
const CLASSES = new Map<string, Pick<Diagnosis, 'code' | 'class'>>([
  ['22', { code: 'INVALID_INPUT' }],
  ['23', { code: 'CONFLICT' }],
  // A fault in the query, the schema or the login: the same tomorrow.
  ...['0A', '28', '3D', '3F', '42'].map((name) => [name, { code: 'DATABASE_ERROR', class: 'final' }] as const),
  ...['08', '25', '40', '53', '54', '55', '57', '58', 'P0', 'XX'].map(
    (name) => [name, { code: 'DATABASE_ERROR', class: 'retryable' }] as const,
  ),
]);

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Errors that Postgres answers with, of postgres.js, pg and PGlite. */
export function fromSqlState(error: object): Diagnosis | undefined {
  const { code, constraint_name, constraint, table_name, table } = error as Record<string, unknown>;
  if (typeof code !== 'string' || !SQLSTATE.test(code)) return undefined;
  const diagnosis = CLASSES.get(code.slice(0, 2));
  if (diagnosis === undefined) return undefined;
  const facts = { code, constraint: constraint_name ?? constraint, table: table_name ?? table };
  return { ...diagnosis, details: facts };
}
