import type { AnyStateMachine } from 'xstate';
import { externalEventTypes } from './event-types.ts';

/** A machine as a table: where an instance can stand, and what can move it. */
export interface Chart {
  states: ChartState[];
  edges: Edge[];
}

/** A state as an instance's row names it; null stands for all of a machine that is parallel at its root. */
export interface ChartState {
  state: string | null;
  /** Types of the events from outside that it has transitions for, whatever their guards say. */
  accepts: string[];
}

/** One transition of the definition; those that differ in their guards only are one. */
export interface Edge {
  /** The state that has it; null for the start, `*` for the machine itself. */
  from: string | null;
  /** `always` for one without an event. */
  event: string;
  to: string;
  /** What the rows of a history look like that took it; none where they cannot tell, as of an `always` inside of a region. */
  taken: Taken[];
}

/** Fits rows of a history; null fits any. `event` may be a descriptor: `*`, `name.*`. */
export interface Taken {
  from: string | null;
  event: string;
  to: string | null;
}

type Node = AnyStateMachine['root'];
interface Arrow {
  source: Node;
  target: readonly Node[] | undefined;
  eventType: string;
}
/** A place that a macrostep can end in, and the transitions that lead there after the first. */
interface End {
  name: string | null;
  edges: Edge[];
}

/**
 * Reads the chart off a machine. A history has one row a macrostep, from a state to a state; the transitions without an
 * event of their own (`always`, `onDone` of a state) that it went through are found by following them. Of two ways
 * to the same end the shorter one counts. What actions raise is not foreseen.
 */
export function chartOf(machine: AnyStateMachine): Chart {
  const finder = new EdgeFinder();
  const { root } = machine;
  const nodes = nodesOf(root);
  const first = root.type === 'compound' ? (root.initial.target as Node[])[0] : root;
  const start: Edge = { from: null, event: 'xstate.init', to: pathOf(first as Node), taken: [] };
  finder.begin(start, 'xstate.init', null, entered(root));
  const accepts = new Map(leavesOf(root).map((leaf) => [nameOf(leaf), new Set<string>()]));
  for (const node of nodes) {
    const names = new Map(Map.groupBy(leavesOf(node), nameOf));
    for (const arrow of [...node.transitions.values()].flat() as unknown as Arrow[]) {
      const edge = finder.edge(arrow);
      // Raised by the machine itself: part of another macrostep.
      if (arrow.eventType.startsWith('xstate.done.state.')) continue;
      for (const [name, leaves] of names) {
        accepts.get(name)?.add(arrow.eventType);
        finder.begin(edge, arrow.eventType, name, arrow.target?.flatMap(entered) ?? leaves);
      }
    }
    for (const arrow of alwaysOf(node)) finder.edge(arrow);
  }
  finder.finish();
  return {
    states: [...accepts].map(([state, types]) => ({ state, accepts: externalEventTypes([...types]) })),
    edges: [start, ...finder.edges.values()],
  };
}

class EdgeFinder {
  readonly edges = new Map<string, Edge>();
  /** By state and event: what can happen then. */
  private readonly groups = new Map<string, { from: string | null; event: string; ways: Map<Edge, Node[]> }>();

  edge({ source, target, eventType }: Arrow): Edge {
    const edge: Edge = {
      from: pathOf(source),
      event: eventType === '' ? 'always' : eventType,
      to: pathOf(target?.[0] ?? source),
      taken: [],
    };
    const key = JSON.stringify([edge.from, edge.event, edge.to]);
    const known = this.edges.get(key);
    if (known === undefined) this.edges.set(key, edge);
    return known ?? edge;
  }

  /** @param leaves what is entered, or stays */
  begin(edge: Edge, event: string, from: string | null, leaves: Node[]): void {
    const key = JSON.stringify([from, event]);
    const group = this.groups.get(key) ?? { from, event, ways: new Map<Edge, Node[]>() };
    this.groups.set(key, group);
    group.ways.set(edge, leaves);
  }

