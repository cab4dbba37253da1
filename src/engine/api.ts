import type { ErrorRecord } from '../core/error.ts';
import type { StateValue, StoredSnapshot } from '../core/snapshot.ts';
import type { EventOf, InputOf, OutputOf, Workflow } from '../core/workflow.ts';
import type { AttemptRecord, InstanceStatus, LogLine, StepKind, StepStatus } from './ports.ts';

/** How an instance is started. */
export interface StartOptions {
  /** Id of the new instance: 1 to 200 characters; letters, digits and `._~-`. Default: a new UUID (version 7). */
  id?: string;
  /** Idempotency key: the same key and input give the same instance. Not together with `id`. */
  key?: string;
  tenant?: string;
  tags?: string[];
  /** 0 to 9, default 5; higher ones are taken first. */
  priority?: number;
  /** Not before this time. */
  startAt?: Date;
}

export interface Started {
  id: string;
  /** False when an instance with this id or key and the same input was there already. */
  created: boolean;
}

/** An invocation, as people see it. */
export interface StepView {
  key: string;
  kind: StepKind;
  step: string;
  status: StepStatus;
  attempt: number;
  maxAttempts: number;
  nextAttemptAt: Date | null;
  progress: number | null;
  message: string | null;
  errorCode: string | null;
  childId: string | null;
  queuedAt: Date;
  startedAt: Date | null;
  heartbeatAt: Date | null;
  finishedAt: Date | null;
}

/** Everything about an invocation. */
export interface StepDetail extends StepView {
  input: unknown;
  output: unknown;
  error: ErrorRecord | null;
  /** Earlier attempts. */
  attempts: AttemptRecord[];
  /** Lines of the current attempt. */
  logs: LogLine[];
}

/** One line of a list. */
export interface InstanceSummary {
  id: string;
  workflow: string;
  version: string;
  tenant: string | null;
  tags: string[];
  priority: number;
  status: InstanceStatus;
  /** The state on one line. */
  state: string;
  sequence: number;
  /** The invocations that it waits for. */
  steps: StepView[];
  errorCode: string | null;
  key: string | null;
  parentId: string | null;
  createdAt: Date;
  /** Since when it is in this state. */
  updatedAt: Date;
  finishedAt: Date | null;
}

/** One instance whole. */
export interface InstanceView extends InstanceSummary {
  value: StateValue | null;
  context: Record<string, unknown> | null;
  input: unknown;
  output: unknown;
  error: ErrorRecord | null;
  /** Event types that the state takes now. */
  accepts: string[];
  timers: { id: string; dueAt: Date }[];
  /** Instances that it started. */
  children: { id: string; workflow: string; status: InstanceStatus; state: string }[];
}

/** One transition of the history. */
export interface HistoryEntry {
  instanceId: string;
  workflow: string;
  sequence: number;
  event: string;
  payload: unknown;
  from: string | null;
  to: string;
  /** The step whose result it took. */
  step: {
    key: string;
    step: string;
    attempt: number;
    status: StepStatus;
    durationMs: number | null;
    errorCode: string | null;
  } | null;
  emitted: unknown[];
  at: Date;
}

/** What a subscriber receives. */
export type Change =
  /** A transition. `position` resumes the stream after it. */
  | { type: 'transition'; position: string; entry: HistoryEntry; status: InstanceStatus }
  /** A step started, retries, reports progress or ends. Not kept: a stream that is resumed does not repeat it. */
  | { type: 'step'; instanceId: string; workflow: string; step: StepView };

export interface ListOptions {
  workflow?: string;
  status?: InstanceStatus;
  state?: string;
  tag?: string;
  tenant?: string;
  parentId?: string;
  /** Default 50, at most 500. */
  limit?: number;
  /** The `next` of the page before. */
  cursor?: string;
}

export interface Page<T> {
  items: T[];
  /** Cursor of the next page; null on the last. */
  next: string | null;
}

