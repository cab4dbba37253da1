import type { DurachartError } from '../core/error.ts';
import type { Workflow } from '../core/workflow.ts';
import { sleep } from './clock.ts';
import { idempotencyKey } from './keys.ts';
import type { Limits } from './limits.ts';
import { LineKeeper } from './lines.ts';
import type { AttemptEntry, Owned } from './owned.ts';
import type { AttemptListener, Clock, Executor, Invocation, Outcome, StepRow, Store } from './ports.ts';
import { placesOf, WORKER, workerLimits } from './places.ts';
import type { Change } from './state.ts';
import { emptyChange } from './state.ts';
import { isUnknown } from './unavailable.ts';
import {
  begun,
  concluded,
  definitionOf,
  interrupted,
  isRun,
  lostTransaction,
  shownMessage,
  unknownStep,
} from './step-rows.ts';

/** What the attempts need of the worker that they run in. */
export interface AttemptHost {
  readonly workerId: number;
  /** Whether new attempts may begin. */
  readonly accepting: boolean;
  /** Whether this one may: nobody has paused it. */
  mayBegin(owned: Owned, row: StepRow): boolean;
  /** A row of a live invocation changed: it goes on, waits, or has come to its end. */
  rowChanged(owned: Owned, row: StepRow): void;
  /** Stores a row and nothing else; calls back once it is stored. */
  storeRows(owned: Owned, rows: StepRow[], stored: () => void): void;
  /** Looks whether the instance can be given back. */
  settleDown(owned: Owned): void;
  /** Still this worker's, and in memory. */
  holds(owned: Owned): boolean;
  drop(owned: Owned): void;
  /** Looks soon for what this worker may own without knowing it. */
  suspect(): void;
  /** Takes up what lies in the instance's inbox. */
  inboxTaken(owned: Owned): Promise<void>;
  /** Shows people a row that is not stored yet. */
  show(owned: Owned, row: StepRow): void;
  fault(error: unknown): void;
  /** Tells of an error that is the engine's own. */
  broken(error: unknown): void;
}

export interface AttemptOptions {
  store: Store;
  executor: Executor;
  clock: Clock;
  workflows: ReadonlyMap<string, Workflow>;
  isTransient: (error: unknown) => boolean;
  concurrency: number;
  queues: Readonly<Record<string, number>>;
  random: () => number;
}

/** Runs the steps of owned instances, within the limits. */
export class Attempts {
  private readonly options: AttemptOptions;
  private readonly host: AttemptHost;
  private readonly limits: Limits;
  /** Those that ran at some time since {@link takeRecent}. */
  private recent: Invocation[] = [];
  private readonly underWay = new Set<Invocation>();
  /** Rows with progress, a heartbeat or lines that are not stored yet. */
  private readonly dirty = new Map<Owned, Set<string>>();

  constructor(options: AttemptOptions, host: AttemptHost) {
    this.options = options;
    this.host = host;
    this.limits = workerLimits(options);
  }

  /** Attempts that hold a place now. */
  get running(): number {
    return this.limits.taken(WORKER);
  }

  /** Attempts that ran at some time since this was last asked, also those that have ended. */
  takeRecent(): readonly Invocation[] {
    const taken = this.recent;
    this.recent = taken.filter((invocation) => this.underWay.has(invocation));
    return taken;
  }

