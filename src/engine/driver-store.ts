import type { Transaction } from '../core/step.ts';
import type { Claimed, Millis, StepRow, Store, Wanted } from './ports.ts';

/** A run of another system that an instance waits for, as its row in `runs` tells. */
export interface RunRow {
  instanceId: string;
  /** `step`: runs an invocation. `timer`: a driver that begins when a timer is due. */
  kind: 'step' | 'timer';
  /** Key of the invocation, or of the timer. */
  key: string;
  round: number;
  task: string;
  /** Null until the other system has told its id. */
  runId: string | null;
  /** Run of the driver that waits for it. */
  waiter: string | null;
  createdAt: Millis;
  endedAt: Millis | null;
}

/** A run of a step that has not ended, as far as the database knows. */
export interface OpenRun extends RunRow {
  /** Of the instance. */
  priority: number;
  /** Since when it should have begun; null: it has. */
  unbegunSince: Millis | null;
}

/** Which round of an invocation an attempt belongs to: the condition of everything that it writes. */
export interface RoundFence {
  instanceId: string;
  key: string;
  round: number;
  runId: string;
}

/** An invocation, as the run that is to make it finds it. */
export interface Assignment {
  instance: { id: string; workflow: string; tenant: string | null };
  priority: number;
  row: StepRow;
}

/** What came of a stored result. */
export interface Settled {
  /** Run of the driver that waits for this one. */
  waiter: string | null;
  /** Nobody has the instance: whoever stored the result has to see to it that somebody looks. */
  free: boolean;
  /** Of the instance. */
  priority: number;
}

/**
 * What drivers need of the database beyond a worker's store: one instance by its id, and writes of steps by processes
 * that do not own the instance. Those are fenced by the round and the attempt.
 */
export interface DriverStore extends Pick<
  Store,
  | 'commit'
  | 'size'
  | 'reload'
  | 'startWorker'
  | 'buryWorkers'
  | 'due'
  | 'transactional'
  | 'pauses'
  | 'items'
  | 'itemResults'
> {
  /** Takes one instance, if nobody has it. `held`: somebody has. `expired`: this worker has been declared dead. */
  take(worker: number, id: string): Promise<{ claimed: Claimed } | 'held' | 'expired' | 'unknown'>;
  /** Has the owner of an instance look at it once more before giving it back. */
  nudge(id: string): Promise<void>;
  /** Of these instances, those that nobody has. */
  free(ids: readonly string[]): Promise<Wanted[]>;

  /** The runs that an instance waits for, in order of their making. */
  openRuns(instanceId: string): Promise<RunRow[]>;
  /** Every run there was, newest first. */
  runs(instanceId: string): Promise<RunRow[]>;
  /** Notes that a run is about to be made; its round comes after those that have ended. Undefined: the step is over. */
  planRun(
    run: Pick<RunRow, 'instanceId' | 'kind' | 'key' | 'task' | 'waiter'>,
    now: Millis,
  ): Promise<RunRow | undefined>;
  /** Notes the id that the other system gave. */
  nameRun(run: RunRow, runId: string): Promise<void>;
  /** Notes who waits for a run. False: it has ended. */
  await(run: RunRow, waiter: string): Promise<boolean>;
  /** Gives a run up: nothing that it still writes counts. False: it had ended. */
  endRun(run: RunRow, now: Millis): Promise<boolean>;
  /** The same for a run whose step has not begun in it. False: it has. */
  endUnbegun(run: RunRow, now: Millis): Promise<boolean>;

  /** What a run is to do, or undefined when nobody waits for it any longer. */
  assignment(fence: RoundFence): Promise<Assignment | undefined>;
  /** Stores a row of an attempt that begins, goes on or waits for the next; the run's id with it. False: it no longer counts. */
  saveStep(fence: RoundFence, expected: Pick<StepRow, 'status' | 'attempt'>, row: StepRow): Promise<boolean>;
  /** Stores what an attempt came to, ends the round, and wakes the instance: one statement. Undefined: it no longer counts. */
  settleStep(fence: RoundFence, row: StepRow, now: Millis): Promise<Settled | undefined>;
  /** The same, in one transaction with what the step itself writes. @throws DurachartError `FENCED` */
  settleInTransaction(
    fence: RoundFence,
    run: (tx: Transaction) => Promise<unknown>,
    rowOf: (output: unknown) => { row: StepRow; now: Millis },
    signal: AbortSignal,
  ): Promise<Settled>;

  /** Runs of steps that are open since before a time, with the priority of their instance; of many, some. */
  openSince(before: Millis, limit: number): Promise<OpenRun[]>;
}
