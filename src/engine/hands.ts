import type { Workflow } from '../core/workflow.ts';
import { Attempts, rowsOnly, type AttemptHost, type AttemptOptions } from './attempts.ts';
import { Claims, type ClaimHost, type ClaimOptions } from './claims.ts';
import type { Committer } from './committer.ts';
import { decide, type Input } from './decide.ts';
import type { Publisher } from './events/publisher.ts';
import { Feeder, type FeederHost } from './feeder.ts';
import { Inboxes, type InboxHost } from './inboxes.ts';
import { isSettled } from './inputs.ts';
import { nextInput, type Next } from './intake.ts';
import { KnownPauses } from './known-pauses.ts';
import { becameUnreadable } from './macrostep.ts';
import { Notified } from './notified.ts';
import type { Outage } from './outage.ts';
import { nextDue, nextTimer, own, type Owned } from './owned.ts';
import { mayBegin, type Pauses } from './pauses.ts';
import type { Claimed, CommitResult, InboxEvent, InstanceState, Millis, NewInstance, StepRow } from './ports.ts';
import {
  emptyChange,
  hasEnded,
  isHeld,
  isOver,
  isUnreadable,
  restored,
  unborn,
  type Change,
  type State,
} from './state.ts';
import { isRun, lostWorker } from './step-rows.ts';
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

export interface HandsOptions extends AttemptOptions, ClaimOptions {
  events: WorkerEvents;
  publisher: Pick<Publisher, 'deliverAll'>;
}

/** What instances in hand need of the worker whose hands these are. */
export interface HandsHost {
  readonly workerId: number;
  /** Whether new work may be taken. */
  readonly accepting: boolean;
  /** Nothing is to be written any more. */
  readonly stopped: boolean;
  readonly committer: Committer;
  /** Does a task on the side, its errors told. */
  aside(task: () => Promise<void>): void;
  fault(error: unknown): void;
}

/** Instances in memory at a time; the others wait in the database. */
const MAX_OWNED = 10_000;
/** What is due within so many milliseconds is waited for with the instance in hand. */
const KEEP = 1_000;

/**
 * The instances in a worker's hands: takes those that have work, moves them by `decide`, runs their steps, and gives them
 * back when they are parked. Every input is thought through, stored, and only then acted upon.
 */
export class Hands implements AttemptHost, ClaimHost, FeederHost, InboxHost, WriterHost {
  private readonly options: HandsOptions;
  private readonly host: HandsHost;
  private readonly outage: Outage;
  private readonly owned = new Map<string, Owned>();
  private readonly creating = new Map<string, Promise<boolean>>();
  private readonly known: KnownPauses;
  private readonly notified = new Notified();
  readonly attempts: Attempts;
  readonly claims: Claims;
  readonly inboxes: Inboxes;
  private readonly feeder: Feeder;
  private readonly writer: Writer;
  private lanes = 0;

  constructor(options: HandsOptions, outage: Outage, host: HandsHost) {
    this.options = options;
    this.outage = outage;
    this.host = host;
    this.known = new KnownPauses(async () => options.store.pauses());
    this.attempts = new Attempts(options, this);
    this.claims = new Claims(options, [...options.workflows.keys()], this);
    this.inboxes = new Inboxes(options, this);
    this.feeder = new Feeder(options, this);
    this.writer = new Writer(options, this.attempts, this);
  }

  get workerId(): number {
    return this.host.workerId;
  }

  get accepting(): boolean {
    return this.host.accepting;
  }

  get stopped(): boolean {
    return this.host.stopped;
  }

  get committer(): Committer {
    return this.host.committer;
  }

  get pauses(): Pauses {
    return this.known.current;
  }

  get room(): number {
    return MAX_OWNED - this.owned.size;
  }

  /** Whether a new instance of a workflow may be handed over directly. */
  takes(workflow: string): boolean {
    return this.accepting && !this.outage.lasts && this.room > 0 && !this.pauses.workflows.has(workflow);
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
    this.host.aside(task);
  }

  /** What kept one from being given back may be that a queue goes on. */
  async beforeReading(): Promise<void> {
    if (this.pauses.queues.size > 0) await this.readPauses();
  }

  holds(owned: Owned): boolean {
    return this.owned.get(owned.state.id) === owned;
  }

  fault(error: unknown): void {
    this.host.fault(error);
  }

  /** Something threw that must not: told, and the others go on. */
  broken(error: unknown): void {
    this.options.events.fault('the engine itself has failed at an instance; it tries again from what is stored', error);
    this.suspect();
  }

