import { isOver, triggerDriver } from './platform.ts';
import type { Runtime } from './runtime.ts';

/** What a sweep has found. */
export interface Swept {
  /** Processes that died with instances in their hands. */
  dead: number;
  /** Instances whose time had come and that nobody had. */
  due: string[];
  /** Instances with a step whose run was lost: ended without a word, never made, or never named. */
  lost: string[];
  /** Instances for which no driver could be triggered. */
  failed: string[];
}

/** Of each kind, in one sweep; the next one takes the rest. */
const MOST = 500;
/** Milliseconds until another driver is triggered for the same. */
const PERIOD = 180_000;

/** Finds what was lost, and gets a driver to look at it: the backstop for everything that died between a commit and the call that follows it. */
export async function sweep(runtime: Runtime): Promise<Swept> {
  const { store, clock, deadAfter, sweepAfter, workflows, fault } = runtime;
  const session = await runtime.session();
  const dead = await store.buryWorkers(clock.now(), deadAfter, session.id);
  const swept: Swept = { dead: dead.length, due: [], lost: [], failed: [] };
  // By instance, what there was to see: a driver that was triggered for the same is not to be joined by another one each minute.
  const seen = new Map<string, string>();
  for (const { id, sequence, wake } of await store.due(clock.now(), [...workflows.keys()], MOST)) seen.set(id, `${sequence}.${wake}`);
  swept.due = [...seen.keys()];
  for (const run of await store.openSince(clock.now() - sweepAfter, MOST)) {
    if (seen.has(run.instanceId)) continue;
    try {
      // One that has no name yet may stand in the queue; then its waiter lives.
      const known = run.runId ?? run.waiter;
      if (known === null || (await isOver(known))) seen.set(run.instanceId, `${run.key}.${run.round}`);
    } catch (error) {
      fault(`run ${run.runId ?? run.key} of ${run.instanceId} could not be asked after`, error);
    }
  }
  swept.lost = [...seen.keys()].slice(swept.due.length);
  const period = Math.floor(clock.now() / PERIOD);
  for (const [id, what] of seen) {
    try {
      await triggerDriver(id, 'sweep', { key: `sweep:${id}:${what}:${period}`, keyFor: '10m' });
    } catch (error) {
      swept.failed.push(id);
      fault(`no driver for ${id}`, error);
    }
  }
  return swept;
}
