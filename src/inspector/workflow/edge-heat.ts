import type { Definition, WorkflowStatistics } from '../../http/types.ts';
import { edgeKey } from './edge-key.ts';

/** What the history tells of the transitions of a machine. */
export interface EdgeHeat {
  /** How often each was taken, by its place in the definition; those that differ by their guards only have one count. */
  taken: ReadonlyMap<string, number>;
  /** Of those that a step's error takes: which part of the step's results went that way, 0 to 1. */
  failing: ReadonlyMap<string, number>;
}

type Edges = WorkflowStatistics['edges'];

export function edgeHeat(definition: Definition, edges: Edges): EdgeHeat {
  const counted = new Map(edges.map(({ from, event, to, taken }) => [edgeKey(from, event, to), taken ?? 0]));
  const taken = new Map<string, number>();
  const failing = new Map<string, number>();
  definition.transitions.forEach(({ from, event, to }, index) => {
    const count = counted.get(edgeKey(from, event, to[0] ?? from));
    if (count === undefined || count === 0) return;
    taken.set(String(index), count);
    const rate = failureRate(edges, { from, event, taken: count });
    if (rate !== null) failing.set(String(index), rate);
  });
  return { taken, failing };
}

/** Which part of a step's results went along an edge of its error; null for other edges, and where there were none. */
export function failureRate(edges: Edges, edge: Pick<Edges[number], 'from' | 'event' | 'taken'>): number | null {
  const invokeId = /^xstate\.error\.actor\.(.*)$/.exec(edge.event)?.[1];
  if (invokeId === undefined || edge.taken === null) return null;
  const results = edges
    .filter(({ from, event }) => from === edge.from && /^xstate\.(done|error)\.actor\./.test(event))
    .filter(({ event }) => event.endsWith(`.actor.${invokeId}`))
    .reduce((sum, { taken }) => sum + (taken ?? 0), 0);
  return results === 0 ? null : edge.taken / results;
}

/** Which part of a step's invocations failed for good, by step; those that never failed are left out. */
export function failingSteps(statistics: WorkflowStatistics | undefined): ReadonlyMap<string, number> {
  return new Map(
    statistics?.steps.flatMap(({ step, done, failed }) => (failed === 0 ? [] : [[step, failed / (done + failed)]])),
  );
}
