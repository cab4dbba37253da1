import type { EventObject } from '../core/effect.ts';
import type { ErrorRecord } from '../core/error.ts';
import type { ForEachOutput, ForEachPolicy } from '../core/for-each.ts';
import type { SnapshotDiff, StoredSnapshot } from '../core/snapshot.ts';
import type { StepDefinition, StepLogger, Transaction } from '../core/step.ts';
import type { Pauses } from './pauses.ts';

/** Milliseconds since 1970, as the engine's clock gives them. */
export type Millis = number;

/** The time, and waiting for it. Tests bring their own. */
export interface Clock {
  now(): Millis;
  /** Calls back once after `delay` milliseconds (any length); the function it returns takes that back. */
  after(delay: number, callback: () => void): () => void;
  /** Resolves once `now` can be relied upon; undefined where it can. Never rejects. */
  ready?(): Promise<void> | undefined;
}

export type InstanceStatus = 'scheduled' | 'running' | 'waiting' | 'paused' | 'done' | 'failed' | 'cancelled';
/** `waiting`: an item of a fan-out whose turn has not come. */
export type StepStatus = 'waiting' | 'queued' | 'running' | 'retrying' | 'done' | 'failed' | 'stopped';
/** `fan-out`: a `forEach`; `item`: one of its items, with the key `<key of the fan-out>#<index>`. */
export type StepKind = 'step' | 'workflow' | 'action' | 'fan-out' | 'item';

/** What identifies an instance's place in the world; written once. */
export interface NewInstance {
  workflow: string;
  version: string;
  tenant: string | null;
  tags: string[];
  priority: number;
  input: unknown;
  key: string | null;
  parent: { id: string; key: string } | null;
  /** Whether the worker that writes it takes it at once. */
  leased: boolean;
  /** When a worker must look at it, if nobody has taken it. */
  wakeAt: Millis | null;
  /** Not before this time; null for at once. */
  startAt: Millis | null;
  createdAt: Millis;
}

/** One row of `transitions`. */
export interface TransitionRow {
  sequence: number;
  event: string;
  payload: unknown;
  stepKey: string | null;
  from: string | null;
  to: string;
  diff: SnapshotDiff;
  emitted: unknown[] | null;
  timers: Outstanding | null;
  at: Millis;
}

/** What was still to come after a transition, which the snapshot does not say: a rewind to it begins from this. */
export interface Outstanding {
  /** Timers that it armed. */
  armed: Omit<Timer, 'sequence'>[];
  /** Ids of those that were armed before, and that it left. */
  left: string[];
  /** Invoke ids that the snapshot after it has, and that have come to their end: a rewind does not begin them again. */
  over?: string[];
}

/** Where an instance stands, in the record of an operation. */
export interface Stand {
  status: InstanceStatus;
  state: string;
  sequence: number;
  errorCode: string | null;
}

/** What came of an operation that somebody asked for: one row of `audit`. */
export interface AuditOutcome {
  /** The event that brought it; null where the commit makes the row. */
  eventId: number | null;
  /** The row, where there is none yet. */
  create: { operation: string; arguments: unknown; by: string; why: string | null; key: string | null } | null;
  status: 'applied' | 'refused';
  code: string | null;
  reason: string | null;
  before: Stand | null;
  after: Stand;
  result: unknown;
}

/** One finished attempt, as kept in `steps.attempts`. */
export interface AttemptRecord {
  attempt: number;
  startedAt: Millis;
  finishedAt: Millis;
  outcome: 'done' | 'failed' | 'lost' | 'stopped' | 'skipped';
  error?: ErrorRecord;
  logs?: LogLine[];
  /** Where an attempt ran that did not run in a worker: the id of its run on Trigger.dev. */
  runId?: string;
}

/** One line that a step logged. */
export interface LogLine {
  at: Millis;
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
  fields?: Record<string, unknown>;
}

/** How far a fan-out is. It is on the row of the fan-out alone, so that an item's end costs the same however many there are. */
export interface FanOut extends ForEachPolicy {
  total: number;
  done: number;
  failed: number;
  skipped: number;
  /** Items whose turn has not come. */
  waiting: number;
  /** No item before this index waits. */
  cursor: number;
  /** Items of the current batch that may still begin; null where there are no batches. */
  room: number | null;
  /** When the next batch begins; null while none is waited for. */
  resumeAt: Millis | null;
  /** How often it was begun: a retry goes through its items anew. */
  round: number;
  /** Items that had ended before `startedAt`, in earlier rounds: the time left is reckoned from the others. */
  before: number;
  /** When the last one ended that has; null before the first. */
  endedAt: Millis | null;
}

/** Items of a fan-out that begins and that have to wait: rows that are written and not kept in memory. */
export interface WaitingItems {
  /** Key of the fan-out. */
  fanOut: string;
  step: string;
  maxAttempts: number;
  queue: string | null;
  queuedAt: Millis;
  /** Index of the first one. */
  first: number;
  inputs: readonly unknown[];
  /** The fan-out has been left before it was stored. */
  stopped: boolean;
}

