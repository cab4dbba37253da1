import type { Definition } from '../../http/types.ts';

/**
 * Where a machine stands that is clicked through: the innermost states it is in. Nothing is run: guards are not asked and
 * contexts not changed; whoever clicks decides what happens.
 */
export type Configuration = readonly string[];

type State = Definition['states'][number];
type Transition = Definition['transitions'][number];

/** Where it begins. */
export function begin(definition: Definition): Configuration {
  return entered(statesByPath(definition), '');
}

/** What can happen in a configuration, by its place in the definition; inner states come first. */
export function choices(definition: Definition, at: Configuration): { index: number; transition: Transition }[] {
  const states = statesByPath(definition);
  const sources = new Set(at.flatMap((leaf) => ancestors(states, leaf)));
  const done = new Set([...sources].filter((path) => isDone(states, path, at)));
  return definition.transitions
    .map((transition, index) => ({ index, transition }))
    .filter(({ transition: { from, event } }) => {
      if (!sources.has(from)) return false;
      // Of a state it says itself that it is done; until then its own way out is shut.
      return !event.startsWith('xstate.done.state.') || done.has(from);
    })
    .sort((a, b) => b.transition.from.length - a.transition.from.length);
}

/** Where it stands after a transition. */
export function after(definition: Definition, at: Configuration, { from, to, reenter }: Transition): Configuration {
  if (to.length === 0) return at;
  const states = statesByPath(definition);
  const domain = commonAncestor(states, from, to, reenter);
  const stays = at.filter((leaf) => leaf !== domain && !ancestors(states, leaf).includes(domain));
  const paths = to.map((target) => ancestors(states, target).slice(0, ancestors(states, target).indexOf(domain)));
  const leaves = to.flatMap((target) => entered(states, target));
  // A state with regions is entered in all of them.
  const others = new Set([...paths.flat(), domain]);
  const besides = [...others]
    .filter((path) => states.get(path)?.type === 'parallel')
    .flatMap((path) => childrenOf(states, path))
    .filter(({ path }) => !others.has(path) && !to.includes(path))
    .flatMap(({ path }) => entered(states, path));
  return [...new Set([...stays, ...leaves, ...besides])];
}

/** As XState writes it: a name, or names by region. */
export function valueOf(at: Configuration): unknown {
  const tree: Tree = {};
  for (const leaf of at) {
    let node = tree;
    for (const name of leaf.split('.')) node = node[name] ??= {};
  }
  return plain(tree);
}

interface Tree {
  [name: string]: Tree;
}

function plain(tree: Tree): unknown {
  const names = Object.keys(tree);
  const [only] = names;
  if (names.length === 1 && only !== undefined && Object.keys(tree[only] ?? {}).length === 0) return only;
  return Object.fromEntries(names.map((name) => [name, plain(tree[name] ?? {})]));
}

function statesByPath({ states }: Definition): ReadonlyMap<string, State> {
  return new Map(states.map((state) => [state.path, state]));
}

function childrenOf(states: ReadonlyMap<string, State>, path: string): State[] {
  return [...states.values()].filter(({ parent, type }) => parent === path && type !== 'history');
}

/** The state itself first, the machine last. */
function ancestors(states: ReadonlyMap<string, State>, path: string): string[] {
  const parent = states.get(path)?.parent ?? null;
  return parent === null ? [path] : [path, ...ancestors(states, parent)];
}

/** The innermost states that are entered with a state. A history state has nothing to remember yet. */
function entered(states: ReadonlyMap<string, State>, path: string): string[] {
  const state = states.get(path);
  if (state === undefined) return [];
  if (state.type === 'parallel') return childrenOf(states, path).flatMap((child) => entered(states, child.path));
  if (state.type === 'history') return entered(states, state.initial[0] ?? state.parent ?? '');
  if (state.type === 'compound') return state.initial.flatMap((initial) => entered(states, initial));
  return [path];
}

/** Whether a state has come to its end: one with regions in all of them. */
function isDone(states: ReadonlyMap<string, State>, path: string, at: Configuration): boolean {
  const state = states.get(path);
  if (state?.type === 'parallel') return childrenOf(states, path).every((child) => isDone(states, child.path, at));
  return at.some((leaf) => states.get(leaf)?.type === 'final' && (states.get(leaf)?.parent === path || leaf === path));
}

/** The innermost state that holds both ends, and is not left. */
function commonAncestor(
  states: ReadonlyMap<string, State>,
  from: string,
  to: readonly string[],
  reenter: boolean,
): string {
  const inside = (path: string): boolean => to.every((target) => ancestors(states, target).slice(1).includes(path));
  const [, ...outer] = ancestors(states, from);
  const around = reenter || states.get(from)?.type === 'atomic' ? outer : [from, ...outer];
  return around.find(inside) ?? '';
}
