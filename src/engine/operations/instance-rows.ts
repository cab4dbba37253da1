import type { ErrorRecord } from '../../core/error.ts';
import type { StoredSnapshot } from '../../core/snapshot.ts';
import type { InboxEvent, InstanceStatus, Millis, StepRow, Timer, TransitionRow } from '../ports.ts';

/** Everything that is stored of one instance: what an export holds. Times are milliseconds since 1970. */
export interface InstanceRows {
  instance: {
    id: string;
    workflow: string;
    version: string;
    tenant: string | null;
    tags: string[];
    priority: number;
    key: string | null;
    parentId: string | null;
    input?: unknown;
    status: InstanceStatus;
    state: string;
    sequence: number;
    snapshot: StoredSnapshot | null;
    output?: unknown;
    error: ErrorRecord | null;
    /** Keys of the invocations that it waits for. */
    live: string[];
    createdAt: Millis;
    startAt: Millis | null;
    updatedAt: Millis;
    finishedAt: Millis | null;
  };
  /** All of them, in order; the snapshot is the sum of their differences. */
  transitions: TransitionRow[];
  steps: StepRow[];
  timers: Timer[];
  /** The inbox, in order: what was taken, and what lies there. */
  events: StoredEvent[];
  /** Instances that it started: only which. */
  children: { id: string; workflow: string; status: InstanceStatus; state: string }[];
}

/** An event in the inbox, or one that was there. */
export interface StoredEvent extends Omit<InboxEvent, 'id'> {
  dedupeKey: string | null;
  status: 'pending' | 'taken' | 'ignored';
  /** The transition that took it. */
  sequence: number | null;
  createdAt: Millis;
}

/** An instance as a file. */
export interface ExportDocument extends InstanceRows {
  format: 'durachart-export';
  formatVersion: 1;
  /** ISO 8601. */
  exportedAt: string;
}
