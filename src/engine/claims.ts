import type { Claimed, Clock, Millis, Store } from './ports.ts';
import { movedWorkflows, type Pauses } from './pauses.ts';

/** What looking for work needs of the worker that does it. */
export interface ClaimHost {
  readonly workerId: number;
  /** Whether new work may be taken. */
  readonly accepting: boolean;
  readonly pauses: Pauses;
  /** For how many more instances there is room in memory. */
  readonly room: number;
  /** Whether an instance is in memory, or about to be. */
  knows(id: string): boolean;
  /** Whether an instance in memory is being given back, and that has not been answered yet. */
  isLeaving(id: string): boolean;
  /** Does what reads instances and adopts them, so that what is notified meanwhile is not lost. */
  whileTaking<T>(read: () => Promise<T>): Promise<T>;
  /** Takes over an instance that is this worker's now. @param readAt a time before it was read */
  adopt(claimed: Claimed, readAt: Millis): void;
  fault(error: unknown): void;
}

export interface ClaimOptions {
  store: Store;
  clock: Clock;
  /** Milliseconds between looks at the database when nothing notifies. */
  pollInterval: number;
}

/** Instances that are taken at a time. */
const CLAIM = 200;

/** Looks for instances that have work and that nobody has: when something notifies, when one is due, and now and then. */
export class Claims {
  private readonly options: ClaimOptions;
  private readonly names: readonly string[];
  private readonly host: ClaimHost;
  private looking = false;
  private again = false;
  /** Something has gone wrong between the database and the memory: what is owned is compared before the next look. */
  private suspicious = false;
  /** Instances had to be left to others for want of room. */
  private full = false;
  private stopPoll: () => void = () => {};
  private nextPoll: Millis = Infinity;

  /** @param names the workflows that the worker knows */
  constructor(options: ClaimOptions, names: readonly string[], host: ClaimHost) {
    this.options = options;
    this.names = names;
    this.host = host;
  }

  /** A look is under way. */
  get busy(): boolean {
    return this.looking;
  }

  /** Looks for work; one look at a time, and one more if it was asked for meanwhile. */
  look(): void {
    this.again = true;
    if (this.looking || !this.host.accepting) return;
    this.looking = true;
    void this.host
      .whileTaking(async () => this.lookAll())
      .then((well) => {
        this.looking = false;
        // Asked for at the very end of it.
        if (well && this.again) this.look();
      });
  }

  /** There is room again. */
  roomier(): void {
    if (this.full) this.look();
  }

  /** Looks soon for what this worker may own without knowing it. */
  suspect(): void {
    this.suspicious = true;
    this.look();
  }

  /** Sees to it that the next look is not later. */
  lookAt(at: Millis): void {
    if (!this.host.accepting || at >= this.nextPoll) return;
    const { clock } = this.options;
    // The time may have come while what is due was being stored. A look that is under way may be one that fails, and would
    // not be followed by another: that one has its own time then.
    if (at <= clock.now() && !this.looking) return this.look();
    this.stopPoll();
    this.nextPoll = at;
    this.stopPoll = clock.after(Math.max(1, at - clock.now()), () => {
      // Also while a look is under way: the next one is then still to be seen to.
      this.nextPoll = Infinity;
      this.look();
    });
  }

  /** Looks no more by itself. */
  stop(): void {
    this.stopPoll();
  }

  /** Never rejects. False: the database did not answer. */
  private async lookAll(): Promise<boolean> {
    const { store, clock, pollInterval } = this.options;
    const { host } = this;
    let pause = pollInterval;
    let well = true;
    this.stopPoll();
    this.nextPoll = Infinity;
    try {
      while (this.again && host.accepting) {
        this.again = false;
        if (this.suspicious) await this.takeUpForgotten();
        const room = Math.min(CLAIM, host.room);
        this.full = room <= 0;
        if (this.full) break;
        const now = clock.now();
        const claimed = await store.claim(host.workerId, now, room, this.moved());
        for (const row of claimed) host.adopt(row, now);
        await this.claimOrdered(room - claimed.length);
        if (claimed.length === room) this.again = true;
      }
      const next = this.full ? null : await store.nextWake(this.moved());
      if (next !== null) pause = Math.max(1, Math.min(pause, next - clock.now()));
    } catch (error) {
      // What was taken may never have arrived here.
      this.suspicious = true;
      well = false;
      host.fault(error);
    }
    this.lookAt(clock.now() + (this.again ? 1 : pause));
    return well;
  }

  /** The workflows whose instances are moved. */
  private moved(): string[] {
    return movedWorkflows(this.names, this.host.pauses);
  }

  /** What operators ask of instances of a paused workflow is done all the same. */
  private async claimOrdered(room: number): Promise<void> {
    const { host } = this;
    const paused = this.names.filter((name) => host.pauses.workflows.has(name));
    if (paused.length === 0 || room <= 0) return;
    const { store, clock } = this.options;
    const now = clock.now();
    for (const row of await store.claimOrdered(host.workerId, room, paused)) host.adopt(row, now);
  }

  /** Takes up what is this worker's in the database and not in its memory: an answer got lost, or what was thought about it was void. */
  private async takeUpForgotten(): Promise<void> {
    this.suspicious = false;
    const { store, clock } = this.options;
    const { host } = this;
    try {
      const leased = await store.leased(host.workerId);
      // Given back long ago by a commit whose answer is late, it may be ours anew: that is seen at the next look.
      if (leased.some((id) => host.isLeaving(id))) this.suspicious = true;
      const ids = leased.filter((id) => !host.knows(id));
      if (ids.length === 0) return;
      const now = clock.now();
      for (const claimed of await store.reload(host.workerId, ids))
        if (!host.knows(claimed.id)) host.adopt(claimed, now);
    } catch (error) {
      this.suspicious = true;
      throw error;
    }
  }
}