/** Items that will not have their turn any more. */
export interface StoppedItems {
  fanOut: string;
  /** Indexes from this one, and up to but not including `to`. */
  from: number;
  to: number;
}

/** One row of `steps`. */
export interface StepRow {
  key: string;
  kind: StepKind;
  step: string;
  status: StepStatus;
  attempt: number;
  maxAttempts: number;
  lost: number;
  nextAttemptAt: Millis | null;
  input: unknown;
  output: unknown;
  error: ErrorRecord | null;
  attempts: AttemptRecord[] | null;
  logs: LogLine[] | null;
  progress: number | null;
  message: string | null;
  queue: string | null;
  worker: number | null;
  childId: string | null;
  queuedAt: Millis;
  startedAt: Millis | null;
  heartbeatAt: Millis | null;
  finishedAt: Millis | null;
  /** On the row of a fan-out only. */
  fanOut?: FanOut;
}

/** A scheduled event. */
export interface Timer {
  id: string;
  event: EventObject;
  /** Id of the instance that it is for: this one, its parent or a child. */
  to: string;
  dueAt: Millis;
  sequence: number;
}

/** An event in an inbox. */
export interface InboxEvent {
  id: number;
  type: string;
  payload: unknown;
  source: 'external' | 'instance' | 'control';
  fence: string | null;
  /** When it was put there. */
  createdAt: Millis;
  /** Of a published event whose instance's keys were not known when it was sent: taken only if it has this one by then. */
  correlation?: { event: string; key: string };
}

/** An event for another instance. */
export interface Post {
  to: string;
  type: string;
  payload: unknown;
  source: InboxEvent['source'];
  fence: string | null;
  /** Posts with the same key arrive once; needed where nothing else in the commit can be done once only. */
  dedupeKey: string | null;
}

/** An event that an instance publishes with a commit. */
export interface EmittedEvent {
  name: string;
  payload: unknown;
  /** The same however often it is stored. */
  key: string;
}

/** A key under which published events of a name reach an instance, as an event of a type. */
export interface SubscriptionRow {
  event: string;
  /** Empty: it has none now, and its context may give it one. */
  key: string;
  type: string;
  workflow: string;
  /** No key of the instance depends on its context, so that none changes. */
  fixed: boolean;
}

/** Where an instance stands after a commit. */
export interface InstanceState {
  status: InstanceStatus;
  state: string;
  sequence: number;
  snapshot: StoredSnapshot | null;
  live: string[];
  output: unknown;
  error: ErrorRecord | null;
  finishedAt: Millis | null;
}

/**
 * What one instance writes in one go: all of it or nothing.
 * It holds only if the instance still is at sequence `expected` and in the writer's hands.
 */
export interface Commit {
  id: string;
  expected: number;
  /** Set when the commit brings the instance into being; a taken id makes it fail. */
  create: NewInstance | null;
  /** Id of another commit in the same batch without which this one must not be. */
  requires: string | null;
  after: InstanceState;
  at: Millis;
  transitions: TransitionRow[];
  newSteps: StepRow[];
  /** Rows that change. Of them `input` and what else is fixed at the start is not written again. */
  steps: StepRow[];
  waitingItems: WaitingItems[];
  stoppedItems: StoppedItems[];
  timers: Timer[];
  cancelled: string[] | 'all';
  consumed: { id: number; status: 'taken' | 'ignored'; sequence: number | null }[];
  posts: Post[];
  audits: AuditOutcome[];
  published: EmittedEvent[];
  /** All that it has from now on; null: as before. */
  subscriptions: SubscriptionRow[] | null;
  /** Give the instance back, to be looked at again then (null: when an event comes), if its inbox is as it was at `wake`. */
  release: { wakeAt: Millis | null; wake: number } | null;
}

/** What became of a commit. */
export interface CommitResult {
  id: string;
  /** False when `release` was asked for but something had come into the inbox. True too when it was not asked for. */
  released: boolean;
}

/** An instance as a worker takes it over: everything it needs to go on. */
export interface Claimed {
  id: string;
  workflow: string;
  version: string;
  tenant: string | null;
  input: unknown;
  status: InstanceStatus;
  state: string;
  sequence: number;
  snapshot: StoredSnapshot | null;
  live: string[];
  error: ErrorRecord | null;
  parent: { id: string; key: string } | null;
  wake: number;
  priority: number;
  createdAt: Millis;
  startAt: Millis | null;
  finishedAt: Millis | null;
  steps: StepRow[];
  timers: Timer[];
  inbox: InboxEvent[];
  /** Set where a value that its rows refer to cannot be read: it cannot go on. */
  damage?: ErrorRecord;
}

/** What lies in the inbox of an owned instance. */
export interface Inbox {
  id: string;
  wake: number;
  inbox: InboxEvent[];
  /** An event refers to a value that cannot be read. */
  damaged?: true;
}

/** Workers that were found dead. */
export interface Buried {
  workers: number[];
  /** Instances that they had, or that others who died before them had. */
  freed: string[];
}

/** An instance that somebody has to look at, and how soon. */
export interface Wanted {
  id: string;
  priority: number;
}

