import type { Effect, Target } from '../../core/effect.ts';
import type { StoredSnapshot } from '../../core/snapshot.ts';
import { invokeId } from '../keys.ts';
import type { Millis, Outstanding, StepKind } from '../ports.ts';
import type { Moment } from './order.ts';

/** What the rows say of an instance as it was after one of its transitions. */
export interface Past {
  id: string;
  parentId: string | null;
  snapshot: StoredSnapshot;
  /** When it was. */
  at: Millis;
  /** Of each invoke id, the newest invocation up to then. */
  invocations: { key: string; kind: StepKind; step: string; input: unknown; childId: string | null }[];
  /** Timers that the transitions up to then had armed, in their order. */
  armed: Armed[];
  /** Of the transition itself. */
  outstanding: Outstanding | null;
}

type Armed = Outstanding['armed'][number];

/** The moment as something to begin from: its live invocations are made anew, its timers have the time left that they had. Pure. */
export function momentOf(past: Past): Moment {
  const { snapshot } = past;
  const live = past.invocations.filter(({ key }) => {
    const id = invokeId(key);
    return Object.hasOwn(snapshot.children, id) && past.outstanding?.over?.includes(id) !== true;
  });
  const invokes = live.map(({ key, step, input }): Effect => ({ type: 'invoke', id: invokeId(key), src: step, input }));
  return { snapshot, effects: [...invokes, ...pending(past).flatMap((timer) => rearm(past, timer))] };
}

/** Which timers it left only the transition itself knows: one that fires without being taken leaves no trace. */
function pending({ armed, outstanding }: Past): Armed[] {
  if (outstanding === null) return [];
  const ids = new Set([...outstanding.left, ...outstanding.armed.map(({ id }) => id)]);
  const timers = new Map<string, Armed>();
  for (const timer of armed) {
    if (!ids.has(timer.id)) continue;
    timers.delete(timer.id);
    timers.set(timer.id, timer);
  }
  return [...timers.values()];
}

function rearm(past: Past, { id, event, to, dueAt }: Armed): Effect[] {
  const target = targetOf(past, to);
  if (target === undefined) return [];
  return [{ type: 'schedule', id, event, target, delay: Math.max(0, dueAt - past.at) }];
}

function targetOf({ id, parentId, invocations }: Past, to: string): Target | undefined {
  if (to === id) return { self: true };
  if (to === parentId) return { parent: true };
  const child = invocations.find(({ childId }) => childId === to);
  return child === undefined ? undefined : { child: invokeId(child.key) };
}
