import { hostname } from 'node:os';
import type { ArtifactStore } from '../../core/artifact.ts';
import type { Workflow } from '../../core/workflow.ts';
import { sleep, systemClock } from '../../engine/clock.ts';
import { registry } from '../../engine/create.ts';
import type { DriverStore } from '../../engine/driver-store.ts';
import type { EventStore } from '../../engine/events/event-store.ts';
import { Publisher } from '../../engine/events/publisher.ts';
import type { ScheduleStore } from '../../engine/schedules/schedule-store.ts';
import { Scheduler } from '../../engine/schedules/scheduler.ts';
import { Payloads } from '../../engine/payloads/payloads.ts';
import { driverStoreWithPayloads, readerWithPayloads } from '../../engine/payloads/stores.ts';
import type { Clock, Executor, WorkerSession } from '../../engine/ports.ts';
import type { Reader } from '../../engine/reader.ts';
import { stored } from '../../engine/sending/from-inside.ts';
import { outspoken } from '../../engine/unavailable.ts';
import { localExecutor } from '../local.ts';
import { PlatformCalls } from './calls.ts';
import { triggerDriver } from './platform.ts';

export interface RuntimeOptions {
  store: DriverStore;
  events: EventStore;
  schedules: ScheduleStore;
  reader: Reader;
  workflows: readonly Workflow[];
  /** Shared with all processes of the engine: large values lie there. */
  artifacts: ArtifactStore | undefined;
  isTransient: (error: unknown) => boolean;
  clock?: Clock;
  random?: () => number;
  /** What is due within so many milliseconds a driver waits for, instead of another one being triggered. Default 1,000. */
  keep?: number;
  /** Milliseconds between writes of a step's progress and lines. Default 1,000. */
  flush?: number;
  /** Milliseconds without a beat after which a process counts as dead although its session stands. Default 30,000. */
  deadAfter?: number;
  /** Milliseconds that a run may be open before the sweep asks after it. Default 30,000. */
  sweepAfter?: number;
  onFault?: (message: string, error: unknown) => void;
}

const BEAT = 5_000;

/**
 * What drivers and steps of one process share. Leases are held in the name of the process: a session whose lock tells
 * that it lives. With `processKeepAlive` it serves one run after the other.
 */
export class Runtime {
  readonly store: DriverStore;
  readonly workflows: ReadonlyMap<string, Workflow>;
  readonly executor: Executor;
  readonly publisher: Publisher;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly isTransient: (error: unknown) => boolean;
  readonly random: () => number;
  readonly keep: number;
  readonly flush: number;
  readonly deadAfter: number;
  readonly sweepAfter: number;
  readonly fault: (message: string, error: unknown) => void;
  /** For what the sweep would find as well. */
  readonly calls: PlatformCalls;
  private current: Promise<WorkerSession> | undefined;
  private lastBeat = 0;
  private users = 0;
  private stopBeating: () => void = () => {};

  constructor(options: RuntimeOptions) {
    this.store = driverStoreWithPayloads(options.store, new Payloads(options.artifacts));
    this.workflows = registry(options.workflows);
    this.clock = options.clock ?? systemClock;
    this.isTransient = options.isTransient;
    this.random = options.random ?? Math.random;
    this.keep = options.keep ?? 1_000;
    this.flush = options.flush ?? 1_000;
    this.deadAfter = options.deadAfter ?? 30_000;
    this.sweepAfter = options.sweepAfter ?? 30_000;
    this.fault = options.onFault ?? ((message, error) => console.error(`durachart: ${message}`, error ?? ''));
    this.calls = new PlatformCalls(this.clock);
    const parts = { workflows: this.workflows, clock: this.clock, fault: this.fault };
    this.publisher = new Publisher({
      ...parts,
      events: outspoken(options.events, options.isTransient),
      announce: async (ids) => this.announce(ids),
    });
    this.scheduler = new Scheduler({
      ...parts,
      schedules: outspoken(options.schedules, options.isTransient),
      announce: async (ids) => this.announce(ids, 'the time of a schedule has come'),
    });
    const inboxes = readerWithPayloads(outspoken(options.reader, options.isTransient), new Payloads(options.artifacts));
    this.executor = localExecutor({
      clock: this.clock,
      artifacts: options.artifacts,
      publisher: this.publisher,
      post: async (id, posts) => {
        stored(await inboxes.post(posts));
        await this.announce([id], 'a step has sent its instance an event');
      },
    });
  }

  /** The session of this process. A process that slept for long, or was frozen and moved, has been declared dead and gets a new one. */
  async session(): Promise<WorkerSession> {
    await this.clock.ready?.();
    const known = this.current;
    if (
      known !== undefined &&
      this.clock.now() - this.lastBeat >= BEAT &&
      !(await this.beat(await known)) &&
      this.current === known
    ) {
      this.current = undefined;
    }
    this.lastBeat = this.clock.now();
    this.current ??= this.store.startWorker(
      `${hostname()}:${process.pid} trigger`,
      [...this.workflows.keys()],
      this.clock.now(),
    );
    return this.current.catch((error: unknown) => {
      this.current = undefined;
      throw error;
    });
  }

  /** Gives up a session that the database does not know as living. */
  async renew(expired: WorkerSession): Promise<void> {
    if ((await this.current) === expired) this.current = undefined;
  }

  /** Keeps the session alive while `work` holds leases. */
  async alive<T>(work: () => Promise<T>): Promise<T> {
    this.users += 1;
    if (this.users === 1) this.keepBeating();
    try {
      return await work();
    } finally {
      this.users -= 1;
      if (this.users === 0) this.stopBeating();
    }
  }

  /** Tries again while the database is away: what was done must not be lost for that. */
  async persist<T>(write: () => Promise<T>): Promise<T> {
    for (let pause = 50; ; pause = Math.min(1_000, pause * 2)) {
      try {
        return await write();
      } catch (error) {
        if (!this.isTransient(error)) throw error;
        this.fault('the database does not answer; trying on', error);
        await sleep(this.clock, pause);
      }
    }
  }

  /** Drivers for those that nobody has. One that cannot be triggered is found by the sweep. */
  async announce(ids: readonly string[], why = 'an event was published'): Promise<void> {
    const free = await this.persist(() => this.store.free(ids));
    await Promise.all(
      free.map(async (wanted) =>
        this.calls
          .call(() => triggerDriver(wanted, why, { quick: true }))
          .catch((error: unknown) => this.fault(`no driver for ${wanted.id}; the sweep will see to it`, error)),
      ),
    );
  }

  private keepBeating(): void {
    this.stopBeating = this.clock.after(BEAT, () => {
      void this.current
        ?.then(async (session) => this.beat(session))
        .catch((error: unknown) => this.fault('the database does not answer', error))
        .finally(() => {
          if (this.users > 0) this.keepBeating();
        });
    });
  }

  private async beat(session: WorkerSession): Promise<boolean> {
    this.lastBeat = this.clock.now();
    return session.beat();
  }
}
