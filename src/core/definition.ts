import type { AnyStateMachine } from 'xstate';
import { chartOf, type Taken } from './chart.ts';

/** A machine as plain data, for pictures: XState's own leaves out transitions without an event, and names of guards. */
export interface Definition {
  id: string;
  /** In the machine's order, outer ones before inner ones; the first is the machine itself. */
  states: StateDefinition[];
  transitions: TransitionDefinition[];
}

export interface StateDefinition {
  /** Names from the outermost state in, with dots; empty for the machine itself. */
  path: string;
  /** Null for the machine itself. */
  parent: string | null;
  type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  history: 'shallow' | 'deep' | null;
  description: string | null;
  /** Paths of the states that are entered with it. */
  initial: string[];
  /** Invoke ids, and the actors behind them. */
  invoke: { id: string; src: string }[];
  entry: string[];
  exit: string[];
  tags: string[];
}

export interface TransitionDefinition {
  /** Path of the state that has it. */
  from: string;
  /** Paths; none where it only acts. */
  to: string[];
  /** Type or descriptor; empty for one without an event. */
  event: string;
  /** In words: a name with its parameters, `inline` where it has none. */
  guard: string | null;
  actions: string[];
  /** Milliseconds, or the name of a delay. */
  delay: number | string | null;
  reenter: boolean;
  description: string | null;
  /** The rows of a history that took it. */
  taken: Taken[];
}

type Node = AnyStateMachine['root'];
interface Arrow {
  source: Node;
  target: readonly Node[] | undefined;
  eventType: string;
  guard?: unknown;
  actions: readonly unknown[];
  delay?: number | string;
  reenter: boolean;
  description?: string;
}

/** Reads states and transitions off a machine. */
export function definitionOf(machine: AnyStateMachine): Definition {
  const nodes = nodesOf(machine.root);
  const taken = new Map(chartOf(machine).edges.map((edge) => [keyOf(edge), edge.taken]));
  const arrows = nodes.flatMap((node) => [...[...node.transitions.values()].flat(), ...(node.always ?? [])]);
  return {
    id: machine.id,
    states: nodes.map(stateOf),
    transitions: (arrows as unknown as Arrow[]).map((arrow) => ({
      from: pathOf(arrow.source),
      to: (arrow.target ?? []).map(pathOf),
      event: arrow.eventType,
      guard: arrow.guard === undefined ? null : guardName(arrow.guard),
      actions: arrow.actions.map(nameOf),
      delay: arrow.delay ?? null,
      reenter: arrow.reenter,
      description: arrow.description ?? null,
      taken: taken.get(chartKey(arrow)) as Taken[],
    })),
  };
}

function stateOf(node: Node): StateDefinition {
  const { entry, exit } = node.config as { entry?: unknown; exit?: unknown };
  return {
    path: pathOf(node),
    parent: node.parent === undefined ? null : pathOf(node.parent as Node),
    type: node.type,
    history: node.type === 'history' ? (node.history === 'deep' ? 'deep' : 'shallow') : null,
    description: node.description ?? null,
    initial: node.type === 'compound' ? (node.initial.target as Node[]).map(pathOf) : [],
    invoke: node.invoke.map(({ id, src }) => ({ id, src: src as string })),
    // Those of the config: the node's own list also has what `after` is made of.
    entry: [entry ?? []].flat().map(nameOf),
    exit: [exit ?? []].flat().map(nameOf),
    tags: [...node.tags],
  };
}

function guardName(guard: unknown): string {
  const { check, guards } = guard as { check: { name: string }; guards?: unknown[] };
  if (guards === undefined) return nameOf(guard);
  // `and`, `or`, `not` of XState.
  return `${check.name.replace(/^check/, '').toLowerCase()}(${guards.map(guardName).join(', ')})`;
}

/** The name that the machine's author gave: `name`, `name(parameters)`, XState's own without its prefix. */
function nameOf(named: unknown): string {
  if (typeof named === 'string') return named;
  const { type, params } = named as { type?: string; params?: unknown };
  if (type === undefined) return 'inline';
  const name = type.replace(/^xstate\./, '');
  if (params === undefined || typeof params === 'function') return name;
  const values = typeof params === 'object' && params !== null ? Object.values(params) : [params];
  return `${name}(${values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(', ')})`;
}

function nodesOf(node: Node): Node[] {
  return [node, ...Object.values(node.states as Record<string, Node>).flatMap(nodesOf)];
}

function pathOf(node: Node): string {
  return node.path.join('.');
}

/** As the chart names transitions. */
function chartKey({ source, target, eventType }: Arrow): string {
  return keyOf({
    from: pathOf(source) || '*',
    event: eventType || 'always',
    to: pathOf(target?.[0] ?? source) || '*',
  });
}

function keyOf({ from, event, to }: { from: string | null; event: string; to: string }): string {
  return JSON.stringify([from, event, to]);
}
