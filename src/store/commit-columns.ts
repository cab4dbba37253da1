/** Columns of the rows of a commit and their types, in the order in which they are parameters where they are not JSON. */
export type Columns = readonly (readonly [
  name: string,
  type: 'text' | 'int' | 'float8' | 'real' | 'boolean' | 'json',
])[];

/** Of a commit itself, as far as one that writes to its own instance alone has them. */
export const OWN = [
  ['id', 'text'],
  ['expected', 'int'],
  ['create', 'json'],
  ['requires', 'text'],
  ['status', 'text'],
  ['state', 'text'],
  ['sequence', 'int'],
  ['live', 'json'],
  ['output', 'json'],
  ['error', 'json'],
  ['errorCode', 'text'],
  ['finishedAt', 'float8'],
  ['at', 'float8'],
  ['release', 'boolean'],
  ['wakeAt', 'float8'],
  ['wake', 'int'],
] as const satisfies Columns;

/** Of a commit, all but what has lines of its own. */
export const COMMIT = [
  ...OWN,
  ['timers', 'json'],
  ['cancelled', 'json'],
  ['cancelAll', 'boolean'],
  ['consumed', 'json'],
  ['posts', 'json'],
  ['audits', 'json'],
  ['waitingItems', 'json'],
  ['stoppedItems', 'json'],
  ['published', 'json'],
  ['subscriptions', 'json'],
] as const satisfies Columns;

export const TRANSITION = [
  ['sequence', 'int'],
  ['event', 'text'],
  ['payload', 'json'],
  ['stepKey', 'text'],
  ['from', 'text'],
  ['to', 'text'],
  ['diff', 'json'],
  ['emitted', 'json'],
  ['timers', 'json'],
  ['at', 'float8'],
] as const satisfies Columns;

/** Of a row of a step that is new. */
export const NEW_STEP = [
  ['key', 'text'],
  ['kind', 'text'],
  ['step', 'text'],
  ['status', 'text'],
  ['attempt', 'int'],
  ['maxAttempts', 'int'],
  ['input', 'json'],
  ['nullInput', 'boolean'],
  ['queue', 'text'],
  ['worker', 'int'],
  ['childId', 'text'],
  ['queuedAt', 'float8'],
  ['startedAt', 'float8'],
  ['finishedAt', 'float8'],
  ['fanOut', 'json'],
  ['error', 'json'],
] as const satisfies Columns;

/** What may change of a row of a step. */
export const STEP = [
  ['key', 'text'],
  ['status', 'text'],
  ['attempt', 'int'],
  ['lost', 'int'],
  ['nextAttemptAt', 'float8'],
  ['output', 'json'],
  ['nullOutput', 'boolean'],
  ['error', 'json'],
  ['attempts', 'json'],
  ['logs', 'json'],
  ['progress', 'real'],
  ['message', 'text'],
  ['worker', 'int'],
  ['queuedAt', 'float8'],
  ['startedAt', 'float8'],
  ['heartbeatAt', 'float8'],
  ['finishedAt', 'float8'],
  ['fanOut', 'json'],
] as const satisfies Columns;

/** Names of columns. */
export type NameOf<C extends Columns> = C[number][0];

/** Columns as a recordset is told them. */
export function recordset(columns: Columns): string {
  return columns.map(([name, type]) => `"${name}" ${type}`).join(', ');
}

/** Names of columns, as SQL. */
export function names(columns: Columns): string {
  return columns.map(([name]) => `"${name}"`).join(', ');
}

/** One row of parameters. @param first number of the first one */
export function scalars(columns: Columns, first: number): string {
  const parameter = (type: string, n: number): string =>
    // The driver would make text of the text once more, and take a boolean's text for false.
    type === 'json' || type === 'boolean' ? `$${n}::text::${type}` : `$${n}::${type}`;
  return columns.map(([name, type], i) => `${parameter(type, first + i)} as "${name}"`).join(', ');
}

/** The values of {@link scalars}. */
export function scalarValues(columns: Columns, row: Readonly<Record<string, unknown>>): (string | number | null)[] {
  return columns.map(([name, type]) => {
    const value = row[name];
    if (value === undefined || value === null) return null;
    if (type === 'json') return JSON.stringify(value);
    // As in JSON, which knows no other numbers.
    if (typeof value === 'number' && !Number.isFinite(value)) return null;
    // A type of its own would make another prepared statement of it.
    return typeof value === 'boolean' ? String(value) : (value as string | number);
  });
}
