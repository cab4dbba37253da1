import type { Clock, Commit, CommitResult, Store } from './ports.ts';
import { sleep } from './clock.ts';
import { merged } from './merge.ts';

/** A commit on its way, and what is to happen when it is stored or lost. */
export interface Pending {
  /** Whose thoughts these are: the copy in memory that they belong to. */
  owner?: object | undefined;
  commit: Commit;
  /** Commits that hold only with this one: children that it starts. */
  children: Commit[];
  stored: ((result: CommitResult) => void)[];
  /** The instance is not (or no longer) ours at that sequence; whatever was thought about it is void. `unknown`: an answer got lost on the way. */
  lost: ((unknown: boolean) => void)[];
  /** The database refuses the data itself. */
  refused: ((error: Error) => void)[];
}

/** Rows in one statement: measured from 128 to 1,024, the gain ends here. */
const MAX_ROWS = 768;
/** Characters in one statement: Postgres holds a few copies of it, and what is in it waits for all of it. */
const MAX_SIZE = 2_000_000;
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;

interface Lane {
  /** By instance, in order; merged when their turn comes. */
  queue: Map<string, Pending[]>;
  busy: boolean;
}

/**
 * Group commit. What is ready while a commit is in flight joins the next; nothing waits when nothing is in flight.
 * Commits of one instance stay in order, because an instance keeps to one lane.
 */
export class Committer {
  private readonly store: Pick<Store, 'commit' | 'reload' | 'size'>;
  private readonly clock: Clock;
  private readonly isTransient: (error: unknown) => boolean;
  private readonly lanes: Lane[];
  private readonly onFault: (error: unknown) => void;
  private readonly onBroken: (error: unknown) => void;
  private worker: number;
  private dead = false;

  constructor(options: {
    store: Pick<Store, 'commit' | 'reload' | 'size'>;
    clock: Clock;
    worker: number;
    lanes: number;
    isTransient: (error: unknown) => boolean;
    /** Told of each failed try, and with null when the database takes commits again. */
    onFault: (error: unknown) => void;
    /** Told of what a callback threw. */
    onBroken?: (error: unknown) => void;
  }) {
    this.store = options.store;
    this.clock = options.clock;
    this.worker = options.worker;
    this.isTransient = options.isTransient;
    this.onFault = options.onFault;
    this.onBroken = options.onBroken ?? options.onFault;
    this.lanes = Array.from({ length: options.lanes }, () => ({ queue: new Map(), busy: false }));
  }

  /** Adds to what the instance will write next. */
  push(laneNumber: number, pending: Pending): void {
    const lane = this.lanes[laneNumber % this.lanes.length] as Lane;
    const { id } = pending.commit;
    const queued = lane.queue.get(id);
    const owner = queued?.[0]?.owner;
    if (queued !== undefined && owner === pending.owner) queued.push(pending);
    else {
      if (queued !== undefined) this.forget(laneNumber, id, owner);
      lane.queue.set(id, [pending]);
    }
    if (lane.busy) return;
    lane.busy = true;
    setImmediate(() => void this.drain(lane));
  }

  /** What a copy in memory still wanted to write is lost: it was thought on a ground that does not hold. */
  forget(laneNumber: number, id: string, owner: object | undefined): void {
    const { queue } = this.lanes[laneNumber % this.lanes.length] as Lane;
    const pending = queue.get(id);
    if (pending === undefined || pending[0]?.owner !== owner) return;
    queue.delete(id);
    for (const { lost } of pending) this.tell(lost, false);
  }

  /** Resolves when everything pushed so far is stored or lost. */
  async idle(): Promise<void> {
    while (!this.dead && this.lanes.some((lane) => lane.busy)) await sleep(this.clock, 5);
  }

  /** Writes nothing more and calls nobody back, as if the process had died. */
  kill(): void {
    this.dead = true;
    for (const lane of this.lanes) lane.queue.clear();
  }

  /** Goes on under another worker's id; what the old one wanted to write is lost. */
  become(worker: number): void {
    this.worker = worker;
    const queued = this.lanes.flatMap(({ queue }) => [...queue.values()].flat());
    for (const lane of this.lanes) lane.queue.clear();
    for (const { lost } of queued) this.tell(lost, false);
  }

