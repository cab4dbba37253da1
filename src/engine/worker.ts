import { hostname } from 'node:os';
import { DurachartError } from '../core/error.ts';
import type { Workflow } from '../core/workflow.ts';
import { Attempts, rowsOnly, type AttemptHost, type AttemptOptions } from './attempts.ts';
import { sleep } from './clock.ts';
import { Committer } from './committer.ts';
import { decide, type Input } from './decide.ts';
import { becameUnreadable } from './macrostep.ts';
import { Claims, type ClaimHost, type ClaimOptions } from './claims.ts';
import { Feeder, type FeederHost } from './feeder.ts';
import { Inboxes, type InboxHost } from './inboxes.ts';
import type { Publisher } from './events/publisher.ts';
import { CANCEL } from './keys.ts';
import { KnownPauses } from './known-pauses.ts';
import type { Scheduler } from './schedules/scheduler.ts';
import { orderOf } from './operations/order.ts';
import { nextDue, nextTimer, own, type Owned } from './owned.ts';
import { mayBegin, type Pauses } from './pauses.ts';
import type {
  Claimed,
  CommitResult,
  InboxEvent,
  InstanceState,
  Millis,
  NewInstance,
  StepRow,
  WorkerSession,
} from './ports.ts';
import {
  emptyChange,
  hasEnded,
  isHeld,
  isOver,
  restored,
  unborn,
  isUnreadable,
  type Change,
  type State,
} from './state.ts';
import { isRun, lostWorker } from './step-rows.ts';
import { Ticker } from './ticker.ts';
import { DatabaseUnavailableError } from './unavailable.ts';
import { Writer, type WriterHost } from './writer.ts';

/** What the worker tells the process that it is part of. */
export interface WorkerEvents {
  /** A commit of the instance is stored. `done`: it is, and came to this. */
  changed(id: string, over: boolean, done?: { output: unknown }): void;
  /** A row of an invocation has changed; progress is told before it is stored. */
  step(instance: { id: string; workflow: string }, row: StepRow): void;
  /** Something went wrong that nobody else will tell. */
  fault(message: string, error: unknown): void;
}

export interface WorkerOptions extends AttemptOptions, ClaimOptions {
  events: WorkerEvents;
  /** Milliseconds without a beat after which a worker counts as dead although its session stands. */
  deadAfter: number;
  lanes: number;
  publisher: Pick<Publisher, 'deliverAll'>;
  scheduler: Pick<Scheduler, 'tick'>;
}

/** Instances in memory at a time; the others wait in the database. */
const MAX_OWNED = 10_000;
/** What is due within so many milliseconds is waited for with the instance in hand. */
const KEEP = 1_000;
const BEAT = 1_000;
const WATCH = 250;
/** How long whoever starts an instance waits for a database that is away. */
const PATIENCE = 2_000;
/** How long a stopping worker tries to give back what it owns. */
const FAREWELL = 5_000;
/** Progress, heartbeats and lines of running steps are stored together at this pace. */
const FLUSH = 250;

/**
 * Takes instances that have work, moves them by `decide`, runs their steps, and gives them back when they are parked.
 * Every input is thought through, stored, and only then acted upon.
 */
export class Worker implements AttemptHost, ClaimHost, FeederHost, InboxHost, WriterHost {
  private readonly options: WorkerOptions;
  private readonly names: string[];
  private readonly owned = new Map<string, Owned>();
  private readonly creating = new Map<string, Promise<boolean>>();
  /** Those who wait for the commit of what they start. */
  private readonly waiting = new Set<(error: Error) => void>();
  private readonly attempts: Attempts;
  private readonly claims: Claims;
  private readonly ticker: Ticker;
  private readonly inboxes: Inboxes;
  private readonly feeder: Feeder;
  private readonly writer: Writer;
  committer!: Committer;
  private session!: WorkerSession;
  private lanes = 0;
  private unlisten: () => Promise<void> = async () => {};
  private phase: 'new' | 'working' | 'draining' | 'stopped' = 'new';
  /** What the last commit met with, while none gets through. */
  private away: { error: unknown } | undefined;
  private readonly known: KnownPauses;

  constructor(options: WorkerOptions) {
    this.options = options;
    this.names = [...options.workflows.keys()];
    this.known = new KnownPauses(async () => options.store.pauses());
    this.attempts = new Attempts(options, this);
    this.claims = new Claims(options, this.names, this);
    this.inboxes = new Inboxes(options, this);
    this.feeder = new Feeder(options, this);
    this.writer = new Writer(options, this.attempts, this);
    this.ticker = new Ticker(options.clock, (error) => this.fault(error));
  }

