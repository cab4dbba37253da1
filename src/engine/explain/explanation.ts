import type { ErrorClass } from '../../core/error.ts';
import type { StateValue } from '../../core/snapshot.ts';
import type { FanOutView } from '../api.ts';
import type { Operation } from '../operations/legal.ts';
import type { InstanceStatus, StepKind } from '../ports.ts';

/** Why an instance stands where it stands, and what can be done about it. */
export interface Explanation {
  id: string;
  workflow: string;
  status: InstanceStatus;
  state: string;
  sequence: number;
  /** Since when it is in this state. */
  since: Date;
  /** One or two sentences for people. */
  summary: string;
  /** The one that matters most comes first. There may be several: parallel steps each have their own. */
  causes: Cause[];
  /** What is legal now, most useful first. */
  operations: LegalOperation[];
  /** What people did to it last, newest first. */
  recent: PastOperation[];
  /** Where the first cause lies with a child: the instances down to the one that it comes from. */
  path?: Standpoint[];
}

/** Something that can be done now, ready to be sent. */
export interface LegalOperation {
  operation: Operation;
  words: string;
  /** A command line for a shell. */
  command: string;
  /** The same of the HTTP API. */
  request: { method: 'POST'; path: string; body?: Record<string, unknown> };
}

/** An operation that somebody asked for. */
export interface PastOperation {
  operation: string;
  by: string;
  why: string | null;
  /** requested, applied, refused */
  status: string;
  /** Why it was refused. */
  code: string | null;
  reason: string | null;
  requestedAt: Date;
  finishedAt: Date | null;
}

/** Where one instance of a family stands. */
export interface Standpoint {
  id: string;
  workflow: string;
  status: InstanceStatus;
  state: string;
  /** Code and words of its first cause. */
  code: CauseCode;
  words: string;
}

/** An invocation that a cause is about. */
export interface InvocationAt {
  key: string;
  kind: StepKind;
  step: string;
  attempt: number;
  maxAttempts: number;
}

/** How long a step usually takes: of its newest invocations that came to a result, the last attempt's time. */
export interface UsualTime {
  p50Ms: number;
  p95Ms: number;
  samples: number;
}

/** An error without what only programs need. */
export interface ErrorShown {
  code: string;
  class: ErrorClass;
  name: string;
  message: string;
  /** One line that says why, with its causes; missing where `message` says it all. */
  reason?: string;
  stack?: string;
}

