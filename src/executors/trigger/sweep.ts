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
/** A driver that does not begin before the next sweep but one is not needed: that one triggers another. So they do not pile up in a queue that stands. */
const TTL = '2m';

/** Finds what was lost, and gets a driver to look at it: the backstop for everything that died between a commit and the call that follows it. */
export async function sweep(runtime: Runtime): Promise<Swept> {
  const { store, clock, deadAfter, sweepAfter, workflows, fault } = runtime;
  const session = await runtime.session();
  const dead = await store.buryWorkers(clock.now(), deadAfter, session.id);
  const swept: Swept = { dead: dead.length, due: [], lost: [], failed: [] };
  swept.due = await store.due(clock.now(), [...workflows.keys()], MOST);
  const seen = new Set(swept.due);
  for (const run of await store.openSince(clock.now() - sweepAfter, MOST)) {
    if (seen.has(run.instanceId)) continue;
    try {
      // One that has no name yet may stand in the queue; then its waiter lives.
      const known = run.runId ?? run.waiter;
      if (known === null || (await isOver(known))) seen.add(run.instanceId);
    } catch (error) {
      fault(`run ${run.runId ?? run.key} of ${run.instanceId} could not be asked after`, error);
    }
  }
  swept.lost = [...seen].slice(swept.due.length);
  for (const id of seen) {
    try {
      await triggerDriver(id, 'sweep', { ttl: TTL });
    } catch (error) {
      swept.failed.push(id);
      fault(`no driver for ${id}`, error);
    }
  }
  return swept;
}
