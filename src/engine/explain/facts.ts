import type { ErrorRecord } from '../../core/error.ts';
import type { StoredSnapshot } from '../../core/snapshot.ts';
import type { Workflow } from '../../core/workflow.ts';
import type { InstanceStatus, Millis, StepRow } from '../ports.ts';
import type { PastOperation, UsualTime } from './explanation.ts';

/** An invocation without what may be large. */
export type LiveStep = Omit<StepRow, 'input' | 'output' | 'attempts' | 'logs'>;

/** One instance of a family: the one that is asked about, or one that it waits for. */
export interface Member {
  id: string;
  workflow: string;
  status: InstanceStatus;
  state: string;
  sequence: number;
  /** Of a child without its context, which may be large. */
  snapshot: StoredSnapshot | null;
  error: ErrorRecord | null;
  lease: number | null;
  wakeAt: Millis | null;
  updatedAt: Millis;
  finishedAt: Millis | null;
  /** What it waits for. */
  steps: LiveStep[];
  timers: { id: string; to: string; dueAt: Millis }[];
  /** When the oldest event in its inbox came. */
  inboxSince: Millis | null;
  /** The last transition that changed the state; null where it lies too far back. */
  entered: { event: string; step: string | null; errorCode: string | null; at: Millis } | null;
  /** Runs on Trigger.dev that are not known to have ended. */
  runs: { key: string; runId: string | null; round: number; createdAt: Millis }[];
}

/** A worker that has not signed off, or that still holds an instance. */
export interface WorkerFact {
  id: number;
  name: string;
  workflows: string[];
  beatAt: Millis;
  /** Since then, by the clock of the database, which `beatAt` is of. */
  silentMs: number;
  stoppedAt: Millis | null;
  /** It held a lock for as long as it lived, and the lock is gone. */
  lockLost: boolean;
  /** Code of a step holds its event loop. */
  blocked: { since: Millis; blockedMs: number; steps: { id: string; step: string }[] } | null;
}

export interface PauseFact {
  target: 'workflow' | 'queue';
  name: string;
  by: string;
  why: string | null;
  since: Millis;
}

/** What one statement reads for an explanation. */
export interface ReadFacts {
  /** The instance that is asked about comes first. */
  family: Member[];
  workers: WorkerFact[];
  pauses: PauseFact[];
  /** Newest first. */
  recent: PastOperation[];
}

/** Everything that an explanation rests on. */
export interface Facts extends ReadFacts {
  /** By {@link usualKey}. */
  usual: ReadonlyMap<string, UsualTime>;
  workflows: ReadonlyMap<string, Workflow>;
  /** Limits of a process that is set up as this one. */
  concurrency: number;
  queues: Readonly<Record<string, number>>;
  /** Milliseconds without a beat after which a worker counts as dead. */
  deadAfter: number;
  /** Drivers on Trigger.dev move the instances, not workers. */
  onTrigger: boolean;
}

export function usualKey(workflow: string, step: string): string {
  return `${workflow} ${step}`;
}