interface Fields {
  SCHEDULED: { startAt: Date };
  RUNNING: InvocationAt & {
    since: Date;
    ranMs: number;
    progress: number | null;
    message: string | null;
    worker: number | null;
    /** Of its run on Trigger.dev. */
    runId: string | null;
    usual: UsualTime | null;
    /** Where the time so far lies among the usual ones. */
    pace: 'below p50' | 'below p95' | 'above p95' | null;
  };
  QUEUED: InvocationAt & {
    since: Date;
    queue: string | null;
    runId: string | null;
    /** How many may run at a time in a process that is set up as this one; null: any number. */
    limits: { worker: number; queue: number | null; step: number | null };
  };
  /** Counts, options and time left as in {@link FanOutView}; the next attempt and its error are those of the item that is tried again first. */
  FAN_OUT: InvocationAt &
    FanOutView & {
      since: Date;
      underWay: { running: number; queued: number; retrying: number };
      nextAttemptAt: Date | null;
      error: ErrorShown | null;
    };
  RETRYING: InvocationAt & { error: ErrorShown | null; nextAttemptAt: Date };
  WAITING: {
    /** With the JSON Schema of the payload; null: anything goes. */
    events: { type: string; schema: Record<string, unknown> | null }[];
    /** The first timer after which one of these events is no longer taken, nor comes to be again without another event from outside. */
    deadline: { timer: string; dueAt: Date } | null;
    /** The first timer to come: the deadline, or another one, as a reminder. */
    nextTimer: { timer: string; dueAt: Date } | null;
    /** It came here by a step's error. */
    enteredByError: { step: string | null; code: string | null } | null;
  };
  PAUSED: { since: Date; by: string | null; why: string | null };
  WORKFLOW_PAUSED: { since: Date; by: string; why: string | null };
  QUEUE_PAUSED: InvocationAt & { queue: string; since: Date; by: string; why: string | null };
  OVERDUE: { due: Due; dueAt: Date; lateMs: number; worker: WorkerAt | null };
  NO_WORKER: { due: Due; dueAt: Date };
  DEAD_WORKER: { worker: WorkerAt; steps: InvocationAt[] };
  /** `running`: steps of its instances that have begun, whichever of them it is. */
  WORKER_BLOCKED: { worker: WorkerAt; since: Date; blockedMs: number; running: { id: string; step: string }[] };
  STEP_PAST_TIMEOUT: InvocationAt & { since: Date; timeoutMs: number; ranMs: number; runId: string | null };
  STEP_SILENT: InvocationAt & { heardAt: Date; heartbeatMs: number; silentMs: number; runId: string | null };
  FAILED: { at: Date; step: InvocationAt | null; error: ErrorShown };
  /** A custom action; the instance stands where it stands for other reasons. */
  ACTION_FAILED: InvocationAt & { at: Date; error: ErrorShown };
  CHILD_RUNNING: ChildFields;
  CHILD_FAILED: ChildFields & { error: ErrorShown | null };
  CHILD_STUCK: ChildFields;
  STATE_UNKNOWN: { state: string; value: StateValue | null };
  LOST_RUN: InvocationAt & { runId: string | null; since: Date };
  LONG_HISTORY: { transitions: number; limit: number };
  DONE: { at: Date };
  CANCELLED: { at: Date };
  UNKNOWN_WORKFLOW: { workflow: string };
}

interface ChildFields extends InvocationAt {
  childId: string | null;
  /** The last of `path`; null where the child could not be followed. */
  leaf: Standpoint | null;
  /** From the child down to the leaf. */
  path: Standpoint[];
}

/** What it is that should have been taken up. */
export type Due = 'start' | 'timer' | 'retry' | 'step' | 'event';

/** The worker that holds an instance. */
export interface WorkerAt {
  id: number;
  /** Host and process; null where its row is gone. */
  name: string | null;
  beatAt: Date | null;
  stoppedAt: Date | null;
}

/** Stable codes of causes. */
export type CauseCode = keyof Fields;

/** One reason why an instance stands where it stands; `code` tells which, and so which fields there are. */
export type Cause<Code extends CauseCode = CauseCode> = {
  [C in Code]: {
    code: C;
    /** One sentence. */
    words: string;
    /** Those of the legal operations that help here; of a child, the child's. */
    operations: LegalOperation[];
  } & Fields[C];
}[Code];

/** What an event would do, if it were sent now. */
export interface Preview {
  /** Whether it would move the instance now. */
  accepted: boolean;
  /** Why not. */
  reason?: { code: string; message: string };
  /** Where the instance would stand: as now, if the event is not accepted. */
  state: string;
  status: InstanceStatus;
  /** Events in its inbox, which are taken first. */
  ahead: number;
  steps: { key: string; step: string; input: unknown }[];
  /** Invocations that would be stopped, children included. */
  stops: { key: string; step: string; status: string; childId: string | null }[];
  timers: { id: string; event: string; dueInMs: number }[];
  cancelsTimers: string[];
  /** Custom actions. */
  actions: { name: string; params: unknown }[];
  /** Events for other instances. */
  sends: { to: string; type: string; payload: unknown }[];
  children: { id: string; workflow: string; input: unknown }[];
  /** Keys of the context that change, with their new values. */
  context: Record<string, unknown>;
  /** What it emits and logs. */
  emits: unknown[];
  output?: unknown;
  /** The machine's own code throws on it: the instance would fail. */
  error?: ErrorShown;
}