/** What a worker needs of the database. Every write is all or nothing. */
export interface Store {
  /**
   * Writes a batch in one statement. Returns those that hold; the others lost the race and must be read again.
   * Safe to repeat when the outcome is unknown: what had been written then shows as lost at exactly the sequence it asked for.
   */
  commit(worker: number, batch: readonly Commit[]): Promise<CommitResult[]>;
  /** How many characters a commit takes in the statement. One that was asked about does not change any more. */
  size(commit: Commit): number;
  /** Takes up to `limit` instances whose time has come, by priority. */
  claim(worker: number, now: Millis, limit: number, workflows: readonly string[]): Promise<Claimed[]>;
  /** Takes up to `limit` instances of paused workflows that an operator has asked something of. */
  claimOrdered(worker: number, limit: number, workflows: readonly string[]): Promise<Claimed[]>;
  /** Reads anew what this worker already owns; leaves out what it does not. */
  reload(worker: number, ids: readonly string[]): Promise<Claimed[]>;
  /** Ids of all instances that this worker owns. */
  leased(worker: number): Promise<string[]>;
  /** What is in the inboxes of owned instances, with the count to give them back on. */
  inbox(worker: number, ids: readonly string[]): Promise<Inbox[]>;
  /** Owned instances that have something in the inbox: the backstop for a lost notification. */
  pending(worker: number): Promise<string[]>;
  /** When the next instance that nobody owns is due, or null. */
  nextWake(workflows: readonly string[]): Promise<Millis | null>;
  /** Workflows and queues that are paused. */
  pauses(): Promise<Pauses>;
  /** Registers a worker process and holds its lock until `stopWorker` or until the process dies. */
  startWorker(name: string, workflows: readonly string[], now: Millis): Promise<WorkerSession>;
  /** Declares workers dead whose process is gone, or which have been silent for `timeout` milliseconds by the clock of the database, and frees their instances as due `now`. The worker that asks lives. */
  buryWorkers(now: Millis, timeout: number, asking: number): Promise<Buried>;
  /** Instances that nobody has and whose time has come. */
  due(now: Millis, workflows: readonly string[], limit: number): Promise<Wanted[]>;
  /** Runs a step in a transaction and stores its result in the same commit, on condition that the attempt still counts. When the signal aborts before the commit is sent, the transaction is rolled back. @throws DurachartError `FENCED`; DatabaseUnavailableError when its outcome is unknown; what `run` throws */
  transactional(
    fence: { worker: number; instanceId: string; key: string; attempt: number; at: () => Millis },
    run: (tx: Transaction) => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<unknown>;
  /** Of the items of a fan-out with an index from `from` and below `to`, those that are not done, in order. */
  items(instanceId: string, fanOut: string, from: number, to: number): Promise<StepRow[]>;
  /** What the items of a fan-out have come to. */
  itemResults(instanceId: string, fanOut: string): Promise<Pick<ForEachOutput<unknown>, 'results' | 'failures'>>;
  /** Calls back with the ids that have work for a worker ("*": unknown which). */
  onWork(callback: (ids: string[] | '*') => void): Promise<() => Promise<void>>;
}

/** A registered worker process. */
export interface WorkerSession {
  id: number;
  /** Says that the process lives. False: it has been declared dead, and everything it owned may be in other hands. */
  beat(): Promise<boolean>;
  /**
   * Has the process counted as alive while code of a step holds its event loop for more than `longest` milliseconds, which keeps it from
   * beating; not for more than twenty times `deadAfter`. @param onError what keeps it from being so @returns ends it
   */
  guard(limits: { longest: number; deadAfter: number }, onError: (error: unknown) => void): () => void;
  /** Gives back all that is still owned and leaves. */
  stop(now: Millis): Promise<void>;
  /** Ends without a word, as a killed process does. For tests. */
  kill(): Promise<void>;
}

/** One attempt to be made. */
export interface Invocation {
  instance: { id: string; workflow: string; tenant: string | null };
  /** Idempotency key: instance, sequence, invoke id. */
  key: string;
  step: string;
  definition: StepDefinition;
  input: unknown;
  attempt: number;
  /** Set for transactional steps: runs the handler in a transaction that also stores its result. */
  transaction?: (run: (tx: Transaction) => Promise<unknown>, signal: AbortSignal) => Promise<unknown>;
}

/** What a running attempt tells before it ends. */
export interface AttemptListener {
  progress(fraction: number, message: string | undefined): void;
  heartbeat(): void;
  log: StepLogger;
}

/** An output is plain JSON as it comes back from the database, and can be stored. */
export type Outcome = ({ type: 'done'; output: unknown } | { type: 'failed'; error: unknown }) & {
  /** It has sent its instance events, which come before it. */
  sent?: true;
};

/** An attempt under way. */
export interface RunningAttempt {
  /** Never rejects. */
  outcome: Promise<Outcome>;
  abort(reason: Error): void;
}

/** Runs one attempt of a step somewhere. */
export interface Executor {
  run(invocation: Invocation, listener: AttemptListener): RunningAttempt;
}
