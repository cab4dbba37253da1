import { contextText } from '../core/context.ts';
import type { StoredSnapshot } from '../core/snapshot.ts';
import type { Commit, StepRow, TransitionRow } from '../engine/ports.ts';
import { isOver } from '../engine/state.ts';
import { snapshotToWrite } from './snapshot-pace.ts';
import type { Columns, COMMIT, NameOf, NEW_STEP, OWN, STEP, TRANSITION } from './commit-columns.ts';

/** A NOTIFY payload holds less than 8,000 bytes; `*` says that it could be any instance. */
const MAX_NOTIFY = 7_900;

/** A list of ids as a NOTIFY payload, or null for none. */
export function notifyPayload(ids: Iterable<string>): string | null {
  let text = '';
  for (const id of new Set(ids)) {
    text += text === '' ? id : `,${id}`;
    if (text.length > MAX_NOTIFY) return '*';
  }
  return text === '' ? null : text;
}

/** Of too many, those are named all the same whose history will not show it, as far as there is room. */
function changedPayload(batch: readonly Commit[]): string {
  const all = notifyPayload(batch.map(({ id }) => id));
  if (all !== '*') return all ?? '*';
  const silent = notifyPayload(batch.filter(({ transitions }) => transitions.length === 0).map(({ id }) => id));
  return silent === null || silent === '*' ? '*' : `*,${silent}`;
}

type Told = [changed: string, work: string | null, ended: string | null];

/** Of whom those who listen are told: ids that change, ids that have work for a worker, ids that come to an end. */
export function told(batch: readonly Commit[]): Told {
  const work: string[] = [];
  for (const { id, at, posts, create, release } of batch) {
    for (const { to } of posts) work.push(to);
    if (create !== null && !create.leased && create.wakeAt !== null) work.push(id);
    // A worker that stops gives back what is due at once.
    if (release !== null && release.wakeAt !== null && release.wakeAt <= at) work.push(id);
  }
  const ended = batch.filter(({ after }) => isOver(after.status));
  return [changedPayload(batch), notifyPayload(work), notifyPayload(ended.map(({ id }) => id))];
}

/** The parameters of `commitStatement`. JSON text has no line breaks in it, so that lines can be told apart. */
export function commitParameters(
  worker: number,
  batch: readonly Commit[],
): [number, ...Told, string, string, string, string, string] {
  const texts = batch.map(textOf);
  return [
    worker,
    ...told(batch),
    `[${texts.map(({ row }) => row).join(',')}]`,
    texts.map(({ snapshot }) => snapshot).join('\n'),
    texts.map(({ transitions }) => transitions).join('\n'),
    texts.map(({ newSteps }) => newSteps).join('\n'),
    texts.map(({ steps }) => steps).join('\n'),
  ];
}

/** A value for each of the columns; undefined is not written. */
type Row<C extends Columns> = Record<NameOf<C>, unknown>;

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
export function textOf(commit: Commit): Text {
  let text = texts.get(commit);
  if (text === undefined) {
    const { after, newSteps, steps } = commit;
    const transitions = listText(commit.transitions, transitionOf);
    const { snapshot } = after;
    text = {
      row: rowOf(commit),
      snapshot: snapshot === null ? '' : snapshotToWrite(commit, transitions.length, () => snapshotText(snapshot)),
      transitions,
      newSteps: listText(newSteps, newStepOf),
      steps: listText(steps, stepOf),
    };
    texts.set(commit, text);
  }
  return text;
}

function snapshotText({ context, ...rest }: StoredSnapshot): string {
  return `{"context":${contextText(context)},${JSON.stringify(rest).slice(1)}`;
}

/** Rows as JSON, or nothing of none. */
function listText<T>(rows: readonly T[], shown: (row: T) => object): string {
  return rows.length === 0 ? '' : JSON.stringify(rows.map(shown));
}

/** What is null is left out of the JSON: a recordset gives null for it, and parsing it costs. */
function given<T>(value: T | null): T | undefined {
  return value === null ? undefined : value;
}

/** A transition as it is stored. */
export function transitionOf(row: TransitionRow): Row<typeof TRANSITION> {
  return {
    sequence: row.sequence,
    event: row.event,
    payload: given(row.payload),
    stepKey: given(row.stepKey),
    from: given(row.from),
    to: row.to,
    diff: row.diff,
    emitted: given(row.emitted),
    timers: given(row.timers),
    at: row.at,
  };
}

/** A row that is new. Of an input that is null it is said that it is JSON's null. */
export function newStepOf(row: StepRow): Row<typeof NEW_STEP> {
  return {
    key: row.key,
    kind: row.kind,
    step: row.step,
    status: row.status,
    attempt: row.attempt,
    maxAttempts: row.maxAttempts,
    input: given(row.input),
    nullInput: row.input === null ? true : undefined,
    queue: given(row.queue),
    worker: given(row.worker),
    childId: given(row.childId),
    queuedAt: row.queuedAt,
    startedAt: given(row.startedAt),
    finishedAt: given(row.finishedAt),
    fanOut: given(row.fanOut),
    error: given(row.error),
  };
}

/** What may change of a row. Of an output that is null it is said that it is JSON's null. */
export function stepOf(row: StepRow): Row<typeof STEP> {
  return {
    key: row.key,
    status: row.status,
    attempt: row.attempt,
    lost: row.lost,
    nextAttemptAt: given(row.nextAttemptAt),
    output: given(row.output),
    nullOutput: row.output === null ? true : undefined,
    error: given(row.error),
    attempts: given(row.attempts),
    logs: given(row.logs),
    progress: given(row.progress),
    message: given(row.message),
    worker: given(row.worker),
    queuedAt: row.queuedAt,
    startedAt: given(row.startedAt),
    heartbeatAt: given(row.heartbeatAt),
    finishedAt: given(row.finishedAt),
    fanOut: given(row.fanOut),
  };
}

/** All but what has lines of its own: nothing more of an instance that is not born. */
export function rowOf(commit: Commit): string {
  const row: Partial<Row<typeof COMMIT>> = ownRow(commit);
  if (commit.cancelled === 'all') row.cancelAll = true;
  else if (commit.cancelled.length > 0) row.cancelled = commit.cancelled;
  for (const list of ['waitingItems', 'stoppedItems', 'timers', 'consumed', 'audits'] as const)
    if (commit[list].length > 0) row[list] = commit[list];
  if (commit.published.length > 0)
    row.published = commit.published.map((event) => ({ ...event, nullPayload: event.payload === null }));
  if (commit.subscriptions !== null) row.subscriptions = commit.subscriptions;
  if (commit.posts.length > 0) row.posts = commit.posts.map((post) => ({ ...post, at: commit.at }));
  return JSON.stringify(row);
}

/** What a commit says of its own instance. */
export function ownRow({ id, expected, after, at, create, requires, release }: Commit): Partial<Row<typeof OWN>> {
  const { status, state, sequence, live, output, error, finishedAt } = after;
  const row: Partial<Row<typeof OWN>> = { id, expected, status, state, sequence, live, at };
  if (output !== null) row.output = output;
  if (error !== null) {
    row.error = error;
    row.errorCode = error.code;
  }
  if (finishedAt !== null) row.finishedAt = finishedAt;
  if (create !== null) {
    const { parent, ...rest } = create;
    const nullInput = create.input === null ? { nullInput: true } : {};
    row.create = { ...rest, ...nullInput, parentId: parent?.id, parentKey: parent?.key };
    row.requires = requires;
  }
  if (release !== null) {
    row.release = true;
    row.wakeAt = release.wakeAt;
    row.wake = release.wake;
  }
  return row;
}
