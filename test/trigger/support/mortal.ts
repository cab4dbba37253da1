import type { DriverStore } from '../../../src/engine/driver-store.ts';
import { createDriverStore } from '../../../src/store/driver-store.ts';
import type { Lane } from '../../proof/lane.ts';
import type { TriggerHost } from '../../support/trigger-host/host.ts';
import type { Process } from '../../support/trigger-host/process.ts';
import { currentRun } from '../../support/trigger-host/run.ts';

/** Where a process is killed: at the n-th call of a kind that an instance's runs make, before or after it. */
export interface KillPoint {
  call: string;
  nth: number;
  phase: 'before' | 'after';
}

/** Counts the calls that the runs of an instance make to the database and to the platform, and kills at one of them. */
export class Killer {
  private readonly counts = new Map<string, Map<string, number>>();
  private readonly points = new Map<string, KillPoint>();
  private readonly hits = new Set<string>();
  host: TriggerHost | undefined;

  /** Kills once, in the runs of this instance and its children. */
  aim(root: string, point: KillPoint): void {
    this.points.set(root, point);
  }

  /** How often the runs of an instance and its children have made each call. */
  callsOf(root: string): ReadonlyMap<string, number> {
    return this.counts.get(root) ?? new Map<string, number>();
  }

  hit(root: string): boolean {
    return this.hits.has(root);
  }

  async around<T>(call: string, go: () => Promise<T>): Promise<T> {
    const here = currentRun();
    const root = here?.run.tags
      .find((tag) => tag.startsWith('instance:'))
      ?.slice('instance:'.length)
      .split('.')[0];
    if (here === undefined || root === undefined) return go();
    const counts = this.counts.get(root) ?? new Map<string, number>();
    this.counts.set(root, counts);
    const nth = counts.get(call) ?? 0;
    counts.set(call, nth + 1);
    const point = this.points.get(root);
    const now = point !== undefined && point.call === call && point.nth === nth && !this.hits.has(root);
    const kill = (): Promise<T> => {
      this.hits.add(root);
      const { run, attempt } = here;
      // A run that was cancelled has left its process behind, which goes on for a moment.
      if (run.current === attempt) this.host?.kill(run.id);
      else attempt.process.kill();
      return new Promise(() => {});
    };
    if (now && point.phase === 'before') return kill();
    const result = await go();
    return now ? kill() : result;
  }

  /** The store of one process: its own session, and nothing any more after its death. */
  store(lane: Lane, process: Process): DriverStore {
    const real = createDriverStore(lane.database);
    const guarded = Object.entries(real as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>).map(
      ([name, method]) => [
        name,
        async (...values: unknown[]) => {
          if (!process.alive) return new Promise(() => {});
          return process.survive(this.around(name, async () => method(...values)));
        },
      ],
    );
    return {
      ...(Object.fromEntries(guarded) as DriverStore),
      startWorker: async (...values) => {
        const session = await lane.openSession();
        process.onDeath(() => void session.cut());
        return process.survive(
          this.around('startWorker', async () =>
            createDriverStore({ ...lane.database, session: session.sql }).startWorker(...values),
          ),
        );
      },
    };
  }
}
