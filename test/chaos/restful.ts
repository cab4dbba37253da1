import { StepError, type Workflow } from '../../src/index.ts';
import { hasEnded } from '../../src/engine/state.ts';
import { report } from '../../src/engine/macrostep.ts';
import { pick } from '../core/generated/build.ts';
import { EVENTS } from '../core/generated/spec.ts';
import { Kept } from '../proof/operations/kept.ts';
import { Mover } from '../proof/operations/mover.ts';
import { seeded } from '../proof/random.ts';

/** Lives that are looked at. */
const LIVES = 6;
/** Events that each gets from outside. */
const SENDS = 8;
/** What may happen by itself between two of them. */
const LONGEST = 12;
const CHILDREN = 8;

/** Whether a machine, left alone, soon has nothing to do: ten thousand instances of one that goes round by its own timers would be a load and no test. */
export function isRestful(workflow: Workflow): boolean {
  for (let life = 0; life < LIVES; life++) {
    const random = seeded(life);
    const kept = new Kept('i');
    const mover = new Mover(workflow, kept, () => {});
    const place = { tenant: null, tags: [], priority: 5, key: null, parent: null, leased: true };
    const at = { wakeAt: null, startAt: null, createdAt: mover.now };
    const { name, version } = workflow;
    if (!mover.start({ workflow: name, version, ...place, input: {}, ...at })) return false;
    const reported = new Set<string>();
    for (let sends = 0; sends < SENDS && !hasEnded(mover.state.status); sends++) {
      let happened = 0;
      while (goesOn(mover, kept, reported, random)) if (++happened > LONGEST) return false;
      if (kept.children.size > CHILDREN) return false;
      const type = pick(EVENTS, Math.floor(random() * EVENTS.length));
      kept.post({ type, payload: null, source: 'external', fence: null });
      mover.drain();
    }
  }
  return true;
}

/** Lets one thing happen that nobody from outside is needed for. */
function goesOn(mover: Mover, kept: Kept, reported: Set<string>, random: () => number): boolean {
  mover.store();
  const [row] = mover.startable();
  const [running] = mover.attempts;
  if (running !== undefined) {
    const failed = { type: 'failed', error: new StepError('INVALID_INPUT', 'no') } as const;
    mover.conclude(running, random() < 0.8 ? { type: 'done', output: { n: 1 } } : failed);
    return true;
  }
  if (row !== undefined) {
    mover.begun(row);
    return true;
  }
  for (const [id, { parent }] of kept.children) {
    if (reported.has(id) || parent === null) continue;
    reported.add(id);
    kept.post(report(parent, { output: { n: 1 } }));
    mover.drain();
    return true;
  }
  const due = Math.min(...[...mover.state.timers.values()].map(({ dueAt }) => dueAt));
  if (due === Infinity) return false;
  mover.now = Math.max(mover.now, due);
  mover.fire();
  return true;
}
