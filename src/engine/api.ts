import type { ErrorRecord } from '../core/error.ts';
import type { ForEachPolicy } from '../core/for-each.ts';
import type { StateValue, StoredSnapshot } from '../core/snapshot.ts';
import type { BulkBatch, BulkCount, BulkFilter, BulkOptions } from './operations/bulk.ts';
import type { ForkOptions } from './operations/fork.ts';
import type { ImportOptions } from './operations/import.ts';
import type { ExportDocument } from './operations/instance-rows.ts';
import type { OperationOptions, OperationRecord, OperationRequest, Paused, PauseTarget } from './operations/records.ts';
import type { EventDefinition } from '../core/published-event.ts';
import type { EventOf, InputOf, OutputOf, PublishedOf, Workflow } from '../core/workflow.ts';
import type { z } from 'zod';
import type { PublishedEvent } from './events/event-store.ts';
import type { Published } from './events/publisher.ts';
import type { Explanation, Preview } from './explain/explanation.ts';
import type { SendOptions, Sent, SentOutcome } from './sending/sender.ts';
import type { ScheduleView } from './schedules/schedule-store.ts';
import type { Retained, RetentionOptions } from './retention.ts';
import type { Trouble } from './trouble.ts';
import type { AttemptRecord, InstanceStatus, LogLine, StepKind, StepStatus } from './ports.ts';
import type { Overview, Period, WorkflowStatistics } from './statistics.ts';

/** How an instance is started. */
export interface StartOptions {
  /** Id of the new instance: 1 to 200 characters; letters, digits and `._~-`. Default: a new ULID, in order of time. */
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
  /** On a fan-out; null on everything else. */
  fanOut: FanOutView | null;
}