  /** Id of this worker, as in the `workers` table. */
  get workerId(): number {
    return this.session.id;
  }

  get pauses(): Pauses {
    return this.known.current;
  }

  get stopped(): boolean {
    return this.phase === 'stopped';
  }

  get accepting(): boolean {
    return this.phase === 'working';
  }

  get room(): number {
    return MAX_OWNED - this.owned.size;
  }

  /** Whether a new instance of a workflow may be handed over directly. */
  takes(workflow: string): boolean {
    return this.accepting && this.away === undefined && this.room > 0 && !this.pauses.workflows.has(workflow);
  }

  mayBegin(owned: Owned, row: StepRow): boolean {
    return owned.state.status !== 'paused' && mayBegin(this.pauses, owned.state.workflow.name, row);
  }

  knows(id: string): boolean {
    return this.owned.has(id) || this.writer.expects(id) || this.creating.has(id);
  }

  isLeaving(id: string): boolean {
    return this.owned.get(id)?.releasing === true;
  }

  /** Whether an instance is in memory, and its end is still to come or to be stored: this worker tells of it then. */
  willTell(id: string): boolean {
    const owned = this.owned.get(id);
    return owned !== undefined && (owned.releasing || !isOver(owned.state.status));
  }

  suspect(): void {
    this.claims.suspect();
  }

  find(id: string): Owned | undefined {
    return this.owned.get(id);
  }

  nextLane(): number {
    return this.lanes++;
  }

  aside(task: () => Promise<void>): void {
    this.ticker.now(task);
  }

  /** What kept one from being given back may be that a queue goes on. */
  async beforeReading(): Promise<void> {
    if (this.pauses.queues.size > 0) await this.readPauses();
  }

  holds(owned: Owned): boolean {
    return this.owned.get(owned.state.id) === owned;
  }

  async start(): Promise<void> {
    const { store, clock } = this.options;
    // Each needs a connection of its own, and to open one takes longer than what is then asked.
    const starting = store.startWorker(`${hostname()}:${process.pid}`, this.names, clock.now());
    const listening = store.onWork((ids) => this.onWork(ids));
    try {
      [this.session, this.unlisten] = await Promise.all([starting, listening]);
      await this.begin();
    } catch (error) {
      // Nobody must take it for one that lives: its session stands as long as the process does.
      this.phase = 'stopped';
      this.claims.stop();
      await listening.then(async (unlisten) => unlisten()).catch(() => {});
      await starting.then(async (session) => session.stop(clock.now())).catch(() => {});
      throw error;
    }
  }

  private async begin(): Promise<void> {
    const { store, clock, lanes, isTransient } = this.options;
    this.committer = new Committer({
      store,
      clock,
      lanes,
      isTransient,
      worker: this.session.id,
      onFault: (error) => this.onCommitFault(error),
      onBroken: (error) => this.broken(error),
    });
    const buried = this.bury().catch((error: unknown) => {
      // Somebody else may be at the same rows; it looks again soon.
      if (!isTransient(error)) throw error;
    });
    await Promise.all([this.known.read(), buried]);
    if (this.stopped) throw new DurachartError('ENGINE_STOPPED', 'The engine was stopped before it began to work.');
    this.phase = 'working';
    this.claims.look();
    // Of a pause that came since they were read it was told while it did not listen yet.
    this.ticker.now(() => this.readPauses());
    this.ticker.every(WATCH, () => this.bury());
    this.ticker.every(BEAT, () => this.beat());
    this.ticker.every(FLUSH, async () => this.attempts.flush());
    this.ticker.every(BEAT, () => this.options.publisher.deliverAll());
    this.ticker.every(BEAT, () => this.options.scheduler.tick());
    void this.options.publisher.deliverAll();
    this.ticker.now(() => this.options.scheduler.tick());
  }

  /** Stops taking work, gives running steps `grace` milliseconds, interrupts the rest, gives everything back. */
  async stop(grace: number): Promise<void> {
    if (this.phase === 'new') this.phase = 'stopped';
    if (this.phase !== 'working') return;
    this.phase = 'draining';
    const { clock } = this.options;
    this.claims.stop();
    await this.unlisten().catch((error: unknown) => this.fault(error));
    while (this.claims.busy) await sleep(clock, 5);
    for (const owned of this.owned.values()) {
      this.attempts.leaveLines(owned);
      this.settleDown(owned);
    }
    const deadline = clock.now() + grace;
    while (this.attempts.running > 0 && clock.now() < deadline) await sleep(clock, 10);
    for (const owned of this.owned.values()) {
      this.attempts.interrupt(owned);
      this.settleDown(owned);
    }
    // With the database away nothing can be given back: then the lost session says that this worker is gone.
    await Promise.race([this.committer.idle(), sleep(clock, FAREWELL)]);
    this.phase = 'stopped';
    this.ticker.stop();
    this.committer.kill();
    for (const owned of this.owned.values()) this.forget(owned);
    await this.session
      .stop(clock.now())
      .catch((error: unknown) => this.options.events.fault('the worker could not sign off', error));
  }