  private async drain(lane: Lane): Promise<void> {
    while (lane.queue.size > 0 && !this.dead) {
      const batch = takeBatch(lane.queue, (commit) => this.sizeOf(commit));
      await this.write(batch);
    }
    lane.busy = false;
  }

  /** One that cannot be made text of is written alone, and refused. */
  private sizeOf(commit: Commit): number {
    try {
      return this.store.size(commit);
    } catch {
      return Infinity;
    }
  }

  private async write(batch: Pending[]): Promise<void> {
    const worker = this.worker;
    const commits = batch.flatMap(({ commit, children }) => [commit, ...children]);
    let unknown = false;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(LONGEST_PAUSE, pause * 2)) {
      try {
        const results = await this.results(worker, batch, await this.store.commit(worker, commits), unknown);
        if (unknown) this.onFault(null);
        if (this.dead) return;
        // Under another name meanwhile: all of it may be in other hands.
        return this.settle(batch, worker === this.worker ? results : new Map(), unknown);
      } catch (error) {
        if (this.dead) return;
        if (worker !== this.worker || !this.isTransient(error)) {
          if (unknown) this.onFault(null);
          return worker === this.worker
            ? await this.bisect(batch, error as Error)
            : this.settle(batch, new Map(), true);
        }
        // The outcome is unknown: what was written shows when the same batch is tried again.
        unknown = true;
        this.onFault(error);
        await sleep(this.clock, pause);
      }
    }
  }

  /** The results by instance, also of those that were stored by a try whose answer got lost. */
  private async results(
    worker: number,
    batch: Pending[],
    results: CommitResult[],
    unknown: boolean,
  ): Promise<Map<string, CommitResult>> {
    const byId = new Map(results.map((result) => [result.id, result]));
    if (!unknown) return byId;
    const missing = batch.filter(({ commit }) => !byId.has(commit.id));
    if (missing.length > 0) {
      // Only the lease's owner can have brought an instance to exactly this sequence: that was us.
      const ids = missing.map(({ commit }) => commit.id);
      for (const row of await this.store.reload(worker, ids)) {
        const commit = missing.find((pending) => pending.commit.id === row.id)?.commit;
        if (commit?.after.sequence === row.sequence) byId.set(row.id, { id: row.id, released: false });
      }
    }
    return byId;
  }

  private settle(batch: Pending[], results: ReadonlyMap<string, CommitResult>, unknown: boolean): void {
    for (const { commit, stored, lost } of batch) {
      const result = results.get(commit.id);
      if (result === undefined) this.tell(lost, unknown);
      else this.tell(stored, result);
    }
  }

  /** One that throws must not keep the others from hearing, nor have what is stored taken for lost. */
  private tell<T>(callbacks: readonly ((value: T) => void)[], value: T): void {
    for (const callback of callbacks) {
      try {
        callback(value);
      } catch (error) {
        this.onBroken(error);
      }
    }
  }

  /** One instance's data must not hold up the others'. */
  private async bisect(batch: Pending[], error: Error): Promise<void> {
    if (batch.length > 1) {
      for (const pending of batch) await this.write([pending]);
      return;
    }
    this.tell(batch[0]?.refused ?? [], error);
  }
}

/**
 * The next batch, in order. An instance and an event for it never share one: the statement would touch the row twice,
 * and one of the two writes would silently be lost.
 */
function takeBatch(queue: Map<string, Pending[]>, sizeOf: (commit: Commit) => number): Pending[] {
  const batch: Pending[] = [];
  const written = new Set<string>();
  const posted = new Set<string>();
  let rows = 0;
  let size = 0;
  for (const [id, queued] of queue) {
    const pending = merged(queued);
    if (queued.length > 1) queue.set(id, [pending]);
    const { posts } = pending.commit;
    if (posted.has(id) || posts.some(({ to }) => written.has(to))) continue;
    size += sizeOf(pending.commit);
    for (const child of pending.children) size += sizeOf(child);
    // Stays as it is in the queue, to be asked for once more; one alone may be as large as it is.
    if (size > MAX_SIZE && batch.length > 0) break;
    queue.delete(id);
    batch.push(pending);
    written.add(id);
    for (const { to } of posts) posted.add(to);
    rows += 1 + pending.commit.transitions.length + pending.commit.steps.length + pending.commit.newSteps.length;
    if (rows >= MAX_ROWS) break;
  }
  return batch;
}