/** How far a fan-out is, as people see it. */
export interface FanOutView extends ForEachPolicy {
  total: number;
  done: number;
  failed: number;
  skipped: number;
  /** Items that have not ended. */
  left: number;
  /** When the next batch begins; null while none is waited for. */
  resumeAt: Date | null;
  /** Milliseconds until all have ended, reckoned at the end of the last one that has; null while nobody knows. */
  timeLeftMs: number | null;
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
  | { type: 'step'; instanceId: string; workflow: string; step: StepView }
  /**
   * Where an instance stands after something that was no transition: it was paused, goes on, failed where it stood, or was cancelled.
   * Not kept either, and told again now and then.
   */
  | {
      type: 'status';
      instanceId: string;
      workflow: string;
      status: InstanceStatus;
      errorCode: string | null;
      /** Number of its last transition. */
      sequence: number;
    };

export interface ListOptions {
  workflow?: string;
  status?: InstanceStatus;
  state?: string;
  tag?: string;
  tenant?: string;
  parentId?: string;
  /** Of a failed or cancelled instance. */
  errorCode?: string;
  /** It waits for this step, or failed at it. */
  step?: string;
  /** In the view of that name; docs/sql.md says what it means. */
  is?: Condition;
  /** Started then or later. */
  since?: Date;
  /** Started before. */
  until?: Date;
  /** Default 50, at most 500. */
  limit?: number;
  /** The `next` of the page before. */
  cursor?: string;
}

/** How an instance may stand, beside its status. */
export const CONDITIONS = ['stuck', 'retrying', 'waiting', 'overdue'] as const;
export type Condition = (typeof CONDITIONS)[number];

/** Which items of a fan-out. */
export interface ItemsOptions {
  status?: StepStatus;
  /** Default 50, at most 500. */
  limit?: number;
  /** The `next` of the page before. */
  cursor?: string;
}

/** What is to be counted; default: all instances. */
export type CountOptions = Pick<ListOptions, 'workflow' | 'status' | 'state'>;

/** How many instances of a workflow stand in a state. */
export interface Count {
  workflow: string;
  status: InstanceStatus;
  state: string;
  /** At most 10,000. */
  count: number;
  /** There are more than `count`. */
  more: boolean;
}

export interface Page<T> {
  items: T[];
  /** Cursor of the next page; null on the last. */
  next: string | null;
}

export interface Health {
  /** The database answers. */
  database: boolean;
  /** Milliseconds that it took for a small question; null where it did not answer. */
  latencyMs: number | null;
  /** What is wrong with the database, and what to do about it. */
  trouble: Trouble | null;
  /** Instances are moved on Trigger.dev: there are no workers, and none is missing. */
  remote?: true;
  /** There: null where Trigger.dev answered this process when it was last asked; else since when it has not, and what it said. What is stored meanwhile goes on when it answers. */
  remoteTrouble?: { since: Date; message: string } | null;
  /** Live workers, this process's or others'. */
  workers: { id: number; name: string; workflows: string[]; startedAt: Date; beatAt: Date; owned: number }[];
}

/** What a reconciliation has found; of many instances some, and the next one takes the rest. */
export interface Reconciled {
  /** Processes that had died without a word. What they held is free again. */
  dead: number;
  /** Instances whose time had come and that nobody had. */
  due: string[];
  /** On Trigger.dev: instances with a step whose run has ended without a word, was never made or never named, or has not begun for so long that another is made in its place. */
  lost: string[];
  /** On Trigger.dev, those for which no driver could be triggered, or whose run could not be asked after. */
  failed: string[];
}

/** The workflow of that name; one whose name is only known at run time stands for any. */
type Named<W extends readonly Workflow[], N extends string> = W[number] extends infer X
  ? X extends { readonly name: infer Name }
    ? N extends Name
      ? X
      : never
    : never
  : never;
/** The definition of an event of that name, among those that workflows publish or subscribe to. */
type EventNamed<W extends readonly Workflow[], N extends string> =
  PublishedOf<W[number]> extends infer E
    ? E extends EventDefinition<infer Name>
      ? N extends Name
        ? E
        : never
      : never
    : never;
/** Names of the events that workflows publish or subscribe to. */
export type EventName<W extends readonly Workflow[]> = PublishedOf<W[number]>['name'];
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
   * Sends an event; returns once it is in the inbox, or, with `wait`, with what came of it. It is refused where it is known
   * that no state would take it: the one that the instance is in, or, with events in its inbox, the one that these lead to.
   * Where that hangs on a step, a child or a timer it is taken in, and may come to be ignored.
   * @param options.key events with the same key are taken once
   * @param options.wait milliseconds to wait until it is taken or ignored; 0 says how it stands at once
   * @throws `INSTANCE_NOT_FOUND`, `UNKNOWN_EVENT`, `INVALID_EVENT` (details.issues), `EVENT_NOT_ACCEPTED` (details.accepts), `INSTANCE_ENDED`, `INVALID_OPTION`
   */
  send(
    id: string,
    event: EventOf<W[number]> | { type: string; [field: string]: unknown },
    options: SendOptions & { wait: number },
  ): Promise<SentOutcome>;
  send(
    id: string,
    event: EventOf<W[number]> | { type: string; [field: string]: unknown },
    options?: SendOptions,
  ): Promise<Sent>;
  /**
   * Publishes an event: every workflow that it starts is started once, and the instances that wait for it are sent it.
   * Returns once it is stored; nothing is lost after that.
   * @param options.key published with the same key, it is the same event, and nothing happens again
   * @throws `UNKNOWN_EVENT` (details.events), `INVALID_EVENT` (details.issues), `KEY_REUSED` (same key, other payload), `INVALID_OPTION`
   */
  publish<N extends EventName<W>>(
    event: N,
    payload: z.input<EventNamed<W, N>['payload']>,
    options?: { key?: string },
  ): Promise<Published>;
  publish<E extends PublishedOf<W[number]>>(
    event: E,
    payload: z.input<E['payload']>,
    options?: { key?: string },
  ): Promise<Published>;
  /** The schedules of the registered workflows: when they come next, and what came of them. */
  schedules(): Promise<ScheduleView[]>;
  /** Starts an instance of a schedule now, whatever else of it goes on. @param id `<workflow>/<name>` @throws `UNKNOWN_SCHEDULE`, `INVALID_INPUT`, `KEY_REUSED`, `INVALID_OPTION` */
  runSchedule(id: string, options?: Omit<OperationOptions, 'wait'>): Promise<OperationRecord>;
  /** A published event, and what came of it. @throws `EVENT_NOT_FOUND` */
  publishedEvent(id: number): Promise<PublishedEvent>;
  /** Published events, newest first. @throws `INVALID_CURSOR`, `INVALID_OPTION` */
  publishedEvents(options?: { name?: string; limit?: number; cursor?: string }): Promise<Page<PublishedEvent>>;
  /** @throws `INSTANCE_NOT_FOUND` */
  get(id: string): Promise<InstanceView>;
  /** Newest first. @throws `INVALID_CURSOR`, `INVALID_OPTION` */
  list(options?: ListOptions): Promise<Page<InstanceSummary>>;
  /** How many instances there are, by workflow, status and state. @throws `INVALID_OPTION` */
  counts(options?: CountOptions): Promise<Count[]>;
  /** Oldest first; the cursor is the last sequence. @throws `INSTANCE_NOT_FOUND` */
  history(id: string, options?: { limit?: number; cursor?: string }): Promise<Page<HistoryEntry>>;
  /** The invocations of an instance, oldest first, with inputs, outputs, errors and lines; of a fan-out one, without its items. @throws `INSTANCE_NOT_FOUND` */
  steps(id: string): Promise<StepDetail[]>;
  /** The items of a fan-out in order of their index. @param step its key, or the name of its step. @throws `INSTANCE_NOT_FOUND`, `FAN_OUT_NOT_FOUND`, `INVALID_CURSOR` */
  items(id: string, step: string, options?: ItemsOptions): Promise<Page<StepDetail>>;
  /** The snapshot after a transition. @throws `INSTANCE_NOT_FOUND`, `TRANSITION_NOT_FOUND` */
  snapshot(id: string, sequence: number): Promise<StoredSnapshot>;
  /** Why an instance stands where it stands, and what can be done about it now. @throws `INSTANCE_NOT_FOUND` */
  explain(id: string): Promise<Explanation>;
  /** What an event would do if it were sent now; nothing is written. @throws `INSTANCE_NOT_FOUND`, `UNKNOWN_WORKFLOW` */
  preview(id: string, event: EventOf<W[number]> | { type: string; [field: string]: unknown }): Promise<Preview>;
  /**
   * Ends an instance and what it started; by the machine's own cancel event (`controls.cancel`) where the state takes it,
   * unless forced. An ended one stays as it is: null.
   * @throws `INSTANCE_NOT_FOUND`
   */
  cancel(id: string, options?: OperationOptions & { force?: boolean }): Promise<OperationRecord | null>;
  /** Gives the failed step of a failed instance fresh attempts. @throws `INSTANCE_NOT_FOUND`, `NOT_FAILED` */
  retry(id: string, options?: OperationOptions): Promise<OperationRecord>;
  /**
   * Moves an instance by hand: retry, resume, skip, rewind, edit, pause, unpause, cancel. Recorded with who and why; done
   * in its turn among the instance's other events, by whoever moves it.
   * @throws `INSTANCE_NOT_FOUND`, `NOT_FAILED`, `NOT_STUCK`, `NOTHING_TO_SKIP`, `AMBIGUOUS_STEP`, `INVALID_OUTPUT`, `TRANSITION_NOT_FOUND`,
   * `MOMENT_ENDED`, `STATE_UNKNOWN`, `IN_FLIGHT`, `INVALID_PATCH`, `INVALID_CONTEXT`, `ALREADY_PAUSED`, `NOT_PAUSED`, `NOT_ACTIVE`, `NOT_STARTED`,
   * `INSTANCE_ENDED`, `KEY_REUSED`, `INVALID_OPTION`
   */
  operate(id: string, request: OperationRequest, options?: OperationOptions): Promise<OperationRecord>;
  /** An operation and what came of it. @param options.wait milliseconds to wait for that; the signal ends the wait @throws `OPERATION_NOT_FOUND` */
  operation(id: number, options?: { wait?: number; signal?: AbortSignal }): Promise<OperationRecord>;
  /** What was done by hand, newest first. @throws `INVALID_CURSOR`, `INVALID_OPTION` */
  operations(options?: {
    target?: OperationRecord['target'];
    targetId?: string;
    limit?: number;
    cursor?: string;
  }): Promise<Page<OperationRecord>>;
  /**
   * Does an operation to one batch of the instances that a filter finds, newest first; `next` and the same key go on.
   * With `dryRun` it counts them, and says for how many it would be legal.
   * @throws `INVALID_OPTION` (also for a filter with nothing in it, without `all`), `INVALID_CURSOR`
   */
  bulk(request: OperationRequest, filter: BulkFilter, options: BulkOptions & { dryRun: true }): Promise<BulkCount>;
  bulk(request: OperationRequest, filter: BulkFilter, options?: BulkOptions & { dryRun?: false }): Promise<BulkBatch>;
  /** Pauses a workflow, a queue or a schedule, for all processes: this one keeps to it from now on, others once they are told. @throws `UNKNOWN_WORKFLOW`, `UNKNOWN_QUEUE`, `UNKNOWN_SCHEDULE`, `ALREADY_PAUSED`, `KEY_REUSED`, `INVALID_OPTION` */
  pause(target: PauseTarget, options?: Omit<OperationOptions, 'wait'>): Promise<OperationRecord>;
  /** Lets a workflow, a queue or a schedule go on. @throws `UNKNOWN_WORKFLOW`, `UNKNOWN_QUEUE`, `UNKNOWN_SCHEDULE`, `NOT_PAUSED`, `KEY_REUSED`, `INVALID_OPTION` */
  unpause(target: PauseTarget, options?: Omit<OperationOptions, 'wait'>): Promise<OperationRecord>;
  /** The workflows and queues that are paused. */
  pauses(): Promise<Paused[]>;
  /**
   * Starts a new instance where another one stood after a transition, by the code as it is now.
   * @throws `INSTANCE_NOT_FOUND`, `TRANSITION_NOT_FOUND`, `MOMENT_ENDED`, `STATE_UNKNOWN`, `INVALID_INPUT`, `INVALID_PATCH`, `INVALID_CONTEXT`, `ID_TAKEN`
   */
  fork(id: string, fork?: ForkOptions, options?: Omit<OperationOptions, 'wait'>): Promise<Started>;
  /**
   * A value of more than 256 KB, in whose place `get`, `steps`, `history` and `snapshot` give a reference with its hash.
   * @throws `INSTANCE_NOT_FOUND`, `PAYLOAD_NOT_FOUND`, `PAYLOAD_UNREADABLE`
   */
  payload(id: string, sha256: string): Promise<unknown>;
  /** Everything that is stored of an instance, as one document: its context, inputs and outputs with all that is in them. @throws `INSTANCE_NOT_FOUND` */
  export(id: string): Promise<ExportDocument>;
  /**
   * Makes a new instance of an export, with its history, that stands where the exported one stood (or after one of its
   * transitions), and that moves nothing by itself: what was in motion is paused.
   * @throws `INVALID_EXPORT` (details.issues), `UNKNOWN_WORKFLOW`, `TRANSITION_NOT_FOUND`, `MOMENT_ENDED`, `STATE_UNKNOWN`, `ID_TAKEN`, `INVALID_OPTION`
   */
  import(document: unknown, options?: ImportOptions & Omit<OperationOptions, 'wait'>): Promise<Started>;
  /** Waits for the end. @throws `INSTANCE_NOT_FOUND`, `INSTANCE_FAILED`, `INSTANCE_CANCELLED`, `TIMEOUT`, `ENGINE_STOPPED` */
  result<O = OutputOf<W[number]>>(id: string, options?: { timeout?: number; signal?: AbortSignal }): Promise<O>;
  /** Follows one instance or all of them, from now or from a position; `0` is the beginning. Ends with the signal and with the engine; of one instance, with its end. What is no transition is told of as long as one listens, and not to who resumes. @throws `INSTANCE_NOT_FOUND`, `INVALID_CURSOR` (also for a position ahead of what the database holds) */
  subscribe(options?: { id?: string; after?: string; signal?: AbortSignal }): AsyncIterable<Change>;
  /** How it goes with all workflows, for an overview; looks a day back by default. @throws `INVALID_OPTION` */
  overview(period?: Period): Promise<Overview>;
  /** How it goes with one workflow; looks a day back by default. @throws `UNKNOWN_WORKFLOW`, `INVALID_OPTION` */
  statistics(workflow: string, period?: Period): Promise<WorkflowStatistics>;
  health(): Promise<Health>;
  /**
   * Removes instances that have been finished long enough, archived first where asked for; never one that goes on, nor a
   * child of one. Some seconds' worth: to be called again while there is `more`. Nothing is removed unless it is called.
   * @throws `INVALID_OPTION`, `INVALID_ARTIFACT_KEY`
   */
  retention(options: RetentionOptions): Promise<Retained>;
  /** Looks at once for what was lost, and gets somebody to go on with it; otherwise workers look each second, and on Trigger.dev the sweep each minute. */
  reconcile(): Promise<Reconciled>;
  /** Starts the worker of this process; without it the engine starts, sends and reads only. */
  work(): Promise<void>;
  /** Stops: no new work, running steps get `grace` milliseconds (default 10,000), leases are given back, connections closed. */
  stop(options?: { grace?: number }): Promise<void>;
}