export interface Health {
  /** The database answers. */
  database: boolean;
  /** Live workers, this process's or others'. */
  workers: { id: number; name: string; workflows: string[]; startedAt: Date; beatAt: Date; owned: number }[];
}

/** The workflow of that name; one whose name is only known at run time stands for any. */
type Named<W extends readonly Workflow[], N extends string> = W[number] extends infer X
  ? X extends { readonly name: infer Name }
    ? N extends Name
      ? X
      : never
    : never
  : never;
export type WorkflowName<W extends readonly Workflow[]> = W[number]['name'];

/**
 * Durable statecharts on a Postgres. Made by `createEngine`.
 * Every method throws DurachartError with a stable `code`.
 */
export interface Engine<W extends readonly Workflow[] = readonly Workflow[]> {
  readonly workflows: W;
  /** Starts an instance; returns once it is stored. @throws `UNKNOWN_WORKFLOW`, `INVALID_INPUT` (details.issues), `KEY_REUSED` (same id or key, other input), `INVALID_OPTION` */
  start<N extends WorkflowName<W>>(workflow: N, input: InputOf<Named<W, N>>, options?: StartOptions): Promise<Started>;
  /**
   * Sends an event; returns once it is in the inbox.
   * @param options.key events with the same key are taken once
   * @throws `INSTANCE_NOT_FOUND`, `UNKNOWN_EVENT`, `INVALID_EVENT` (details.issues), `EVENT_NOT_ACCEPTED` (details.accepts), `INSTANCE_ENDED`
   */
  send(
    id: string,
    event: EventOf<W[number]> | { type: string; [field: string]: unknown },
    options?: { key?: string },
  ): Promise<{ duplicate: boolean }>;
  /** @throws `INSTANCE_NOT_FOUND` */
  get(id: string): Promise<InstanceView>;
  /** Newest first. @throws `INVALID_CURSOR`, `INVALID_OPTION` */
  list(options?: ListOptions): Promise<Page<InstanceSummary>>;
  /** Oldest first; the cursor is the last sequence. @throws `INSTANCE_NOT_FOUND` */
  history(id: string, options?: { limit?: number; cursor?: string }): Promise<Page<HistoryEntry>>;
  /** The invocations of an instance, oldest first, with inputs, outputs, errors and lines. @throws `INSTANCE_NOT_FOUND` */
  steps(id: string): Promise<StepDetail[]>;
  /** The snapshot after a transition. @throws `INSTANCE_NOT_FOUND`, `TRANSITION_NOT_FOUND` */
  snapshot(id: string, sequence: number): Promise<StoredSnapshot>;
  /** Ends an instance and what it started. An ended one stays as it is. @throws `INSTANCE_NOT_FOUND` */
  cancel(id: string): Promise<void>;
  /** Gives the failed step of a failed instance fresh attempts. @throws `INSTANCE_NOT_FOUND`, `NOT_FAILED` */
  retry(id: string): Promise<void>;
  /** Waits for the end. @throws `INSTANCE_NOT_FOUND`, `INSTANCE_FAILED`, `INSTANCE_CANCELLED`, `TIMEOUT`, `ENGINE_STOPPED` */
  result<O = OutputOf<W[number]>>(id: string, options?: { timeout?: number; signal?: AbortSignal }): Promise<O>;
  /** Follows one instance or all of them, from now or from a position; `0` is the beginning. Ends with the signal and with the engine; of one instance, with its end. */
  subscribe(options?: { id?: string; after?: string; signal?: AbortSignal }): AsyncIterable<Change>;
  health(): Promise<Health>;
  /** Starts the worker of this process; without it the engine starts, sends and reads only. */
  work(): Promise<void>;
  /** Stops: no new work, running steps get `grace` milliseconds (default 10,000), leases are given back, connections closed. */
  stop(options?: { grace?: number }): Promise<void>;
}
