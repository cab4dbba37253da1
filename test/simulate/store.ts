import type { Reader } from '../../src/engine/reader.ts';
import { NOTHING_PAUSED } from '../../src/engine/pauses.ts';
import type { Store, WorkerSession } from '../../src/engine/ports.ts';
import { DatabaseUnavailableError } from '../../src/engine/unavailable.ts';
import type { Database } from './database.ts';
import type { ProcessClock } from './time.ts';

/** What goes wrong with one call. */
export type Fault = 'before' | 'after' | 'crash before' | 'crash after' | undefined;

/** Where a simulated process gets its troubles from. */
export interface Weather {
  /** What happens to a call. */
  fault(): Fault;
  /** Milliseconds that a message takes. */
  latency(): number;
  /** The database is away. */
  isAway(): boolean;
  /** A notification of these ids is lost. */
  isDeaf(ids: string[] | '*'): boolean;
}

const away = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

/** The database as one process reaches it: over a network that loses questions and answers, until the process dies. */
export class Wire {
  readonly clock: ProcessClock;
  private readonly database: Database;
  private readonly weather: Weather;
  private readonly onDeath: () => void;
  private worker: number | undefined;

  constructor(parts: { database: Database; clock: ProcessClock; weather: Weather; onDeath: () => void }) {
    this.database = parts.database;
    this.clock = parts.clock;
    this.weather = parts.weather;
    this.onDeath = parts.onDeath;
  }

  /** Nothing reaches it any more, and its session is gone. */
  die(): void {
    this.clock.dead = true;
    this.loseSession();
  }

  /** Its session breaks: the lock by which others know that it lives is gone until it beats again. */
  loseSession(): void {
    const row = this.database.workers.find(({ id }) => id === this.worker);
    if (row !== undefined) row.locked = false;
  }

  store(): Store {
    const { database } = this;
    return {
      commit: async (worker, batch) => {
        // What is sent does not change any more, whatever its sender does meanwhile.
        const sent = structuredClone(batch);
        return this.call(() => database.commit(worker, sent));
      },
      size: () => 1_000,
      claim: async (worker, now, limit) => this.call(() => database.claim(worker, now, limit)),
      claimOrdered: async () => [],
      reload: async (worker, ids) =>
        this.call(() =>
          database
            .owned(worker)
            .filter(({ kept }) => ids.includes(kept.id))
            .map((row) => database.read(row)),
        ),
      leased: async (worker) => this.call(() => database.owned(worker).map(({ kept }) => kept.id)),
      inbox: async (worker, ids) =>
        this.call(() =>
          database
            .owned(worker)
            .filter(({ kept }) => ids.includes(kept.id))
            .map(({ kept, wake }) => ({ id: kept.id, wake, inbox: kept.inbox() })),
        ),
      pending: async (worker) =>
        this.call(() =>
          database
            .owned(worker)
            .filter(({ kept }) => kept.inbox().length > 0)
            .map(({ kept }) => kept.id),
        ),
      nextWake: async () => this.call(() => database.nextWake()),
      pauses: async () => NOTHING_PAUSED,
      startWorker: async () => this.call(() => this.session()),
      buryWorkers: async (now, timeout, asking) => this.call(() => database.bury(now, timeout, asking)),
      due: async () => [],
      // Programs have no fan-outs.
      items: async () => [],
      itemResults: async () => ({ results: [], failures: [] }),
      transactional: async (fence, run) => this.transactional(fence, run),
      onWork: async (callback) =>
        this.call(() =>
          database.listen((ids) => {
            if (!this.weather.isDeaf(ids)) this.arrive(() => callback(ids));
          }),
        ).then((unlisten) => async () => unlisten()),
    };
  }

  /** As much of it as starting and sending need. */
  reader(recordOf: (id: string) => unknown): Reader {
    const { database } = this;
    return {
      instance: async (id: string) => this.call(() => recordOf(id)),
      sendFacts: async (asked: Parameters<Reader['sendFacts']>[0]) => this.call(() => database.sendFacts(asked)),
      sentEvents: async (ids: Parameters<Reader['sentEvents']>[0]) => this.call(() => database.sentEvents(ids)),
      post: async (events: Parameters<Reader['post']>[0]) => this.call(() => database.post(events)),
      onChange: async () => async () => {},
      onEnd: async () => async () => {},
    } as unknown as Reader;
  }

  private session(): WorkerSession {
    const { workers } = this.database;
    const row = { id: workers.length + 1, beatAt: this.database.now(), stopped: false, locked: true };
    workers.push(row);
    this.worker = row.id;
    return {
      id: row.id,
      beat: async () =>
        this.call(() => {
          if (this.worker === row.id) row.locked = true;
          if (!row.stopped) row.beatAt = this.database.now();
          return !row.stopped;
        }),
      // No step holds the event loop there.
      guard: () => () => {},
      stop: async () => this.call(() => void (row.stopped = true)),
      kill: async () => {},
    };
  }

  private async transactional(
    fence: Parameters<Store['transactional']>[0],
    run: Parameters<Store['transactional']>[1],
  ): Promise<unknown> {
    const effects: string[] = [];
    const write = async (_text: TemplateStringsArray, ...values: unknown[]): Promise<never[]> => {
      effects.push(String(values[0]));
      return [];
    };
    await this.message();
    const output = await run(Object.assign(write, { unsafe: write }) as never);
    try {
      await this.call(() => this.database.settle(fence, output, effects));
    } catch (error) {
      throw (error as { code?: string }).code === 'ECONNRESET' ? new DatabaseUnavailableError(error) : error;
    }
    return output;
  }

  /** Asks the database: what it does it does at once, but the question and the answer take their time, and may be lost. */
  private async call<T>(ask: () => T): Promise<T> {
    const fault = this.weather.fault();
    if (fault === 'crash before') this.onDeath();
    await this.message();
    if (fault === 'before' || this.weather.isAway()) throw away();
    const result = ask();
    if (fault === 'crash after') this.onDeath();
    await this.message();
    if (fault === 'after') throw away();
    return result;
  }

  /** Waits for a message to arrive. In a dead process nothing arrives any more. */
  private async message(): Promise<void> {
    return new Promise((resolve) => this.arrive(resolve));
  }

  private arrive(callback: () => void): void {
    if (!this.clock.dead) this.clock.after(this.weather.latency(), callback);
  }
}
