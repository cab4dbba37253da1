import type { Operation as PatchOperation } from 'rfc6902';
import type { AuditOutcome, Millis, Stand, StepKind, StepStatus } from '../ports.ts';
import type { InstanceRows } from './instance-rows.ts';
import type { Past } from './moment.ts';

/** What somebody asks to be done to an instance. */
export type OperationRequest =
  /** Fresh attempts for the failed step. */
  | { operation: 'retry' }
  /** Goes on from a failure, a pause or a side exit, in the way that fits. */
  | { operation: 'resume' }
  /** Nothing more begins until it is unpaused; what runs may end. */
  | { operation: 'pause' }
  | { operation: 'unpause' }
  /** Ends it: by the machine's own cancel event where there is one, unless forced. */
  | { operation: 'cancel'; force?: boolean | undefined }
  /** Goes on as if the invocation had given this output. `step` is its key, or the name of the step where only one of it is live. */
  | { operation: 'skip'; step: string; output?: unknown }
  /** Back to where it stood after a transition. */
  | { operation: 'rewind'; to: number }
  /** Changes the context, by a JSON Patch (RFC 6902). */
  | { operation: 'edit'; patch: PatchOperation[] };

/** Who asks for an operation, and why. */
export interface OperationOptions {
  /** Default: `unknown`. At most 200 characters. */
  by?: string | undefined;
  why?: string | undefined;
  /** Idempotency key: asked for again with the same key, it is the same operation. */
  key?: string | undefined;
  /** Milliseconds to wait for what comes of it. Default 0: it returns once it is stored. */
  wait?: number | undefined;
}

/** An operation, and what came of it: one row of `audit`. */
export interface OperationRecord {
  id: number;
  target: 'instance' | 'workflow' | 'queue' | 'schedule' | 'retention';
  targetId: string;
  operation: string;
  arguments: unknown;
  by: string;
  why: string | null;
  key: string | null;
  /** `requested`: whoever moves the instance has not come to it yet. */
  status: 'requested' | 'applied' | 'refused';
  /** Why it was refused: the stable code, and words. */
  code: string | null;
  reason: string | null;
  before: Stand | null;
  after: Stand | null;
  result: unknown;
  /** Of a rewind: the steps that had begun after that moment, whose effects will be repeated if the machine comes there again. */
  repeats: { key: string; step: string; kind: StepKind; status: StepStatus; attempt: number }[] | null;
  requestedAt: Date;
  finishedAt: Date | null;
}

/** What is written when an operation is asked for. */
export interface NewOperation {
  instanceId: string;
  operation: string;
  arguments: unknown;
  /** What goes into the inbox. */
  payload: unknown;
  by: string;
  why: string | null;
  key: string | null;
  at: Millis;
}

/** What is paused as a whole: of a workflow no instance is moved; of a queue no step begins; a schedule (`<workflow>/<name>`) starts nothing. What runs may end. */
export type PauseTarget = { workflow: string } | { queue: string } | { schedule: string };

/** A workflow or a queue that is to be paused, or to go on. */
export interface NewPause {
  target: 'workflow' | 'queue' | 'schedule';
  name: string;
  by: string;
  why: string | null;
  key: string | null;
  at: Millis;
}

/** A workflow or a queue that is paused. */
export interface Paused {
  target: 'workflow' | 'queue' | 'schedule';
  name: string;
  by: string;
  why: string | null;
  since: Date;
}

/** The records of operations, and the past that some of them need. */
export interface OperationStore {
  /** Puts the order into the inbox, with its record, and wakes whoever must look. The record's id; that of the first one where the key is known. */
  request(operation: NewOperation): Promise<{ id: number; duplicate: boolean } | 'no instance'>;
  find(id: number): Promise<OperationRecord | undefined>;
  findByKey(target: OperationRecord['target'], targetId: string, key: string): Promise<OperationRecord | undefined>;
  /** Newest first, before a record. */
  list(
    filter: { target?: OperationRecord['target'] | undefined; targetId?: string | undefined },
    limit: number,
    before: number | undefined,
  ): Promise<OperationRecord[]>;
  /** The record's id, or undefined where it is so already. */
  pause(pause: NewPause): Promise<number | undefined>;
  unpause(pause: NewPause): Promise<number | undefined>;
  paused(): Promise<Paused[]>;
  /** What the rows say of an instance after one of its transitions. */
  past(id: string, sequence: number): Promise<Past | undefined>;
  /** The last transition into another state: which one, and by which event. */
  entered(id: string): Promise<{ sequence: number; event: string } | undefined>;
  /** Everything that is stored of an instance, as of one moment. */
  rows(id: string): Promise<InstanceRows | undefined>;
  /** Brings an instance into being with all its rows and its record. False where the id is taken. */
  insert(
    rows: InstanceRows,
    audit: AuditOutcome & { create: NonNullable<AuditOutcome['create']> },
    at: Millis,
  ): Promise<boolean>;
}
