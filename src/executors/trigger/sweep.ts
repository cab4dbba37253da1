import type { Reconciled } from '../../engine/api.ts';
import type { DriverStore } from '../../engine/driver-store.ts';
import { movedWorkflows } from '../../engine/pauses.ts';
import type { Clock, Wanted } from '../../engine/ports.ts';
import { isOver, triggerDriver } from './platform.ts';

/** What a sweep works with. */
export interface SweepOptions {
  store: DriverStore;
  clock: Clock;
  /** By name, those whose instances it looks for. */
  workflows: ReadonlyMap<string, unknown>;
  /** Milliseconds without a beat after which a process counts as dead although its session stands. */
  deadAfter: number;
  /** Milliseconds that a run may be open before it is asked after. */
  sweepAfter: number;
  fault: (message: string, error: unknown) => void;
}

/** Of each kind, in one sweep; the next one takes the rest. */
const MOST = 500;
/** A driver that does not begin before the next sweep but one is not needed: that one triggers another. So they do not pile up in a queue that stands. */
const TTL = '2m';

/**
 * Finds what was lost, and gets a driver to look at it: the backstop for everything that died between a commit and the call that follows it.
 * @param asking the worker that asks, which lives; 0 for a process that never holds an instance
 */
export async function sweep(options: SweepOptions, asking: number): Promise<Reconciled> {
  const { store, clock, deadAfter, sweepAfter, workflows, fault } = options;
  const { workers } = await store.buryWorkers(clock.now(), deadAfter, asking);
  const due = await store.due(clock.now(), movedWorkflows(workflows.keys(), await store.pauses()), MOST);
  const seen = new Map<string, Wanted>(due.map((wanted) => [wanted.id, wanted]));
  for (const { priority, ...run } of await store.openSince(clock.now() - sweepAfter, MOST)) {
    const { instanceId: id } = run;
    if (seen.has(id)) continue;
    try {
      // One that has no name yet may stand in the queue; then its waiter lives.
      const known = run.runId ?? run.waiter;
      if (known === null || (await isOver(known))) seen.set(id, { id, priority });
    } catch (error) {
      fault(`run ${run.runId ?? run.key} of ${id} could not be asked after`, error);
    }
  }
  const ids = [...seen.keys()];
  const found: Reconciled = {
    dead: workers.length,
    due: ids.slice(0, due.length),
    lost: ids.slice(due.length),
    failed: [],
  };
  for (const wanted of seen.values()) {
    try {
      await triggerDriver(wanted, 'sweep', { ttl: TTL });
    } catch (error) {
      found.failed.push(wanted.id);
      fault(`no driver for ${wanted.id}`, error);
    }
  }
  return found;
}