  /** Starts an instance in this worker's hands. False: the id is taken. @throws what the database says of data that it refuses; DatabaseUnavailableError while it takes none */
  async create(create: NewInstance, state: State, change: Change): Promise<boolean> {
    const { id } = state;
    // Whoever asks for the same id meanwhile is told when the first one is stored, or may try in its place.
    for (let first = this.creating.get(id); first !== undefined; first = this.creating.get(id))
      await Promise.allSettled([first]);
    if (this.owned.has(id)) return false;
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const forget = this.outage.tell(reject);
    const created = promise.finally(() => {
      forget();
      this.creating.delete(id);
    });
    this.creating.set(id, created);
    const owned = this.take(state, 0, Infinity);
    const { clock } = this.options;
    const stored = (): void => {
      // From now on it can be sent something.
      owned.readAt = clock.now();
      resolve(true);
    };
    this.writer.write(
      owned,
      change,
      0,
      { stored, lost: () => resolve(false), refused: reject },
      { ...create, leased: true },
    );
    this.settleDown(owned);
    return created;
  }

  // ---- taking instances and giving them back

  /** There may be work for these, or, "*", for any. */
  onWork(ids: string[] | '*'): void {
    if (ids === '*') {
      this.notified.note('*');
      this.claims.look();
      this.aside(() => this.readPauses());
      this.aside(() => this.inboxes.checkPending());
      return;
    }
    for (const id of ids) {
      const owned = this.owned.get(id);
      if (owned !== undefined) {
        this.inboxes.poke(owned);
        continue;
      }
      this.notified.note(id);
      this.claims.look();
    }
  }

  private isStill({ state }: Owned): boolean {
    return this.pauses.workflows.has(state.workflow.name);
  }