  /** Ends as a killed process does: nothing more is written, nothing is given back. For tests. */
  async kill(): Promise<void> {
    const hasBegun = this.accepting || this.phase === 'draining';
    this.phase = 'stopped';
    if (!hasBegun) return;
    this.committer.kill();
    this.ticker.stop();
    this.claims.stop();
    for (const owned of this.owned.values()) this.forget(owned);
    await this.session.kill();
    await this.unlisten().catch(() => {});
  }

  /** Starts an instance in this worker's hands. False: the id is taken. @throws what the database says of data that it refuses; DatabaseUnavailableError while it takes none */
  async create(create: NewInstance, state: State, change: Change): Promise<boolean> {
    const { id } = state;
    // Whoever asks for the same id meanwhile is told when the first one is stored, or may try in its place.
    for (let first = this.creating.get(id); first !== undefined; first = this.creating.get(id))
      await Promise.allSettled([first]);
    if (this.owned.has(id)) return false;
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const created = promise.finally(() => {
      this.waiting.delete(reject);
      this.creating.delete(id);
    });
    this.creating.set(id, created);
    this.waiting.add(reject);
    const owned = this.take(state, 0);
    this.writer.write(
      owned,
      change,
      0,
      { stored: () => resolve(true), lost: () => resolve(false), refused: reject },
      { ...create, leased: true },
    );
    this.settleDown(owned);
    return created;
  }

  /** Whoever waits for a commit is told when the database takes none. It may still be stored later, as when an answer gets lost. */
  private despair(): void {
    if (this.away === undefined) return;
    for (const reject of this.waiting) reject(new DatabaseUnavailableError(this.away.error));
  }

  // ---- taking instances and giving them back

  private onWork(ids: string[] | '*'): void {
    if (this.phase === 'new') return;
    if (ids === '*') {
      this.claims.look();
      this.ticker.now(() => this.readPauses());
      this.ticker.now(() => this.inboxes.checkPending());
      return;
    }
    for (const id of ids) {
      const owned = this.owned.get(id);
      if (owned === undefined) this.claims.look();
      else this.inboxes.poke(owned);
    }
  }

  private isStill({ state }: Owned): boolean {
    return this.pauses.workflows.has(state.workflow.name);
  }

  /** Workflows and queues are paused and let go on by anybody; what is in hand is put down, or taken up again. */
  private async readPauses(): Promise<void> {
    const changed = await this.known.read();
    if (!changed || !this.accepting) return;
    for (const owned of this.owned.values()) {
      this.attempts.leaveLines(owned);
      this.resume(owned);
      this.inboxes.poke(owned);
    }
    this.claims.look();
  }

  /** Something was paused or let go on by this process: nothing begins here, or stands, against it any more. */
  async notePauses(): Promise<void> {
    if (this.accepting) await this.readPauses().catch((error: unknown) => this.fault(error));
  }

  adopt(claimed: Claimed): void {
    const workflow = this.options.workflows.get(claimed.workflow) as Workflow;
    const owned = this.take(restored(claimed, workflow), claimed.wake);
    try {
      this.goOn(owned, claimed);
    } catch (error) {
      // The others that were claimed with it must not be left lying for it.
      this.broken(error);
    }
  }

  /** Takes up where the rows say that it stands. */
  private goOn(owned: Owned, claimed: Claimed): void {
    const { state } = owned;
    if (isUnreadable(state)) this.writer.write(owned, becameUnreadable(state, claimed.status), claimed.sequence, {});
    // One that was cancelled before its time does not begin.
    const cancelled = claimed.inbox.some(({ type }) => type === CANCEL);
    if (state.status === 'scheduled' && !cancelled && !this.isStill(owned)) this.input(owned, { type: 'start' });
    this.resume(owned);
    this.drain(owned, claimed.inbox);
    this.settleDown(owned);
  }

  private take(state: State, wake: number): Owned {
    const before = this.owned.get(state.id);
    if (before !== undefined) {
      this.forget(before);
      this.committer.forget(before.lane, state.id, before);
    }
    const owned = own(state, this.nextLane(), wake);
    this.owned.set(state.id, owned);
    return owned;
  }

