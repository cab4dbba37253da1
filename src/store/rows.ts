import type { FanOut, InboxEvent, Millis, StepRow, Timer } from '../engine/ports.ts';

/** Columns as the driver gives them. */
export type Row = Record<string, unknown>;

export const STEP_COLUMNS =
  's.instance_id, s.key, s.kind, s.step, s.status, s.attempt, s.max_attempts, s.lost, s.next_attempt_at, s.input, s.input is null as no_input, s.output, s.output is null as no_output, s.error, s.attempts, s.logs, s.progress, s.message, s.queue, s.worker, s.child_id, s.queued_at, s.started_at, s.heartbeat_at, s.finished_at, s.fan_out';

/** Timers as they fire: by time, at equal times in the order in which they were armed. */
export const TIMERS_IN_ORDER = 'due_at, sequence, position nulls last, id';

/** Invocations `s` in the order in which they were asked for; items that had to wait, by their index. */
export const STEPS_IN_ORDER = `split_part(s.key, ':', 1)::int, s.position nulls last, length(s.key), s.key`;

/** Instances `c` that another one has started, in the order in which it did. */
export const CHILDREN_IN_ORDER = `c.created_at, split_part(c.parent_key, ':', 1)::int,
  (select s.position from durachart.steps s where s.instance_id = c.parent_id and s.key = c.parent_key) nulls last, c.id`;

/** A timestamp column as milliseconds. */
export function millis(value: unknown): Millis {
  return (value as Date).getTime();
}

/** A column that may be null. */
export function orNull<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null || value === undefined ? null : read(value);
}

/** The instance that started one, and the key of that one's invocation. */
export function parentOf(row: Row): { id: string; key: string } | null {
  const id = row['parent_id'] as string | null;
  return id === null ? null : { id, key: row['parent_key'] as string };
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
    createdAt: millis(row['created_at']),
    ...correlation(row['correlation'] as string | null | undefined),
  };
}

/** On which key an event was sent, of whose instance the keys were not known then. */
export function correlation(text: string | null | undefined): Pick<InboxEvent, 'correlation'> {
  if (text === null || text === undefined) return {};
  const [event, key] = JSON.parse(text) as [string, string];
  return { correlation: { event, key } };
}
