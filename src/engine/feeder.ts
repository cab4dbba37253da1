import type { Input } from './decide.ts';
import { isFanOut, needOf, type FanOutRow, type ItemResults, type Need } from './fan-out.ts';
import { fanOutOf, itemIndex } from './keys.ts';
import type { Owned } from './owned.ts';
import type { Clock, StepRow, Store } from './ports.ts';
import { SeenResults } from './seen-results.ts';

/** What going on with fan-outs needs of the worker that does it. */
export interface FeederHost {
  /** Whether new attempts may begin. */
  readonly accepting: boolean;
  /** Whether the items of this one may: nobody has paused them. */
  mayBegin(owned: Owned, row: StepRow): boolean;
  /** Still this worker's, and in memory. */
  holds(owned: Owned): boolean;
  /** Thinks an input through and stores what comes of it. */
  input(owned: Owned, input: Input): void;
  /** Calls back once all that was thought so far is stored. */
  onceStored(owned: Owned, callback: () => void): void;
  /** Goes on with it, or gives it back. */
  settleDown(owned: Owned): void;
  fault(error: unknown): void;
}

/** Items that were read ahead of their turn. */
interface Ahead {
  rows: readonly StepRow[];
  /** Of `rows`, those before this one have had it. */
  next: number;
  /** Index up to which, itself not included, they were read. */
  upTo: number;
  /** Of the fan-out when they were read: they are good for no other. */
  round: number;
}

/** Items are read so many at a time, so that not each one costs a round trip; of a fan-out that has many under way, more. */
const FEWEST = 50;
const MOST = 1_000;
/** After a reading that failed. */
const AGAIN = 200;

/**
 * Goes on with the fan-outs of owned instances: reads the items whose turn it is, a few ahead, and the results of those
 * that are through, unless all of them came to their ends here. Nothing is read before all that was thought is stored,
 * since what was read would be behind it.
 */
export class Feeder {
  private readonly store: Pick<Store, 'items' | 'itemResults'>;
  private readonly clock: Clock;
  private readonly host: FeederHost;
  private readonly ahead = new WeakMap<Owned, Map<string, Ahead>>();
  private readonly reading = new WeakMap<Owned, number>();
  private readonly seen = new SeenResults();

  constructor({ store, clock }: { store: Pick<Store, 'items' | 'itemResults'>; clock: Clock }, host: FeederHost) {
    this.store = store;
    this.clock = clock;
    this.host = host;
  }

  /** Whether something is being read for an instance, which then is not given back. */
  isReading(owned: Owned): boolean {
    return (this.reading.get(owned) ?? 0) > 0;
  }

  /** An item of an instance has come to its end here. */
  ended(owned: Owned, item: StepRow): void {
    const key = fanOutOf(item.key);
    const fanOut = owned.state.steps.get(key);
    if (isFanOut(fanOut)) this.seen.ended(owned, fanOut, item);
    else this.seen.forget(owned, key);
  }

  /** The instance is no longer this worker's. */
  forget(owned: Owned): void {
    this.seen.forget(owned);
  }

  /** Does what can be done for the fan-outs of an instance now. */
  feed(owned: Owned): void {
    if (!this.host.accepting || this.isReading(owned)) return;
    for (const { key } of owned.state.steps.values()) {
      const row = owned.state.steps.get(key);
      if (!isFanOut(row) || !this.host.mayBegin(owned, row)) continue;
      const need = needOf(owned.state, row, this.clock.now());
      if (need?.type === 'results') this.finish(owned, row);
      else if (need !== undefined) this.begin(owned, row, need);
    }
  }

  private begin(owned: Owned, row: FanOutRow, need: Extract<Need, { type: 'items' }>): void {
    const ahead = this.ahead.get(owned)?.get(row.key);
    const known = ahead?.round === row.fanOut.round && ahead.upTo > row.fanOut.cursor ? ahead : undefined;
    if (known === undefined) {
      // What is under way now may be read as if it still ran, and be done when its turn would come.
      const live = new Set(owned.state.steps.keys());
      return this.read(owned, async () => this.readAhead(owned, row, need, live));
    }
    const rows = known.rows.slice(known.next, known.next + need.count);
    known.next += rows.length;
    const following = known.rows[known.next];
    const upTo = following === undefined ? known.upTo : itemIndex(following.key);
    this.host.input(owned, { type: 'items', fanOut: row.key, rows, upTo });
  }

  private async readAhead(
    owned: Owned,
    { key, fanOut }: FanOutRow,
    { from, to, count }: Extract<Need, { type: 'items' }>,
    live: ReadonlySet<string>,
  ): Promise<void> {
    const upTo = Math.min(to, from + Math.min(MOST, Math.max(FEWEST, 2 * count)));
    const read = await this.store.items(owned.state.id, key, from, upTo);
    const rows = read.filter((item) => !live.has(item.key));
    const aheads = this.ahead.get(owned) ?? new Map<string, Ahead>();
    this.ahead.set(owned, aheads.set(key, { rows, next: 0, upTo, round: fanOut.round }));
  }

  private finish(owned: Owned, row: FanOutRow): void {
    const seen = this.seen.of(owned, row);
    if (seen !== undefined) return this.gathered(owned, row, seen);
    this.read(owned, async () => {
      const results = await this.store.itemResults(owned.state.id, row.key);
      // A retry may have come in meanwhile, or an output given by hand.
      if (this.host.holds(owned) && owned.state.steps.get(row.key) === row) this.gathered(owned, row, results);
    });
  }

  private gathered(owned: Owned, { key }: FanOutRow, results: ItemResults): void {
    this.host.input(owned, { type: 'gathered', fanOut: key, results });
    this.ahead.get(owned)?.delete(key);
    this.seen.forget(owned, key);
  }

  private read(owned: Owned, work: () => Promise<void>): void {
    this.count(owned, 1);
    this.host.onceStored(owned, () => {
      void work()
        .catch(async (error: unknown) => {
          this.host.fault(error);
          await new Promise<void>((resolve) => void this.clock.after(AGAIN, resolve));
        })
        .then(() => {
          this.count(owned, -1);
          if (this.host.holds(owned)) this.host.settleDown(owned);
        });
    });
  }

  private count(owned: Owned, by: number): void {
    this.reading.set(owned, (this.reading.get(owned) ?? 0) + by);
  }
}