  /** Workflows and queues are paused and let go on by anybody; what is in hand is put down, or taken up again. */
  async readPauses(): Promise<void> {
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

  async whileTaking<T>(read: () => Promise<T>): Promise<T> {
    return this.notified.during(read);
  }

  adopt(claimed: Claimed, readAt: Millis): void {
    const workflow = this.options.workflows.get(claimed.workflow) as Workflow;
    const owned = this.take(restored(claimed, workflow), claimed.wake, readAt);
    if (this.notified.has(claimed.id)) this.inboxes.poke(owned);
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
    this.resume(owned);
    this.drain(owned, claimed.inbox, owned.readAt);
    this.settleDown(owned);
  }

  private take(state: State, wake: number, readAt: Millis): Owned {
    const before = this.owned.get(state.id);
    if (before !== undefined) {
      this.forget(before);
      this.committer.forget(before.lane, state.id, before);
    }
    const owned = own(state, this.nextLane(), wake, readAt);
    this.owned.set(state.id, owned);
    return owned;
  }

  /** Brings the live invocations on from what their rows say; those that have come to their end are for {@link advance}. */
  private resume(owned: Owned): void {
    for (const { key } of owned.state.steps.values()) {
      const row = owned.state.steps.get(key);
      if (row === undefined || isSettled(row) || !isRun(row)) continue;
      if (row.status === 'queued') this.attempts.enqueue(owned, row);
      else if (row.status === 'running' && !owned.attempts.has(key)) {
        this.note(owned, lostWorker(row, this.options.clock.now()));
      }
    }
  }

  /** Gives the instance back when there is nothing to do for it here, in the commit that makes it so; else waits for what is due. */
  settleDown(owned: Owned): void {
    if (owned.releasing || !this.holds(owned) || this.stopped) return;
    owned.stopWaiting();
    const still = this.isStill(owned);
    // What its inbox or a timer leads to comes first.
    if (!still && !owned.poked) this.feeder.feed(owned);
    const reading = this.feeder.isReading(owned);
    const busy = owned.attempts.size > 0 || owned.poked || reading;
    // Of a paused workflow it is looked at as soon as that goes on.
    const due = busy ? null : still ? this.options.clock.now() : nextDue(owned.state, this.pauses);
    const soon = this.accepting && !still && due !== null && due <= this.options.clock.now() + KEEP;
    if (busy || soon) {
      // Once its inbox has been read it is looked at again.
      const timer = still || reading || owned.poked ? null : nextTimer(owned.state, this.pauses);
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
    this.advance(owned);
    const now = this.options.clock.now();
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

  /** Lets go of all instances without writing. */
  dropAll(): void {
    for (const owned of this.owned.values()) this.forget(owned);
    this.owned.clear();
  }

  /** Begins nothing more; what runs may end. */
  windDown(): void {
    for (const owned of this.owned.values()) {
      this.attempts.leaveLines(owned);
      this.settleDown(owned);
    }
  }

  /** Interrupts what still runs, and gives everything back. */
  putDown(): void {
    for (const owned of this.owned.values()) {
      this.attempts.interrupt(owned);
      this.settleDown(owned);
    }
  }

  private forget(owned: Owned): void {
    owned.stopWaiting();
    this.feeder.forget(owned);
    this.attempts.endAll(owned);
  }

  // ---- inbox

  drain(owned: Owned, inbox: readonly InboxEvent[], readAt: Millis): void {
    owned.inbox = inbox.filter(({ id }) => !owned.taken.has(id));
    owned.readAt = readAt;
    this.advance(owned);
  }

  /** Takes what comes next of inbox, results and due timers until nothing is left, or the inbox has to be read before. */
  private advance(owned: Owned): void {
    while (this.holds(owned)) {
      const isStill = this.isStill(owned);
      const next = nextInput({
        state: owned.state,
        inbox: owned.inbox,
        readAt: owned.readAt,
        now: this.options.clock.now(),
        mayGoOn: this.accepting && !isStill,
        isStill,
      });
      if (next === undefined) return;
      if (next.type === 'read') return this.inboxes.poke(owned);
      if (!this.takeNext(owned, next)) return;
    }
  }

  /** Returns whether anything came of it. */
  private takeNext(owned: Owned, next: Exclude<Next, { type: 'read' }>): boolean {
    const before = owned.state;
    const consumed = this.input(owned, next);
    if (next.type === 'event' && consumed) {
      owned.taken.add(next.event.id);
      owned.inbox =
        owned.inbox[0] === next.event ? owned.inbox.slice(1) : owned.inbox.filter((each) => each !== next.event);
    }
    if (owned.state.status === 'paused') this.attempts.leaveLines(owned);
    // An operation that lets it go on, or that ends it, sets free what had to wait.
    if (next.type === 'event' && keepsEvents(before) && !keepsEvents(owned.state)) this.resume(owned);
    return consumed || owned.state !== before;
  }

  // ---- deciding and storing

  rowChanged(owned: Owned, row: StepRow): void {
    this.note(owned, row);
    if (isSettled(row)) this.advance(owned);
  }

  /** Stores a row that changed. A result that moves the machine has its turn among what else there is: see {@link advance}. */
  private note(owned: Owned, row: StepRow): void {
    const { state } = owned;
    if (!isSettled(row)) {
      this.input(owned, { type: 'step', row });
      if (row.status === 'queued') this.attempts.enqueue(owned, row);
    } else if (row.kind === 'item' || row.kind === 'action' || isHeld(state.status)) {
      this.input(owned, { type: 'settled', row });
    } else if (state.steps.has(row.key)) {
      owned.state = { ...state, steps: new Map(state.steps).set(row.key, row) };
    }
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

  async inboxTaken(owned: Owned): Promise<void> {
    return this.inboxes.taken(owned);
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
      const child = this.take(
        unborn(id, this.options.workflows.get(create.workflow) as Workflow, create),
        0,
        -Infinity,
      );
      this.input(child, { type: 'start' });
      // Its parent may have sent it something in the commit that brought it into being.
      this.inboxes.poke(child);
    }
  }

  onStored(owned: Owned, change: Change, reserved: StepRow[], { status, output }: InstanceState): void {
    if (this.stopped) return;
    this.options.events.changed(owned.state.id, isOver(status), status === 'done' ? { output } : undefined);
    if (change.published.length > 0) void this.options.publisher.deliverAll();
    if (!this.holds(owned)) return;
    for (const row of reserved) this.attempts.run(owned, row);
    // The row of an item was there before its turn came, that of an action that is retried before it failed.
    const enqueue = ({ key }: StepRow): void => {
      const row = owned.state.steps.get(key);
      if (row?.status === 'queued' && isRun(row)) this.attempts.enqueue(owned, row);
    };
    for (const row of change.newSteps) enqueue(row);
    for (const row of change.steps) if (row.kind === 'item' || row.kind === 'action') enqueue(row);
    for (const row of change.newSteps) this.show(owned, row);
    for (const row of change.steps) this.show(owned, row);
    this.settleDown(owned);
  }
}

/** What is sent to it stays in the inbox: it is held, or has not begun. */
function keepsEvents({ status, sequence }: State): boolean {
  return isHeld(status) || (sequence === 0 && !hasEnded(status));
}
