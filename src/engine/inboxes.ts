import type { Owned } from './owned.ts';
import type { Clock, InboxEvent, Millis, Store } from './ports.ts';

/** What reading inboxes needs of the worker that does it. */
export interface InboxHost {
  readonly workerId: number;
  readonly stopped: boolean;
  /** An instance in memory. */
  find(id: string): Owned | undefined;
  /** Called before each reading. */
  beforeReading(): Promise<void>;
  /** Takes up what lies in an inbox. @param readAt a time before it was read */
  drain(owned: Owned, inbox: readonly InboxEvent[], readAt: Millis): void;
  settleDown(owned: Owned): void;
  drop(owned: Owned): void;
  /** Looks soon for what this worker may own without knowing it. */
  suspect(): void;
  fault(error: unknown): void;
}

/** After a look at inboxes that failed. */
const AGAIN = 200;

/** Reads the inboxes of owned instances: those that something was put into, all in one go. */
export class Inboxes {
  private readonly store: Store;
  private readonly clock: Clock;
  private readonly host: InboxHost;
  private readonly poked = new Set<string>();
  /** By instance: who waits for a reading that begins from now on. */
  private waiting = new Map<string, (() => void)[]>();
  private reading = false;

  constructor({ store, clock }: { store: Store; clock: Clock }, host: InboxHost) {
    this.store = store;
    this.clock = clock;
    this.host = host;
  }

  /** Something was put into the inbox of an owned instance. */
  poke(owned: Owned): void {
    owned.poked = true;
    this.poked.add(owned.state.id);
    if (!this.reading) void this.read();
  }

  /** Resolves once all that lies in the inbox now has been taken up, or is somebody else's. */
  async taken(owned: Owned): Promise<void> {
    const { id } = owned.state;
    return new Promise((resolve) => {
      this.waiting.set(id, [...(this.waiting.get(id) ?? []), resolve]);
      this.poke(owned);
    });
  }

  /** The backstop for notifications that did not arrive. */
  async checkPending(): Promise<void> {
    for (const id of await this.store.pending(this.host.workerId)) {
      const owned = this.host.find(id);
      if (owned !== undefined) this.poke(owned);
      else this.host.suspect();
    }
  }

  private async read(): Promise<void> {
    const { host } = this;
    this.reading = true;
    let ids: string[] = [];
    let waiting = new Map<string, (() => void)[]>();
    try {
      while (this.poked.size > 0 && !host.stopped) {
        ids = [...this.poked];
        this.poked.clear();
        waiting = this.waiting;
        this.waiting = new Map();
        await host.beforeReading();
        const asked = new Map(ids.map((id) => [id, host.find(id)]));
        const at = this.clock.now();
        const read = await this.store.inbox(host.workerId, ids);
        const ours = new Map(read.map((row) => [row.id, row]));
        for (const id of ids) {
          const owned = host.find(id);
          // One that is being given back is asked again by its commit's outcome.
          if (owned === undefined || owned.releasing) continue;
          // Given back and taken anew while this was read: it says nothing of the new copy.
          if (owned !== asked.get(id)) {
            this.poked.add(id);
            continue;
          }
          const row = ours.get(id);
          // In other hands meanwhile, so that what is known of it here is worth nothing; or, damaged, it fails when it is taken up anew.
          if (row === undefined || row.damaged === true) {
            host.drop(owned);
            host.suspect();
            continue;
          }
          owned.wake = row.wake;
          owned.poked = this.poked.has(id);
          host.drain(owned, row.inbox, at);
          host.settleDown(owned);
        }
        for (const resolve of [...waiting.values()].flat()) resolve();
      }
    } catch (error) {
      host.fault(error);
      for (const id of ids) this.poked.add(id);
      for (const [id, resolves] of waiting) this.waiting.set(id, [...resolves, ...(this.waiting.get(id) ?? [])]);
      this.clock.after(AGAIN, () => {
        if (!this.reading) void this.read();
      });
    } finally {
      this.reading = false;
    }
  }
}