  /** Brings the live invocations on from what their rows say. */
  private resume(owned: Owned): void {
    for (const { key } of owned.state.steps.values()) {
      const row = owned.state.steps.get(key);
      if (row === undefined) continue;
      if (row.status === 'done' || row.status === 'failed') {
        // A held instance takes no results; what runs beside goes on, and its result is kept until it goes on.
        if (!isHeld(owned.state.status)) this.input(owned, { type: 'settled', row });
      } else if (!isRun(row)) continue;
      else if (row.status === 'queued') this.attempts.enqueue(owned, row);
      else if (row.status === 'running' && !owned.attempts.has(key)) {
        this.rowChanged(owned, lostWorker(row, this.options.clock.now()));
      }
    }
  }

  /** Gives the instance back when there is nothing to do for it here, in the commit that makes it so; else waits for what is due. */
  settleDown(owned: Owned): void {
    if (owned.releasing || !this.holds(owned) || this.phase === 'stopped') return;
    owned.stopWaiting();
    const still = this.isStill(owned);
    if (!still) this.feeder.feed(owned);
    const reading = this.feeder.isReading(owned);
    const busy = owned.attempts.size > 0 || owned.poked || reading;
    // Of a paused workflow it is looked at as soon as that goes on.
    const due = busy ? null : still ? this.options.clock.now() : nextDue(owned.state, this.pauses);
    const soon = this.accepting && !still && due !== null && due <= this.options.clock.now() + KEEP;
    if (busy || soon) {
      const timer = still || reading ? null : nextTimer(owned.state, this.pauses);
      if (timer !== null && this.accepting) this.wait(owned, timer);
      return;
    }
    owned.releasing = true;
    const release = { wakeAt: due, wake: owned.wake };
    const stored = ({ released }: CommitResult): void => {
      owned.releasing = false;
      if (!released) return this.inboxes.poke(owned);
      this.drop(owned);
      if (due !== null && !still) this.claims.lookAt(due);
    };
    this.writer.write(owned, emptyChange(), owned.state.sequence, { stored }, null, release);
  }

  private wait(owned: Owned, due: Millis): void {
    const { clock } = this.options;
    owned.stopWaiting = clock.after(Math.max(0, due - clock.now()), () => this.onDue(owned));
  }

  private onDue(owned: Owned): void {
    if (!this.holds(owned) || !this.accepting || this.isStill(owned)) return;
    const now = this.options.clock.now();
    const due = [...owned.state.timers.values()]
      .filter((timer) => timer.dueAt <= now)
      .toSorted((a, b) => a.dueAt - b.dueAt || a.sequence - b.sequence);
    // Each looks again at what the one before has left: a timer that was cancelled does not fire.
    for (const { id } of due) this.input(owned, { type: 'timer', id });
    if (owned.state.status === 'scheduled') {
      this.input(owned, { type: 'start' });
      // What was sent to it before lies in its inbox.
      this.inboxes.poke(owned);
    }
    for (const row of owned.state.steps.values()) {
      if (row.status === 'retrying' && (row.nextAttemptAt ?? 0) <= now) this.attempts.enqueue(owned, row);
    }
    this.settleDown(owned);
  }

  /** Lets go of an instance without writing. */
  drop(owned: Owned): void {
    if (this.holds(owned)) this.owned.delete(owned.state.id);
    this.forget(owned);
    this.committer.forget(owned.lane, owned.state.id, owned);
    this.claims.roomier();
    // What came in meanwhile is for whoever takes it next.
    if (owned.poked) this.claims.look();
  }

  private forget(owned: Owned): void {
    owned.stopWaiting();
    this.feeder.forget(owned);
    this.attempts.endAll(owned);
  }

  // ---- inbox

  drain(owned: Owned, inbox: readonly InboxEvent[]): void {
    for (const event of inbox) {
      if (owned.taken.has(event.id)) continue;
      // Of a paused workflow only what operators ask for is done, and what its steps and children come to is kept.
      if (this.isStill(owned) && orderOf(event) === undefined && event.fence === null) continue;
      const kept = keepsEvents(owned.state);
      if (this.input(owned, { type: 'event', event })) owned.taken.add(event.id);
      if (owned.state.status === 'paused') this.attempts.leaveLines(owned);
      if (kept && !keepsEvents(owned.state)) {
        // A word that lets it go on, or that ends it, sets free what had to wait.
        if (owned.state.status === 'scheduled' && !this.isStill(owned)) this.input(owned, { type: 'start' });
        this.resume(owned);
        this.inboxes.poke(owned);
        // What was kept came before that word, and is taken before what came after it.
        return;
      }
    }
  }

