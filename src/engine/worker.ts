import { hostname } from 'node:os';
import { DurachartError } from '../core/error.ts';
import { currentTime, sleep } from './clock.ts';
import { Committer } from './committer.ts';
import { Hands, type HandsHost, type HandsOptions } from './hands.ts';
import { Outage } from './outage.ts';
import type { WorkerSession } from './ports.ts';
import type { Scheduler } from './schedules/scheduler.ts';
import { Ticker } from './ticker.ts';
import { asUnavailable } from './unavailable.ts';

export interface WorkerOptions extends HandsOptions {
  /** Milliseconds without a beat after which a worker counts as dead although its session stands. */
  deadAfter: number;
  lanes: number;
  scheduler: Pick<Scheduler, 'tick'>;
}

const BEAT = 1_000;
const WATCH = 250;
/** How long a stopping worker tries to give back what it owns. */
const FAREWELL = 5_000;
/** So long code of a step may hold the event loop before that is told, at most a quarter of `deadAfter`. */
const LONG_TURN = 5_000;
/** Steps named in that message. */
const MOST_NAMED = 10;
/** Progress, heartbeats and lines of running steps are stored together at this pace. */
const FLUSH = 250;

/** Registers with the database, lives there as long as its session does, looks after others that died, and has {@link Hands} for the instances. */
export class Worker implements HandsHost {
  readonly hands: Hands;
  private readonly options: WorkerOptions;
  private readonly outage: Outage;
  private readonly ticker: Ticker;
  committer!: Committer;
  private session!: WorkerSession;
  private unlisten: () => Promise<void> = async () => {};
  private unguard: () => void = () => {};
  /** When the event loop last came by. */
  private turnedAt = performance.now();
  private phase: 'new' | 'working' | 'draining' | 'stopped' = 'new';

  constructor(options: WorkerOptions) {
    this.options = options;
    this.outage = new Outage(options.clock);
    this.hands = new Hands(options, this.outage, this);
    this.ticker = new Ticker(options.clock, (error) => this.fault(error));
  }

  /** Id of this worker, as in the `workers` table. */
  get workerId(): number {
    return this.session.id;
  }

  get stopped(): boolean {
    return this.phase === 'stopped';
  }

  get accepting(): boolean {
    return this.phase === 'working';
  }

  aside(task: () => Promise<void>): void {
    this.ticker.now(task);
  }

  async start(): Promise<void> {
    const { store, clock } = this.options;
    // Each needs a connection of its own, and to open one takes longer than what is then asked.
    const starting = this.register();
    const listening = store.onWork((ids) => {
      if (this.phase !== 'new') this.hands.onWork(ids);
    });
    try {
      [this.session, this.unlisten] = await Promise.all([starting, listening]);
      await this.begin();
    } catch (error) {
      // Nobody must take it for one that lives: its session stands as long as the process does.
      this.phase = 'stopped';
      this.hands.claims.stop();
      await listening.then(async (unlisten) => unlisten()).catch(() => {});
      await starting.then(async (session) => session.stop(clock.now())).catch(() => {});
      // Whichever of the two connections failed first.
      throw asUnavailable(error, this.options.isTransient);
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
      onBroken: (error) => this.hands.broken(error),
    });
    const buried = this.bury().catch((error: unknown) => {
      // Somebody else may be at the same rows; it looks again soon.
      if (!isTransient(error)) throw error;
    });
    await Promise.all([this.hands.readPauses(), buried]);
    if (this.stopped) throw new DurachartError('ENGINE_STOPPED', 'The engine was stopped before it began to work.');
    this.phase = 'working';
    this.hands.claims.look();
    // Of a pause that came since they were read it was told while it did not listen yet.
    this.ticker.now(() => this.hands.readPauses());
    // While the database looks for work: to start a thread takes some milliseconds.
    setImmediate(() => this.guard());
    this.ticker.every(WATCH, () => this.bury());
    this.ticker.every(BEAT, async () => this.turn());
    this.ticker.every(BEAT, () => this.beat());
    this.ticker.every(FLUSH, async () => this.hands.attempts.flush());
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
    this.hands.claims.stop();
    await this.unlisten().catch((error: unknown) => this.fault(error));
    while (this.hands.claims.busy) await sleep(clock, 5);
    this.hands.windDown();
    const deadline = clock.now() + grace;
    while (this.hands.attempts.running > 0 && clock.now() < deadline) await sleep(clock, 10);
    this.hands.putDown();
    // With the database away nothing can be given back: then the lost session says that this worker is gone.
    await Promise.race([this.committer.idle(), sleep(clock, FAREWELL)]);
    this.phase = 'stopped';
    this.ticker.stop();
    this.committer.kill();
    this.hands.dropAll();
    this.unguard();
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
    this.hands.claims.stop();
    this.hands.dropAll();
    this.unguard();
    await this.session.kill();
    await this.unlisten().catch(() => {});
  }

  private async register(): Promise<WorkerSession> {
    const { store, workflows, clock } = this.options;
    const now = await currentTime(clock);
    return store.startWorker(`${hostname()}:${process.pid}`, [...workflows.keys()], now);
  }

  private async bury(): Promise<void> {
    const { workers } = await this.options.store.buryWorkers(
      this.options.clock.now(),
      this.options.deadAfter,
      this.session.id,
    );
    if (workers.length > 0) this.hands.claims.look();
  }

  private async beat(): Promise<void> {
    const { events } = this.options;
    const lives = await this.session.beat();
    if (!this.accepting) return;
    if (lives) {
      await this.hands.readPauses();
      return this.hands.inboxes.checkPending();
    }
    // Taken for dead: everything may be in other hands. It begins again as somebody new.
    events.fault(`worker ${this.session.id} was taken for dead and begins again under a new id`, null);
    this.hands.dropAll();
    this.unguard();
    this.session = await this.register();
    this.guard();
    this.committer.become(this.session.id);
    this.hands.claims.look();
  }

  private get longestTurn(): number {
    return Math.min(LONG_TURN, this.options.deadAfter / 4);
  }

  private guard(): void {
    if (this.stopped) return;
    const { deadAfter, events } = this.options;
    this.turnedAt = performance.now();
    this.unguard = this.session.guard({ longest: this.longestTurn, deadAfter }, (error) =>
      events.fault(
        `no thread can beat for worker ${this.session.id} while a step holds the event loop: for more than ${deadAfter} ms, and it is taken for dead`,
        error,
      ),
    );
  }

  /** Tells of code that has held the event loop. */
  private turn(): void {
    const now = performance.now();
    const held = Math.round(now - this.turnedAt - BEAT);
    this.turnedAt = now;
    const ran = this.hands.attempts.takeRecent();
    if (held < this.longestTurn) return;
    const named = ran.slice(0, MOST_NAMED).map(({ step, instance }) => `${step} of ${instance.id}`);
    if (ran.length > named.length) named.push(`${ran.length - named.length} more`);
    const who = named.length === 0 ? 'no step ran' : `meanwhile ran ${named.join(', ')}`;
    this.options.events.fault(
      `the event loop was held for ${held} ms (or the process was stopped), and nothing else of worker ${this.session.id} went on; ${who}. What computes for long belongs into a worker thread or a process of its own`,
      null,
    );
  }

  private onCommitFault(error: unknown): void {
    if (error === null) {
      this.outage.end();
      this.hands.onWork('*');
      return;
    }
    this.fault(error);
    this.outage.goOn(error);
  }

  fault(error: unknown): void {
    if (this.phase !== 'working' || this.outage.lasts) return;
    this.options.events.fault('the database does not answer; the worker tries on', error);
  }
}
