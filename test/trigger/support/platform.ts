import { onTestFinished } from 'vitest';
import { SWEEP } from '../../../src/executors/trigger/names.ts';
import { triggerDriver } from '../../../src/executors/trigger/platform.ts';
import type { ArtifactStore, Workflow } from '../../../src/index.ts';
import { type Database } from '../../../src/store/database.ts';
import { isTransient } from '../../../src/store/transient.ts';
import { createDriverStore } from '../../../src/store/driver-store.ts';
import { createEventStore } from '../../../src/store/events.ts';
import { createReader } from '../../../src/store/reader.ts';
import { createScheduleStore } from '../../../src/store/schedules.ts';
import {
  defineDriver,
  defineStarts,
  defineSteps,
  defineSweep,
  Runtime,
  type TaskOptions,
} from '../../../src/trigger.ts';
import type { Clock } from '../../../src/engine/ports.ts';
import type { DriverStore } from '../../../src/engine/driver-store.ts';
import { TriggerHost } from '../../support/trigger-host/host.ts';
import { currentRun } from '../../support/trigger-host/run.ts';
import type { Process } from '../../support/trigger-host/process.ts';

export interface PlatformOptions extends TaskOptions {
  workflows: readonly (readonly Workflow[])[];
  artifacts?: ArtifactStore;
  /** Default: one runtime for all runs, as with processKeepAlive and one process. Else each run's process has its own store. */
  storeOf?: (process: Process) => DriverStore;
  keep?: number;
  clock?: Clock;
  random?: () => number;
}

/** The double with the real tasks of durachart on it. One a test file: the SDK is set up for the whole process. */
export class Platform {
  readonly host: TriggerHost;
  readonly faults: string[];
  private readonly runtimes: Map<Process | 'shared', Runtime>;
  private readonly runtimeOf: (key: Process | 'shared') => Runtime;

  private constructor(
    host: TriggerHost,
    faults: string[],
    runtimes: Map<Process | 'shared', Runtime>,
    runtimeOf: Platform['runtimeOf'],
  ) {
    this.host = host;
    this.faults = faults;
    this.runtimes = runtimes;
    this.runtimeOf = runtimeOf;
  }

  static async start(database: Database, options: PlatformOptions): Promise<Platform> {
    const { workflows, storeOf, artifacts, keep = 1_000, clock, random, ...tasks } = options;
    const all = workflows.flat();
    const faults: string[] = [];
    const runtimes = new Map<Process | 'shared', Runtime>();
    const runtimeOf = (key: Process | 'shared'): Runtime => {
      const known = runtimes.get(key);
      if (known !== undefined) return known;
      const runtime = new Runtime({
        store: key === 'shared' || storeOf === undefined ? createDriverStore(database) : storeOf(key),
        events: createEventStore(database.pool),
        schedules: createScheduleStore(database.pool),
        reader: createReader(database),
        workflows: all,
        artifacts: artifacts as ArtifactStore,
        isTransient,
        keep,
        flush: 20,
        ...(clock === undefined ? {} : { clock, deadAfter: Infinity }),
        ...(random === undefined ? {} : { random }),
        sweepAfter: 0,
        onFault: (message, error) => void faults.push(`${message} ${String(error)}`),
      });
      runtimes.set(key, runtime);
      return runtime;
    };
    const open = (): Runtime => {
      const process = currentRun()?.attempt.process;
      return runtimeOf(storeOf === undefined || process === undefined ? 'shared' : process);
    };
    const host = await TriggerHost.start(
      [
        async () => defineDriver(open, tasks),
        async () => defineSteps(open, all, tasks),
        async () => defineSweep(open),
        async () => defineStarts(all, async (name) => ({ id: name })),
      ],
      clock === undefined ? {} : { clock },
    );
    return new Platform(host, faults, runtimes, runtimeOf);
  }

  /** The runtime that all runs share. */
  get runtime(): Runtime {
    return this.runtimeOf('shared');
  }

  /** Runs the sweep once, as the schedule does each minute; resolves when it has ended. */
  async sweep(): Promise<void> {
    const payload = JSON.stringify({
      timestamp: new Date(),
      lastTimestamp: null,
      timezone: 'UTC',
      scheduleId: SWEEP,
      upcoming: [],
    });
    const { id } = this.host.trigger(SWEEP, { payload, options: { payloadType: 'application/json' } });
    await (
      await this.host.until((run) => run.id === id)
    ).ended;
  }

  /** Triggers a driver by hand. */
  async drive(id: string): Promise<void> {
    const run = await triggerDriver({ id, priority: 5 }, 'test');
    await (
      await this.host.until((other) => other.id === run)
    ).ended;
  }

  /** Sweeps again and again until told to stop: what the schedule does, with less time in between. */
  keepSweeping(pause = 100): () => void {
    let over = false;
    void (async () => {
      while (!over) {
        await new Promise((resolve) => setTimeout(resolve, pause));
        if (!over) await this.sweep();
      }
    })();
    return () => {
      over = true;
    };
  }

  async stop(): Promise<void> {
    this.host.stop();
    // Those of single processes have died with them.
    await (await this.runtimes.get('shared')?.session())?.stop(Date.now());
  }

  /** Fails the running test if something went wrong behind the scenes. */
  noFaults(): void {
    this.faults.length = 0;
    onTestFinished(() => {
      if (this.faults.length > 0) throw new Error(this.faults.join('\n'));
    });
  }
}
