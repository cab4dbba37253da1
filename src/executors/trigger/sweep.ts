import type { Reconciled } from '../../engine/api.ts';
import { currentTime } from '../../engine/clock.ts';
import type { DriverStore, OpenRun } from '../../engine/driver-store.ts';
import { movedWorkflows } from '../../engine/pauses.ts';
import type { Clock, Wanted } from '../../engine/ports.ts';
import { replacedAt } from '../../engine/unbegun.ts';
import type { PlatformCalls } from './calls.ts';
import { cancelRun, findStepRun, runState, triggerDriver } from './platform.ts';

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
  calls: PlatformCalls;
  fault: (message: string, error: unknown) => void;
}

/** Of each kind, in one sweep; the next one takes the rest. */
const MOST = 500;
/** A driver that does not begin before the next sweep but one is not needed: that one triggers another. So they do not pile up in a queue that stands. */
const TTL = '2m';

/**
 * Finds what was lost, and gets a driver to look at it: the backstop for everything that died between a commit and the call that
 * follows it, and for runs that the platform has lost.
 * @param asking the worker that asks, which lives; 0 for a process that never holds an instance
 */
export async function sweep(options: SweepOptions, asking: number): Promise<Reconciled> {
  const { store, clock, deadAfter, sweepAfter, workflows, calls, fault } = options;
  const { workers } = await store.buryWorkers(await currentTime(clock), deadAfter, asking);
  const due = await store.due(clock.now(), movedWorkflows(workflows.keys(), await store.pauses()), MOST);
  const dueIds = new Set(due.map(({ id }) => id));
  const open = await store.openSince(clock.now() - sweepAfter, MOST);
  const lost = new Map<string, Wanted>();
  const failed = new Set<string>();
  await Promise.all(
    open.map(async (run) => {
      const { instanceId: id, priority } = run;
      try {
        // The instance gets a driver either way, unless only that could bring its run back.
        if (dueIds.has(id) && !isLate(run, options)) return;
        if (await isLost(run, options)) lost.set(id, { id, priority });
      } catch (error) {
        failed.add(id);
        fault(`run ${run.runId ?? run.key} of ${id} could not be asked after`, error);
      }
    }),
  );
  for (const id of dueIds) lost.delete(id);
  await Promise.all(
    [...due, ...lost.values()].map(async (wanted) => {
      try {
        await calls.call(() => triggerDriver(wanted, 'sweep', { ttl: TTL, quick: true }));
      } catch (error) {
        failed.add(wanted.id);
        fault(`no driver for ${wanted.id}`, error);
      }
    }),
  );
  return { dead: workers.length, due: [...dueIds], lost: [...lost.keys()], failed: [...failed] };
}

/** Whether a run brings its step no further. One that should have begun long ago is given up here. */
async function isLost(run: OpenRun, options: SweepOptions): Promise<boolean> {
  const { store, clock, calls } = options;
  if (!isLate(run, options)) {
    // One that has no name yet may stand in the queue; then its waiter lives.
    const known = run.runId ?? run.waiter;
    return known === null || (await calls.call(() => runState(known, { quick: true }))) === 'over';
  }
  const id = run.runId ?? (await calls.call(() => findStepRun(run)));
  const state = await calls.call(() => runState(id, { quick: true }));
  if (state !== 'in line') return state === 'over';
  // Ended first: should it begin after all, it finds that it is not wanted.
  if (!(await store.endUnbegun(run, clock.now()))) return false;
  await calls.call(() => cancelRun(id));
  return true;
}

function isLate({ unbegunSince, round }: OpenRun, { clock }: SweepOptions): boolean {
  return unbegunSince !== null && clock.now() >= replacedAt(unbegunSince, round);
}