  /** Takes places for new steps at once where there are any, so that their first row already says running. */
  reserve(owned: Owned, change: Change): StepRow[] {
    if (!this.host.accepting) return [];
    const reserved: StepRow[] = [];
    const reserve = (row: StepRow): StepRow => {
      if (!isRun(row) || row.status !== 'queued' || !this.host.mayBegin(owned, row)) return row;
      const places = placesOf(owned.state.workflow, row);
      if (!this.limits.tryTake(places)) return row;
      const running = begun(row, this.host.workerId, this.options.clock.now());
      owned.attempts.set(row.key, { attempt: null, places, leaveLine: () => {} });
      reserved.push(running);
      return running;
    };
    if (change.newSteps.length > 0) change.newSteps = change.newSteps.map(reserve);
    // An item whose turn has come was written when its fan-out began.
    const isItsTurn = ({ kind, status, key }: StepRow): boolean =>
      kind === 'item' && status === 'queued' && !owned.attempts.has(key);
    if (change.steps.some(isItsTurn)) change.steps = change.steps.map((row) => (isItsTurn(row) ? reserve(row) : row));
    if (reserved.length > 0) {
      const steps = new Map(owned.state.steps);
      for (const row of reserved) steps.set(row.key, row);
      owned.state = { ...owned.state, steps };
    }
    return reserved;
  }

  /** Gets in line for a place; then the attempt is stored as begun, and then it runs. */
  enqueue(owned: Owned, row: StepRow): void {
    if (!this.host.accepting || owned.attempts.has(row.key) || !this.host.mayBegin(owned, row)) return;
    const places = placesOf(owned.state.workflow, row);
    const entry: AttemptEntry = { attempt: null, places: null, leaveLine: () => {} };
    owned.attempts.set(row.key, entry);
    const leaveLine = this.limits.take(places, owned.state.priority, () => {
      entry.places = places;
      const current = owned.state.steps.get(row.key);
      // A worker that stops begins nothing any more.
      if (current === undefined || !this.host.accepting || !this.host.mayBegin(owned, current))
        return this.end(owned, row.key);
      const running = begun(current, this.host.workerId, this.options.clock.now());
      return this.host.storeRows(owned, [running], () => this.run(owned, running));
    });
    if (entry.places === null) entry.leaveLine = leaveLine;
  }

  /** Runs an attempt whose row is stored. */
  run(owned: Owned, row: StepRow): void {
    const { executor, clock, random } = this.options;
    const { id, workflow, tenant } = owned.state;
    const definition = definitionOf(workflow, row);
    const entry = owned.attempts.get(row.key);
    if (entry === undefined) return;
    if (definition === undefined) return this.conclude(owned, unknownStep(workflow, row, clock.now()));
    const invocation: Invocation = {
      instance: { id, workflow: workflow.name, tenant },
      key: idempotencyKey(id, row.key),
      step: row.step,
      definition,
      input: row.input,
      attempt: row.attempt,
    };
    if (definition.transactional) {
      const fence = {
        worker: this.host.workerId,
        instanceId: id,
        key: row.key,
        attempt: row.attempt,
        at: () => clock.now(),
      };
      invocation.transaction = async (handler, signal) => this.options.store.transactional(fence, handler, signal);
    }
    this.recent.push(invocation);
    this.underWay.add(invocation);
    entry.attempt = executor.run(invocation, this.listen(owned, row));
    const settled = async (outcome: Outcome): Promise<void> => {
      this.underWay.delete(invocation);
      if (outcome.sent === true) await this.host.inboxTaken(owned);
      const current = owned.state.steps.get(row.key);
      // Stopped, dropped, or taken over meanwhile: the result counts no more.
      if (owned.attempts.get(row.key) !== entry || current === undefined) return;
      if (definition.transactional && outcome.type === 'failed' && isUnknown(outcome.error))
        await this.askWhatHappened(owned, current, outcome.error);
      else
        this.conclude(
          owned,
          concluded(current, outcome, { definition, errors: workflow.errors, now: clock.now(), random: random() }),
        );
    };
    entry.attempt.outcome.then(settled).catch((error: unknown) => {
      this.underWay.delete(invocation);
      this.host.drop(owned);
      this.host.broken(error);
    });
  }

  /** Ends what is no longer invoked, or has been given a result by hand, aborting what runs. */
  endStopped(owned: Owned): void {
    for (const key of owned.attempts.keys()) {
      const row = owned.state.steps.get(key);
      if (row === undefined) this.end(owned, key, 'The machine has left the state that invoked this step.');
      else if (row.status === 'done') this.end(owned, key, 'This step has been skipped.');
    }
  }