  // ---- deciding and storing

  rowChanged(owned: Owned, row: StepRow): void {
    const settled = row.status === 'done' || row.status === 'failed';
    this.input(owned, { type: settled ? 'settled' : 'step', row });
    if (row.status === 'queued') this.attempts.enqueue(owned, row);
  }

  onceStored(owned: Owned, callback: () => void): void {
    this.storeRows(owned, [], callback);
  }

  storeRows(owned: Owned, rows: StepRow[], stored: () => void): void {
    const steps = new Map(owned.state.steps);
    for (const row of rows) steps.set(row.key, row);
    owned.state = { ...owned.state, steps };
    this.writer.write(owned, rowsOnly(rows), owned.state.sequence, { stored });
  }

  show(owned: Owned, row: StepRow): void {
    const { id, workflow } = owned.state;
    this.options.events.step({ id, workflow: workflow.name }, row);
  }

  /** Thinks an input through and stores what comes of it. Returns whether an event was used up. */
  input(owned: Owned, input: Input): boolean {
    const before = owned.state;
    const { state, change } = decide(before, input, this.options.clock.now());
    if (state === before && change.consumed.length === 0 && change.steps.length === 0) return false;
    owned.state = state;
    if (input.type === 'settled' && input.row.kind === 'item') this.feeder.ended(owned, input.row);
    this.attempts.endStopped(owned);
    this.writer.write(owned, change, before.sequence, {});
    return change.consumed.length > 0;
  }

  takeChildren(children: Change['children']): void {
    for (const { id, create } of children) {
      const child = this.take(unborn(id, this.options.workflows.get(create.workflow) as Workflow, create), 0);
      this.input(child, { type: 'start' });
      // Its parent may have sent it something in the commit that brought it into being.
      this.inboxes.poke(child);
    }
  }

  onStored(owned: Owned, change: Change, reserved: StepRow[], { status, output }: InstanceState): void {
    if (this.phase === 'stopped') return;
    this.options.events.changed(owned.state.id, isOver(status), status === 'done' ? { output } : undefined);
    if (change.published.length > 0) void this.options.publisher.deliverAll();
    if (!this.holds(owned)) return;
    for (const row of reserved) this.attempts.run(owned, row);
    // The row of an item was there before its turn came.
    const enqueue = ({ key }: StepRow): void => {
      const row = owned.state.steps.get(key);
      if (row?.status === 'queued' && isRun(row)) this.attempts.enqueue(owned, row);
    };
    for (const row of change.newSteps) enqueue(row);
    for (const row of change.steps) if (row.kind === 'item') enqueue(row);
    for (const row of change.newSteps) this.show(owned, row);
    for (const row of change.steps) this.show(owned, row);
    this.settleDown(owned);
  }

  // ---- the database and this worker's standing in it

  private async bury(): Promise<void> {
    const { workers } = await this.options.store.buryWorkers(
      this.options.clock.now(),
      this.options.deadAfter,
      this.session.id,
    );
    if (workers.length > 0) this.claims.look();
  }

  private async beat(): Promise<void> {
    const { store, clock, events } = this.options;
    const lives = await this.session.beat(clock.now());
    if (!this.accepting) return;
    if (lives) {
      await this.readPauses();
      return this.inboxes.checkPending();
    }
    // Taken for dead: everything may be in other hands. It begins again as somebody new.
    events.fault(`worker ${this.session.id} was taken for dead and begins again under a new id`, null);
    for (const owned of this.owned.values()) this.forget(owned);
    this.owned.clear();
    this.session = await store.startWorker(`${hostname()}:${process.pid}`, this.names, clock.now());
    this.committer.become(this.session.id);
    this.claims.look();
  }

  private onCommitFault(error: unknown): void {
    if (error === null) {
      this.away = undefined;
      this.onWork('*');
      return;
    }
    this.fault(error);
    if (this.away === undefined) this.options.clock.after(PATIENCE, () => this.despair());
    this.away = { error };
  }

  /** Something threw that must not: told, and the others go on. */
  broken(error: unknown): void {
    this.options.events.fault('the engine itself has failed at an instance; it tries again from what is stored', error);
    this.suspect();
  }

  fault(error: unknown): void {
    if (this.phase !== 'working' || this.away !== undefined) return;
    this.options.events.fault('the database does not answer; the worker tries on', error);
  }
}

/** What is sent to it stays in the inbox: it is held, or has not begun. */
function keepsEvents({ status, sequence }: State): boolean {
  return isHeld(status) || (sequence === 0 && !hasEnded(status));
}
