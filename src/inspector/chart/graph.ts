import type { Definition } from '../../http/types.ts';
import { invocationName } from './invocation.ts';

/** A machine's definition as a graph to draw: what is in which box, and which arrow is of which kind. */
export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export interface GraphNode {
  /** Path of the state; empty for the machine itself. */
  id: string;
  /** Null for one that lies directly on the canvas. */
  parent: string | null;
  name: string;
  type: Definition['states'][number]['type'];
  /** `H` or `H*` of a history state. */
  history: 'shallow' | 'deep' | null;
  description: string | null;
  /** Its box has others in it. */
  hasChildren: boolean;
  /** The first state of its parent. */
  isInitial: boolean;
  /** A region of a parallel state. */
  isRegion: boolean;
  invoke: { id: string; src: string }[];
  entry: string[];
  exit: string[];
  tags: string[];
}

/** What makes a transition happen. */
export type EdgeKind = 'event' | 'done' | 'error' | 'timer' | 'always';

export interface GraphEdge {
  /** Its place among the definition's transitions. */
  id: string;
  from: string;
  to: string;
  kind: EdgeKind;
  /** Type or descriptor; empty for one without an event. */
  event: string;
  /** Of the event, as people say it. */
  name: string;
  guard: string | null;
  actions: string[];
  description: string | null;
  /** It enters these as well, in other regions. */
  also: string[];
  /** It has no target: it acts, and the state stays. */
  isInternal: boolean;
}

/** Every state becomes one node and every transition one edge; the machine itself only where it has something to show. */
export function graphOf(definition: Definition): Graph {
  const [root, ...states] = definition.states;
  const showsRoot =
    root !== undefined &&
    (root.type === 'parallel' ||
      root.invoke.length > 0 ||
      definition.transitions.some(({ from, to }) => from === '' || to.includes('')));
  const shown = showsRoot ? definition.states : states;
  const types = new Map(definition.states.map(({ path, type }) => [path, type]));
  const initial = new Set(definition.states.flatMap((state) => state.initial));
  const parents = new Set(definition.states.map(({ parent }) => parent));
  return {
    nodes: shown.map((state) => ({
      id: state.path,
      parent: state.parent === '' && !showsRoot ? null : state.parent,
      name: state.path === '' ? definition.id : state.path.slice(state.path.lastIndexOf('.') + 1),
      type: state.type,
      history: state.history,
      description: state.description,
      hasChildren: parents.has(state.path),
      isInitial: initial.has(state.path),
      isRegion: state.parent !== null && types.get(state.parent) === 'parallel',
      invoke: state.invoke,
      entry: state.entry,
      exit: state.exit,
      tags: state.tags,
    })),
    edges: definition.transitions.map((transition, i) => ({
      id: String(i),
      from: transition.from,
      to: transition.to[0] ?? transition.from,
      event: transition.event,
      ...kindOf(transition),
      guard: transition.guard,
      actions: transition.actions,
      description: transition.description,
      also: transition.to.slice(1),
      isInternal: transition.to.length === 0,
    })),
  };
}

const TIMER = /^xstate\.after\.(\d+|[^.]+)\./;
const OUTCOME = /^xstate\.(done|error)\.(actor|state)\.(.*)$/s;

/** The kind of a transition, and its event in words. */
export function kindOf({
  event,
  delay,
}: Pick<Definition['transitions'][number], 'event' | 'delay'>): Pick<GraphEdge, 'kind' | 'name'> {
  if (event === '') return { kind: 'always', name: 'always' };
  if (delay !== null || event.startsWith('xstate.after.'))
    return { kind: 'timer', name: `after ${waitOf(delay ?? delayIn(event))}` };
  const [, outcome, of, id = ''] = OUTCOME.exec(event) ?? [];
  if (outcome === 'error') return { kind: 'error', name: `${nameOf(id)} failed` };
  if (outcome === 'done') return { kind: 'done', name: of === 'state' ? 'all done' : `${nameOf(id)} done` };
  if (event.startsWith('xstate.snapshot.'))
    return { kind: 'event', name: `${event.slice('xstate.snapshot.'.length)} changed` };
  return { kind: 'event', name: event };
}

/** Of an invocation without an id of its own the state tells which it is. */
function nameOf(id: string): string {
  return invocationName(id, 'it');
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** An event of a history says its delay in its type only. */
function delayIn(event: string): number | string | null {
  const delay = TIMER.exec(event)?.[1];
  return delay === undefined ? null : /^\d+$/.test(delay) ? Number(delay) : delay;
}

function waitOf(delay: number | string | null): string {
  if (delay === null) return 'a while';
  if (typeof delay === 'string') return delay;
  const unit = UNITS.find(([, size]) => delay >= size && delay % (size / 10) === 0);
  return unit === undefined ? `${delay} ms` : `${delay / unit[1]} ${unit[0]}`;
}