  /** Ends everything of an instance without a word to the database. */
  endAll(owned: Owned): void {
    for (const key of owned.attempts.keys()) this.end(owned, key, 'This worker no longer owns the instance.');
    this.dirty.delete(owned);
  }

  /** Takes those that are in line out of it. */
  leaveLines(owned: Owned): void {
    for (const [key, entry] of owned.attempts) if (entry.places === null) this.end(owned, key);
  }

  /** Aborts what runs, and stores that it is to be begun again elsewhere. */
  interrupt(owned: Owned): void {
    for (const key of owned.attempts.keys()) {
      const row = owned.state.steps.get(key);
      this.end(owned, key, 'The worker stops.');
      if (row?.status === 'running') this.host.rowChanged(owned, interrupted(row, this.options.clock.now()));
    }
  }

  /** Stores progress, heartbeats and lines. */
  flush(): void {
    for (const [owned, keys] of this.dirty) {
      if (!this.host.holds(owned)) continue;
      const rows = [...keys].flatMap((key) => owned.state.steps.get(key) ?? []);
      if (rows.length > 0) this.host.storeRows(owned, rows, () => {});
    }
    this.dirty.clear();
  }

  private conclude(owned: Owned, row: StepRow): void {
    const entry = owned.attempts.get(row.key);
    owned.attempts.delete(row.key);
    this.dirty.get(owned)?.delete(row.key);
    this.host.rowChanged(owned, row);
    if (entry?.places != null) this.limits.release(entry.places);
    this.host.settleDown(owned);
  }

  private end(owned: Owned, key: string, reason?: string): void {
    const entry = owned.attempts.get(key);
    if (entry === undefined) return;
    owned.attempts.delete(key);
    entry.leaveLine();
    if (reason !== undefined) entry.attempt?.abort(new Error(reason));
    if (entry.places !== null) this.limits.release(entry.places);
  }

  private listen(owned: Owned, row: StepRow): AttemptListener {
    const { clock } = this.options;
    const touch = (part: Partial<StepRow>): StepRow | undefined => {
      const current = owned.state.steps.get(row.key);
      if (current?.attempt !== row.attempt || current.status !== 'running') return undefined;
      const touched = { ...current, ...part };
      owned.state = { ...owned.state, steps: new Map(owned.state.steps).set(row.key, touched) };
      this.dirty.set(owned, (this.dirty.get(owned) ?? new Set()).add(row.key));
      return touched;
    };
    const log = new LineKeeper(
      () => clock.now(),
      () => void touch({ logs: log.kept }),
    );
    return {
      log,
      heartbeat: () => void touch({ heartbeatAt: clock.now() }),
      progress: (fraction, message) => {
        const text = message === undefined ? null : shownMessage(message);
        const touched = touch({ progress: fraction, message: text, heartbeatAt: clock.now() });
        if (touched !== undefined) this.host.show(owned, touched);
      },
    };
  }

  /** Whether the transaction was committed, its row says. */
  private async askWhatHappened(owned: Owned, row: StepRow, error: DurachartError): Promise<void> {
    const entry = owned.attempts.get(row.key);
    const isWanted = (): boolean => this.host.holds(owned) && owned.attempts.get(row.key) === entry;
    while (isWanted()) {
      try {
        const [read] = await this.options.store.reload(this.host.workerId, [owned.state.id]);
        if (!isWanted()) return;
        const stored = read?.steps.find(({ key }) => key === row.key);
        if (stored === undefined) {
          this.host.drop(owned);
          return this.host.suspect();
        }
        return this.conclude(
          owned,
          stored.status === 'done' ? { ...row, ...stored } : lostTransaction(row, error, this.options.clock.now()),
        );
      } catch (trouble) {
        this.host.fault(trouble);
        await sleep(this.options.clock, 200);
      }
    }
  }
}

/** A change of rows alone. */
export function rowsOnly(rows: StepRow[]): Change {
  return { ...emptyChange(), steps: rows };
}
