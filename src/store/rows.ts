import { currentSnapshot } from './current-snapshot.ts';
import type { Claimed, FanOut, InboxEvent, Millis, StepRow, Timer } from '../engine/ports.ts';

/** Columns as the driver gives them. */
export type Row = Record<string, unknown>;

export const INSTANCE_COLUMNS =
  'i.id, i.workflow, i.version, i.tenant, i.input, i.input is null as no_input, i.status, i.state, i.sequence, i.snapshot, i.snapshot_behind, i.live, i.error, i.parent_id, i.parent_key, i.wake, i.priority, i.created_at, i.start_at, i.finished_at';

export const STEP_COLUMNS =
  's.instance_id, s.key, s.kind, s.step, s.status, s.attempt, s.max_attempts, s.lost, s.next_attempt_at, s.input, s.input is null as no_input, s.output, s.output is null as no_output, s.error, s.attempts, s.logs, s.progress, s.message, s.queue, s.worker, s.child_id, s.queued_at, s.started_at, s.heartbeat_at, s.finished_at, s.fan_out';

/** A timestamp column as milliseconds. */
export function millis(value: unknown): Millis {
  return (value as Date).getTime();
}

/** A column that may be null. */
export function orNull<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null || value === undefined ? null : read(value);
}

export function stepRow(row: Row): StepRow {
  return {
    key: row['key'] as string,
    kind: row['kind'] as StepRow['kind'],
    step: row['step'] as string,
    status: row['status'] as StepRow['status'],
    attempt: row['attempt'] as number,
    maxAttempts: row['max_attempts'] as number,
    lost: row['lost'] as number,
    nextAttemptAt: orNull(row['next_attempt_at'], millis),
    // JSON's null is a value like others; SQL's is none.
    input: row['no_input'] === true ? undefined : row['input'],
    output: row['no_output'] === true ? undefined : row['output'],
    error: row['error'] as StepRow['error'],
    attempts: row['attempts'] as StepRow['attempts'],
    logs: row['logs'] as StepRow['logs'],
    progress: row['progress'] as number | null,
    message: row['message'] as string | null,
    queue: row['queue'] as string | null,
    worker: row['worker'] as number | null,
    childId: row['child_id'] as string | null,
    queuedAt: millis(row['queued_at']),
    startedAt: orNull(row['started_at'], millis),
    heartbeatAt: orNull(row['heartbeat_at'], millis),
    finishedAt: orNull(row['finished_at'], millis),
    ...(row['fan_out'] == null ? {} : { fanOut: row['fan_out'] as FanOut }),
  };
}

export function timer(row: Row): Timer {
  return {
    id: row['id'] as string,
    event: row['event'] as Timer['event'],
    to: row['recipient'] as string,
    dueAt: millis(row['due_at']),
    sequence: row['sequence'] as number,
  };
}

export function inboxEvent(row: Row): InboxEvent {
  return {
    id: Number(row['id']),
    type: row['type'] as string,
    payload: row['payload'],
    source: row['source'] as InboxEvent['source'],
    fence: row['fence'] as string | null,
  };
}

/** An instance with its rows of other tables. */
export function claimed(row: Row, steps: Row[], timers: Row[], inbox: Row[]): Claimed {
  const parentId = row['parent_id'] as string | null;
  return {
    id: row['id'] as string,
    workflow: row['workflow'] as string,
    version: row['version'] as string,
    tenant: row['tenant'] as string | null,
    input: row['no_input'] === true ? undefined : row['input'],
    status: row['status'] as Claimed['status'],
    state: row['state'] as string,
    sequence: row['sequence'] as number,
    snapshot: currentSnapshot(row),
    live: row['live'] as string[],
    error: row['error'] as Claimed['error'],
    parent: parentId === null ? null : { id: parentId, key: row['parent_key'] as string },
    wake: row['wake'] as number,
    priority: row['priority'] as number,
    createdAt: millis(row['created_at']),
    startAt: orNull(row['start_at'], millis),
    finishedAt: orNull(row['finished_at'], millis),
    steps: steps.map(stepRow),
    timers: timers.map(timer),
    inbox: inbox.map(inboxEvent),
  };
}