  /** Says of each edge which rows have taken it. */
  finish(): void {
    for (const { from, event, ways } of this.groups.values()) {
      const only = ways.size === 1;
      const ends = [...ways].flatMap(([edge, leaves]) =>
        this.endsOf(leaves).map((end) => ({ name: end.name, edges: [edge, ...end.edges] })),
      );
      for (const [edge] of ways) if (only) edge.taken.push({ from, event, to: null });
      for (const [to, same] of Map.groupBy(ends, ({ name }) => name)) {
        const shortest = Math.min(...same.map(({ edges }) => edges.length));
        const taken = new Set(same.filter(({ edges }) => edges.length === shortest).flatMap(({ edges }) => edges));
        for (const edge of taken) if (!only || !ways.has(edge)) edge.taken.push({ from, event, to });
      }
    }
  }

  /** Where a macrostep can end that has entered these states: there, or further on by transitions that need no event. */
  private endsOf(leaves: readonly Node[]): End[] {
    const ends = endsAt(leaves, []);
    let reached = [{ leaves, edges: [] as Edge[] }];
    const gone = new Set<Edge>();
    while (reached.length > 0) {
      reached = reached.flatMap((from) =>
        from.leaves.flatMap(followUps).flatMap((arrow) => {
          const edge = this.edge(arrow);
          if (gone.has(edge)) return [];
          gone.add(edge);
          // Rows of a history say nothing of where in their regions states with regions are.
          const edges = isInRegion(arrow.source) ? from.edges : [...from.edges, edge];
          return [{ leaves: arrow.target?.flatMap(entered) ?? from.leaves, edges }];
        }),
      );
      for (const { leaves: last, edges } of reached) ends.push(...endsAt(last, edges));
    }
    return ends;
  }
}

/** Of several states the machine is in all of them, and they have one name; or in one of those that a history state may stand for. */
function endsAt(leaves: readonly Node[], edges: Edge[]): End[] {
  return [...new Set(leaves.map(nameOf))].map((name) => ({ name, edges }));
}

/** Transitions that a machine standing in this leaf may take of itself. */
function followUps(leaf: Node): Arrow[] {
  const ancestors = ancestorsOf(leaf).toReversed();
  const always = ancestors.flatMap(alwaysOf);
  if (leaf.type !== 'final') return always;
  // A region that is done may be the last one of its state.
  const done = ancestors.slice(1).filter((node, i) => i === 0 || node.type === 'parallel');
  return [...always, ...done.flatMap((node) => arrowsOn(node, `xstate.done.state.${node.id}`))];
}

function arrowsOn(node: Node, event: string): Arrow[] {
  return (node.transitions.get(event) ?? []) as unknown as Arrow[];
}

function alwaysOf(node: Node): Arrow[] {
  return (node.always ?? []) as unknown as Arrow[];
}

function nodesOf(node: Node): Node[] {
  return [node, ...childrenOf(node).flatMap(nodesOf)];
}

/** The innermost states below a node. */
function leavesOf(node: Node): Node[] {
  const children = childrenOf(node);
  return children.length === 0 ? [node] : children.flatMap(leavesOf);
}

function childrenOf(node: Node): Node[] {
  return Object.values(node.states as Record<string, Node>).filter(({ type }) => type !== 'history');
}

/** The innermost states that are entered with a node; of a history state any could be. */
function entered(node: Node): Node[] {
  if (node.type === 'history') return leavesOf(node.parent as Node);
  if (node.type === 'compound') return (node.initial.target as Node[]).flatMap(entered);
  return node.type === 'parallel' ? childrenOf(node).flatMap(entered) : [node];
}

/** From the root to the node. */
function ancestorsOf(node: Node): Node[] {
  return node.parent === undefined ? [node] : [...ancestorsOf(node.parent as Node), node];
}

/** The name that `stateName` gives to where this leaf is: that of the outermost state with regions around it, else its own. */
function nameOf(leaf: Node): string | null {
  const split = ancestorsOf(leaf).find(hasRegions);
  if (split === undefined) return pathOf(leaf);
  return split.parent === undefined ? null : pathOf(split);
}

function isInRegion(node: Node): boolean {
  return ancestorsOf(node).slice(0, -1).some(hasRegions);
}

function hasRegions(node: Node): boolean {
  return node.type === 'parallel' && childrenOf(node).length > 1;
}

function pathOf(node: Node): string {
  return node.path.length === 0 ? '*' : node.path.join('.');
}
