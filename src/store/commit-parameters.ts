import type { Commit, StepRow, TransitionRow } from '../engine/ports.ts';

/** A NOTIFY payload holds less than 8,000 bytes; `*` says that it could be any instance. */
const MAX_NOTIFY = 7_900;

/** A list of ids as a NOTIFY payload, or null for none. */
export function notifyPayload(ids: Iterable<string>): string | null {
  const text = [...new Set(ids)].join(',');
  if (text === '') return null;
  return text.length > MAX_NOTIFY ? '*' : text;
}

type Parameters = [number, string, string | null, string | null, string, string, string, string, string];

/** The parameters of `commitStatement`. JSON text has no line breaks in it, so that lines can be told apart. */
export function commitParameters(worker: number, batch: readonly Commit[]): Parameters {
  const work = batch.flatMap((commit) => [
    ...commit.posts.map((post) => post.to),
    ...(commit.create !== null && !commit.create.leased && commit.create.wakeAt !== null ? [commit.id] : []),
    // A worker that stops gives back what is due at once.
    ...(commit.release !== null && commit.release.wakeAt !== null && commit.release.wakeAt <= commit.at
      ? [commit.id]
      : []),
  ]);
  const ended = batch.filter(({ after }) => ['done', 'failed', 'cancelled'].includes(after.status));
  const texts = batch.map(textOf);
  return [
    worker,
    notifyPayload(batch.map(({ id }) => id)) ?? '*',
    notifyPayload(work),
    notifyPayload(ended.map(({ id }) => id)),
    `[${texts.map(({ row }) => row).join(',')}]`,
    texts.map(({ snapshot }) => snapshot).join('\n'),
    texts.map(({ transitions }) => transitions).join('\n'),
    texts.map(({ newSteps }) => newSteps).join('\n'),
    texts.map(({ steps }) => steps).join('\n'),
  ];
}

/** How many characters a commit takes in the statement. */
export function commitSize(commit: Commit): number {
  const { row, snapshot, transitions, newSteps, steps } = textOf(commit);
  return row.length + snapshot.length + transitions.length + newSteps.length + steps.length;
}

interface Text {
  row: string;
  snapshot: string;
  transitions: string;
  newSteps: string;
  steps: string;
}

const texts = new WeakMap<Commit, Text>();

/** A commit as it goes into the statement, made once however often it is asked for. A commit that was asked for does not change any more. */
function textOf(commit: Commit): Text {
  let text = texts.get(commit);
  if (text === undefined) {
    const { after, transitions, newSteps, steps } = commit;
    text = {
      row: rowOf(commit),
      snapshot: after.snapshot === null ? '' : JSON.stringify(after.snapshot),
      transitions: listText(transitions, TRANSITION),
      newSteps: listText(newSteps, NEW_STEP),
      steps: listText(steps, STEP),
    };
    texts.set(commit, text);
  }
  return text;
}

/** A column of a recordset, and how its value begins in JSON. */
type Column<T> = readonly [name: keyof T, text: string];

function columns<T>(...names: (keyof T & string)[]): Column<T>[] {
  return names.map((name) => [name, `${JSON.stringify(name)}:`]);
}

const TRANSITION = columns<TransitionRow>(
  ...(['sequence', 'event', 'payload', 'stepKey', 'from', 'to', 'diff', 'emitted', 'timers', 'at'] as const),
);
const NEW_STEP = columns<StepRow>(
  ...(['key', 'kind', 'step', 'status', 'attempt', 'maxAttempts', 'input', 'queue', 'worker', 'childId'] as const),
  ...(['queuedAt', 'startedAt', 'finishedAt', 'fanOut', 'error'] as const),
);
const STEP = columns<StepRow>(
  ...([
    'key',
    'status',
    'attempt',
    'lost',
    'nextAttemptAt',
    'output',
    'error',
    'attempts',
    'logs',
    'progress',
  ] as const),
  ...(['message', 'worker', 'queuedAt', 'startedAt', 'heartbeatAt', 'finishedAt', 'fanOut'] as const),
);

/** Rows as JSON, or nothing of none. What is null is left out: a recordset gives null for it, and parsing it costs. */
function listText<T extends object>(rows: readonly T[], list: readonly Column<T>[]): string {
  if (rows.length === 0) return '';
  return `[${rows.map((row) => rowText(row, list)).join(',')}]`;
}

function rowText<T extends object>(row: T, list: readonly Column<T>[]): string {
  let text = '';
  for (const [name, begin] of list) {
    const value = row[name];
    if (value === undefined) continue;
    const separator = text === '' ? '{' : ',';
    if (value !== null) text += `${separator}${begin}${JSON.stringify(value)}`;
    // Of an input and an output that is null it is said that it is JSON's null.
    else if (name === 'input') text += `${separator}"nullInput":true`;
    else if (name === 'output') text += `${separator}"nullOutput":true`;
  }
  return `${text}}`;
}

/** All but what has lines of its own: nothing more of an instance that is not born. */
export function rowOf(commit: Commit): string {
  const { after, create, release } = commit;
  const row: Record<string, unknown> = {
    id: commit.id,
    expected: commit.expected,
    status: after.status,
    state: after.state,
    sequence: after.sequence,
    live: after.live,
    at: commit.at,
  };
  if (after.output !== null) row['output'] = after.output;
  if (after.error !== null) {
    row['error'] = after.error;
    row['errorCode'] = after.error.code;
  }
  if (after.finishedAt !== null) row['finishedAt'] = after.finishedAt;
  if (create !== null) {
    const { parent, ...rest } = create;
    const nullInput = create.input === null ? { nullInput: true } : {};
    row['create'] = { ...rest, ...nullInput, parentId: parent?.id, parentKey: parent?.key };
    row['requires'] = commit.requires;
  }
  if (release !== null) {
    row['release'] = true;
    row['wakeAt'] = release.wakeAt;
    row['wake'] = release.wake;
  }
  if (commit.cancelled === 'all') row['cancelAll'] = true;
  else if (commit.cancelled.length > 0) row['cancelled'] = commit.cancelled;
  for (const list of ['waitingItems', 'stoppedItems', 'timers', 'consumed', 'audits'] as const)
    if (commit[list].length > 0) row[list] = commit[list];
  if (commit.published.length > 0)
    row['published'] = commit.published.map((event) => ({ ...event, nullPayload: event.payload === null }));
  if (commit.subscriptions !== null) row['subscriptions'] = commit.subscriptions;
  if (commit.posts.length > 0) row['posts'] = commit.posts.map((post) => ({ ...post, at: commit.at }));
  return JSON.stringify(row);
}
