import type { AnyStateMachine, AnyTransitionDefinition } from 'xstate';
import type { StateValue } from './snapshot.ts';

export type Node = AnyStateMachine['root'];

/**
 * A value in the order of the machine's definition. JSON has no place for the order in which states were entered
 * (jsonb not even for that of keys), so every snapshot has this one.
 * @param before an earlier value in that order: what is as it was there is shared, so that it can be told by identity
 */
export function ordered(node: Node, value: StateValue, before?: StateValue): StateValue {
  if (typeof value === 'string') return value;
  const keys = Object.keys(value);
  if (keys.length > 1) {
    const places = placesOf(node);
    keys.sort((a, b) => (places.get(a) ?? Infinity) - (places.get(b) ?? Infinity));
  }
  const earlier = typeof before === 'object' ? before : undefined;
  let shared = earlier !== undefined && Object.keys(earlier).length === keys.length;
  const result = Object.fromEntries(
    keys.map((key) => {
      const child = node.states[key] as Node | undefined;
      const old = earlier?.[key];
      // A state that the machine no longer has stays, for XState to complain of.
      const inner = child === undefined ? value[key] : ordered(child, value[key] as StateValue, old);
      shared &&= inner === old;
      return [key, inner];
    }),
  );
  return shared && earlier !== undefined ? earlier : result;
}

const places = new WeakMap<Node, Map<string, number>>();

function placesOf(node: Node): Map<string, number> {
  let map = places.get(node);
  if (map === undefined) places.set(node, (map = new Map(Object.keys(node.states).map((key, place) => [key, place]))));
  return map;
}

/** The states of a complete value that is {@link ordered}, outer ones first: in the order of the definition. */
export function nodesOf(node: Node, value: StateValue, nodes: Node[] = []): Node[] {
  nodes.push(node);
  if (typeof value === 'string') nodes.push(node.states[value] as Node);
  else for (const [key, inner] of Object.entries(value)) nodesOf(node.states[key] as Node, inner as StateValue, nodes);
  return nodes;
}

/**
 * What XState asks its states for when an event comes, asked only where an answer can be: of a hundred parallel regions
 * it asks each one about each event. The rules are its own: inner states before outer ones, every region of a parallel one.
 */
export class Selector {
  private readonly root: Node;
  /** States that have a transition for a type of event, or have such a state in them. */
  private readonly exact = new Map<string, Set<Node>>();
  /** The same for types with a wildcard: these may take anything. */
  private readonly wild = new Set<Node>();

  constructor(root: Node) {
    this.root = root;
    this.index(root, []);
  }

  select(snapshot: { value: StateValue }, event: { type: string }): AnyTransitionDefinition[] {
    return this.ask(this.root, snapshot.value, snapshot, event) ?? [];
  }

  private index(node: Node, around: readonly Node[]): void {
    const line = [...around, node];
    for (const type of node.transitions.keys()) {
      const set = type.endsWith('*') ? this.wild : (this.exact.get(type) ?? new Set());
      if (set !== this.wild) this.exact.set(type, set);
      for (const one of line) set.add(one);
    }
    for (const child of Object.values(node.states)) this.index(child, line);
  }

  private ask(
    node: Node,
    value: StateValue,
    snapshot: object,
    event: { type: string },
  ): AnyTransitionDefinition[] | undefined {
    if (!this.wild.has(node) && this.exact.get(event.type)?.has(node) !== true) return undefined;
    const inner: AnyTransitionDefinition[] = [];
    if (typeof value === 'string') inner.push(...(next(node.states[value] as Node, snapshot, event) ?? []));
    else {
      for (const [key, at] of Object.entries(value))
        inner.push(...(this.ask(node.states[key] as Node, at as StateValue, snapshot, event) ?? []));
    }
    return inner.length > 0 ? inner : next(node, snapshot, event);
  }
}

/** XState's own choice among the transitions of one state, guards included. Not in its types. */
function next(node: Node, snapshot: object, event: object): AnyTransitionDefinition[] | undefined {
  return (node as unknown as { next: (...args: object[]) => AnyTransitionDefinition[] | undefined }).next(
    snapshot,
    event,
  );
}
