import type { ErrorRecord } from '../core/error.ts';
import type { StoredSnapshot } from '../core/snapshot.ts';
import type {
  Change,
  Count,
  CountOptions,
  Health,
  HistoryEntry,
  InstanceSummary,
  InstanceView,
  ListOptions,
  StepDetail,
} from './api.ts';
import type { ExplainReader } from './explain/reader.ts';
import type { InstanceStatus, Millis, StepStatus } from './ports.ts';
import type { SendStore } from './sending/send-store.ts';
import type { Overview, WorkflowStatistics } from './statistics.ts';

/** An instance's row, with what hangs on it. */
export interface InstanceRecord extends InstanceSummary {
  /** The instance that started it, and the key of that one's invocation. */
  parent: { id: string; key: string } | null;
  snapshot: StoredSnapshot | null;
  input: unknown;
  output: unknown;
  error: ErrorRecord | null;
  timers: { id: string; dueAt: Date }[];
  children: InstanceView['children'];
}

/** Where a reader of the feed stands: the last transition that it has seen. */
export interface FeedPosition {
  xid: bigint;
  instanceId: string;
  sequence: number;
}

/** What the engine reads, and the one thing that it writes without owning: events. */
export interface Reader extends ExplainReader, SendStore {
  instance(id: string): Promise<InstanceRecord | undefined>;
  list(
    options: ListOptions,
    limit: number,
    before: { createdAt: Date; id: string } | undefined,
  ): Promise<InstanceSummary[]>;
  /** How many instances a list would have, up to so many. */
  howMany(options: ListOptions, most: number): Promise<number>;
  counts(options: CountOptions): Promise<Count[]>;
  /** Each with the instance's status as of the same moment. */
  history(id: string, after: number, limit: number): Promise<(HistoryEntry & { status: InstanceStatus })[]>;
  /** Every invocation, without the items of fan-outs. */
  steps(id: string): Promise<StepDetail[]>;
  /** Key of the fan-out that has it, or of the newest with that step. */
  fanOut(id: string, step: string): Promise<string | undefined>;
  /** Items of a fan-out with an index from `from` on. */
  items(
    id: string,
    fanOut: string,
    page: { from: number; limit: number; status: StepStatus | undefined },
  ): Promise<StepDetail[]>;
  liveSteps(id: string): Promise<StepDetail[]>;
  snapshot(id: string, sequence: number): Promise<StoredSnapshot | undefined>;
  /** Whether an operator's order is in the inbox. */
  hasOrder(instanceId: string): Promise<boolean>;
  /** Transitions of all instances after a position; none is ever inserted before one that was given out. */
  feed(position: FeedPosition, limit: number): Promise<(HistoryEntry & { xid: bigint; status: InstanceStatus })[]>;
  /** Where these stand, as far as they are there. */
  statuses(ids: readonly string[]): Promise<Omit<Extract<Change, { type: 'status' }>, 'type'>[]>;
  /** Whether it takes writes: not a standby, and not set to be read-only. */
  isWritable(): Promise<boolean>;
  /** The newest position that is safe to start from, which transactions after it are to be seen already, and a number that no position has come past. */
  position(): Promise<{ xid: bigint; next: bigint; isSeen: (xid: bigint) => boolean }>;
  workers(): Promise<Health['workers']>;
  /** Of the last `period` milliseconds, throughput in buckets of `bucket`. */
  overview(period: Millis, bucket: Millis): Promise<Overview>;
  workflowStatistics(workflow: string, period: Millis): Promise<WorkflowStatistics>;
  /** Calls back with the ids that have changed ("*": any). */
  onChange(callback: (ids: string[] | '*') => void): Promise<() => Promise<void>>;
  /** Calls back with the ids that are done, failed or cancelled ("*": any). */
  onEnd(callback: (ids: string[] | '*') => void): Promise<() => Promise<void>>;
}
