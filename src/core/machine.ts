import type { AnyMachineSnapshot, AnyStateMachine, AnyTransitionDefinition } from 'xstate';
import { chartOf, type Chart } from './chart.ts';
import { collectEffects } from './collect.ts';
import { type Context, restoredContext, settleContext, storedContext } from './context.ts';
import type { Effect, EventObject } from './effect.ts';
import { endsWait } from './deadline.ts';
import { definitionOf, type Definition } from './definition.ts';
import { Entrance } from './entrance.ts';
import { DurachartError, TransitionError } from './error.ts';
import { childMachines, giverOf, isStarted, mayHaveBelow } from './family.ts';
import { storable } from './json.ts';
import { isInternal } from './event-types.ts';
import { decoded, encoded } from './undefined.ts';
import type { Self } from './references.ts';
import { LoopError, Trail } from './loop.ts';
import { Scope, type ChildActor, type Children } from './scope.ts';
import { Shortcut, type TransitionDefinition } from './shortcut.ts';
import type { Child, StateValue, StoredSnapshot } from './snapshot.ts';
import { nodesOf, ordered, Selector, type Node } from './states.ts';
import { describe } from './thrown.ts';

export { TransitionError } from './error.ts';

/** A snapshot in memory. Immutable; only {@link Machine} looks inside. */
export type LiveSnapshot = AnyMachineSnapshot;

/** What one macrostep gives. */
export interface Transition {
  snapshot: LiveSnapshot;
  effects: Effect[];
  /** False when no state took the event: nothing is to be stored. */
  changed: boolean;
}

/** More microsteps than this in one macrostep are taken for a loop that never ends. */
const MAX_MICROSTEPS = 10_000;

/** How XState says so. */
const ENDLESS = /^Infinite loop detected: the machine has processed more than/;

/** Orders to the machine, and no events: no state takes them, and a wildcard must not seem to. */
const ORDERS = new Set(['*', 'xstate.init', 'xstate.stop']);

/**
 * An XState machine as pure functions: (snapshot, event) → (snapshot, effects). No I/O, no clock, no memory:
 * a snapshot that went through the database behaves as the one that was kept.
 * All contact with XState is in this folder.
 */
export class Machine {
  private readonly machine: AnyStateMachine;
  private readonly original: AnyStateMachine;
  private readonly scope: Scope;
  private readonly entrance: Entrance;
  private readonly selector: Selector;
  private readonly shortcut: Shortcut;
  /** What has been selected for the event that XState is about to be asked about: guards are called once. */
  private selected: AnyTransitionDefinition[] | undefined;

  constructor(original: AnyStateMachine) {
    this.original = original;
    const hasChildren = childMachines(original).length > 0;
    this.scope = new Scope({
      hasChildren,
      isStarted: () => isStarted(original),
      giverOf: (systemId) => giverOf(original, systemId),
    });
    const actors = Object.keys(original.implementations.actors);
    this.machine = original.provide({
      actors: Object.fromEntries(actors.map((name) => [name, this.scope.logic])),
    } as never) as AnyStateMachine;
    const options = this.machine.options as { maxIterations: number };
    options.maxIterations = Math.min(original.options.maxIterations ?? Infinity, MAX_MICROSTEPS);
    this.selector = new Selector(this.machine.root);
    this.machine.getTransitionData = ((snapshot: LiveSnapshot, event: EventObject) =>
      this.select(snapshot, event)) as never;
    this.entrance = new Entrance(this.machine);
    this.shortcut = new Shortcut(this.machine, this.scope);
  }

  /** The machine as plain data, for pictures. */
  get definition(): Definition {
    return definitionOf(this.original);
  }

  /** The machine as XState's config, in JSON, for other tools; of a function its name is left. */
  get config(): string {
    return JSON.stringify(this.original.config, (_, value: unknown) =>
      typeof value === 'function' ? { type: value.name } : value,
    );
  }

  /** The machine as a table of states and transitions, for SQL. */
  get chart(): Chart {
    return chartOf(this.original);
  }

  /**
   * The first macrostep.
   * @param input as it is stored
   * @param who the instance, for code that asks
   * @throws TransitionError, NotJsonError
   */
  start(input: unknown, who?: Self): Transition {
    const enter = (): LiveSnapshot => this.entrance.enter(this.scope.begin({}, undefined, who), decoded(input));
    let snapshot: LiveSnapshot;
    try {
      snapshot = enter();
    } catch (error) {
      throw this.failure('the start', error, enter);
    }
    return { snapshot, effects: this.settle(snapshot), changed: true };
  }

  /**
   * One macrostep. A snapshot with status `error` means that an error event found no handler.
   * @param stored the event as it is stored
   * @param who the instance, for code that asks
   * @throws TransitionError, NotJsonError
   */
  next(before: LiveSnapshot, stored: EventObject, who?: Self): Transition {
    if (before.status !== 'active') return { snapshot: before, effects: [], changed: false };
    const event = decoded(stored);
    const children = before.children as Children;
    this.scope.begin(children, before, who);
    let quick: LiveSnapshot | undefined;
    let snapshot: LiveSnapshot;
    try {
      quick = this.quick(before, event);
      snapshot = quick ?? (this.machine.transition(before, event, this.scope as never) as LiveSnapshot);
    } catch (error) {
      throw this.failure(`event ${event.type}`, error, () =>
        this.machine.transition(before, event, this.scope.begin(children, before, who) as never),
      );
    }
    const effects = quick === undefined ? this.settle(snapshot, before) : this.settleContents(snapshot, before);
    return { snapshot, effects, changed: snapshot !== before || effects.length > 0 };
  }

  private quick(before: LiveSnapshot, event: EventObject): LiveSnapshot | undefined {
    if (ORDERS.has(event.type)) return undefined;
    const transitions = this.selector.select(before as { value: StateValue }, event);
    const after = this.shortcut.take(before, event, transitions as unknown as TransitionDefinition[]);
    this.selected = after === undefined ? transitions : undefined;
    return after;
  }

  private select(snapshot: LiveSnapshot, event: EventObject): AnyTransitionDefinition[] {
    const { selected } = this;
    this.selected = undefined;
    return selected ?? this.selector.select(snapshot as { value: StateValue }, event);
  }

  /** Whether a state takes the event, guards included. @throws TransitionError when a guard throws */
  accepts(snapshot: LiveSnapshot, event: EventObject, who?: Self): boolean {
    if (snapshot.status !== 'active' || ORDERS.has(event.type)) return false;
    try {
      this.scope.begin(snapshot.children as Children, snapshot, who);
      return snapshot.can(decoded(event));
    } catch (error) {
      throw failed(`event ${event.type}`, error);
    }
  }

  /** Types of the events that the current states have transitions for, `*` included, whatever their guards say. */
  eventTypes(snapshot: LiveSnapshot): string[] {
    if (snapshot.status !== 'active') return [];
    const types = snapshot._nodes.flatMap((node) => node.ownEvents as string[]);
    return [...new Set(types.filter((type) => !isInternal(type)))].toSorted();
  }

  /** Types of the events that a part of the machine waits for while nothing runs for it: one region may wait while another works. */
  waitsFor(snapshot: LiveSnapshot): string[] {
    const lines = snapshot._nodes.filter((node) => node.type === 'atomic').map(upToRegion);
    const idle = lines.filter((line) => line.every((node) => node.invoke.length === 0));
    const types = idle.flat().flatMap((node) => node.ownEvents as string[]);
    return [...new Set(types.filter((type) => !isInternal(type)))].toSorted();
  }

  /** Whether one of these events can come too late once a timer has fired. */
  endsWait(snapshot: LiveSnapshot, timer: string, events: readonly string[]): boolean {
    return endsWait(snapshot, timer, events);
  }

  /** The tags of the current states. */
  tags(snapshot: LiveSnapshot): string[] {
    return [...snapshot.tags].toSorted();
  }

  /** The snapshot as plain JSON. */
  store(snapshot: LiveSnapshot): StoredSnapshot {
    // What changes least comes first: Postgres logs a row from where it differs.
    const stored: StoredSnapshot = {
      context: storedContext(snapshot.context as Context),
      historyValue: historyOf(snapshot),
      children: snapshot.status === 'active' ? childrenOf(snapshot) : {},
      value: snapshot.value as StateValue,
      status: snapshot.status,
    };
    if (snapshot.output !== undefined) stored.output = snapshot.output;
    if (snapshot.error !== undefined) stored.error = snapshot.error;
    return stored;
  }

  /** A stored snapshot brought back. @throws DurachartError `STATE_UNKNOWN` when the machine no longer has the state */
  restore(stored: StoredSnapshot): LiveSnapshot {
    const scope = this.scope.begin({});
    // Children by hand, not by XState: it drops children whose actor has been renamed (nobody could stop them any more),
    // and gives undefined for references to children that have been stopped.
    const children: Children = {};
    for (const [id, child] of Object.entries(stored.children)) children[id] = scope.child(id, child);
    const context = restoredContext(stored.context, (id) => scope.reference(id, children));
    try {
      return { ...this.bare(stored), context, children } as never;
    } catch (error) {
      throw new DurachartError(
        'STATE_UNKNOWN',
        `Machine ${this.original.id} has no state ${JSON.stringify(stored.value)}: ${describe(error)}`,
        { details: { value: stored.value }, cause: error },
      );
    }
  }

  /**
   * The input that a live invocation would be given if its state were entered by an event that carries nothing.
   * Undefined where no state invokes it, and where the machine cannot say without the event.
   */
  inputOf(snapshot: LiveSnapshot, id: string, who?: Self): { value: unknown } | undefined {
    const invocations = snapshot._nodes.flatMap((node) => node.invoke as { id: string; input?: unknown }[]);
    const invocation = invocations.find((one) => one.id === id);
    if (invocation === undefined) return undefined;
    const { input } = invocation;
    if (typeof input !== 'function') return { value: encoded(input) };
    try {
      this.scope.begin(snapshot.children as Children, snapshot, who);
      const value: unknown = input({
        context: snapshot.context,
        event: { type: 'xstate.init' },
        self: this.scope.self,
      });
      return { value: storable(value, `The input of ${id}`) };
    } catch {
      return undefined;
    }
  }

  /** Whether an actor with a system id may be below an instance of this machine. */
  mayHaveBelow(systemId: string): boolean {
    return mayHaveBelow(this.original, systemId);
  }

  /** The function behind a named custom action. */
  action(name: string): ((args: unknown, params: unknown) => unknown) | undefined {
    const { actions } = this.original.implementations;
    return Object.hasOwn(actions, name) ? (actions[name] as never) : undefined;
  }

  /** What a macrostep threw. One without end is taken once more, to see where it goes round. */
  private failure(what: string, error: unknown, again: () => unknown): DurachartError {
    if (!(error instanceof Error && ENDLESS.test(error.message))) return failed(what, error);
    const trail = new Trail();
    this.scope.onMicrostep = (value) => trail.add(value);
    try {
      again();
    } catch {
      // As before.
    } finally {
      this.scope.onMicrostep = undefined;
    }
    return new LoopError(what, `${this.machine.options.maxIterations?.toLocaleString('en')} microsteps`, trail.newest);
  }

  /**
   * Makes a fresh snapshot the same as it would be if it were stored and restored. Returns the effects of its macrostep.
   * XState keeps the current states in the order in which they were entered, and sometimes without the outer ones;
   * it asks parallel regions in that order. So every snapshot has the order of the machine's definition.
   */
  private settle(snapshot: LiveSnapshot, before?: LiveSnapshot): Effect[] {
    const effects = this.settleContents(snapshot, before);
    const value = ordered(this.machine.root, snapshot.value as StateValue, before?.value as StateValue | undefined);
    const same = before !== undefined && value === before.value;
    const _nodes = same ? before._nodes : nodesOf(this.machine.root, value);
    const tags = same ? before.tags : new Set(_nodes.flatMap((node) => node.tags as string[]));
    Object.assign(snapshot, { _nodes, value, tags });
    return effects;
  }

  private settleContents(snapshot: LiveSnapshot, before: LiveSnapshot | undefined): Effect[] {
    const context = settleContext(snapshot.context as Context, `The context of ${this.original.id}`);
    const output = storable(snapshot.output, `The output of ${this.original.id}`);
    const { effects, children } = collectEffects(
      this.original.id,
      this.scope,
      (before?.children ?? {}) as Children,
      snapshot as { status: string; children: Children },
      this.machine.implementations.actions,
    );
    Object.assign(snapshot, { context, children, output });
    return effects;
  }

  /** The snapshot as XState restores it, without context and children, its states in the order of the definition. */
  private bare(stored: StoredSnapshot): LiveSnapshot {
    const { root } = this.machine;
    const bare = { ...stored, value: ordered(root, stored.value), context: {}, children: {} };
    const restored = this.machine.restoreSnapshot(bare as never, this.scope as never) as unknown as LiveSnapshot;
    restored._nodes.sort((a, b) => a.order - b.order);
    return restored;
  }
}

/** A state and those around it, up to its region; what is around all regions waits for none of them. */
function upToRegion(node: Node): Node[] {
  const { parent } = node;
  return parent === undefined || parent.type === 'parallel' || parent.parent === undefined
    ? [node]
    : [node, ...upToRegion(parent)];
}

function childrenOf(snapshot: LiveSnapshot): StoredSnapshot['children'] {
  const children = Object.entries(snapshot.children as Record<string, ChildActor>);
  return Object.fromEntries(
    children.map(([id, { src, systemId }]): [string, Child] => [
      id,
      systemId === undefined ? { src: src as string } : { src: src as string, systemId },
    ]),
  );
}

function historyOf(snapshot: LiveSnapshot): StoredSnapshot['historyValue'] {
  return Object.fromEntries(
    Object.entries(snapshot.historyValue as Record<string, { id: string }[]>).map(([id, nodes]) => [
      id,
      nodes.map((node) => ({ id: node.id })),
    ]),
  );
}

/** Code that changes a context in place worked on the snapshot before it too, and a crash would have shown it. */
const FROZEN = /object is not extensible|read only property|Cannot delete property/;

function failed(what: string, error: unknown): TransitionError {
  if (error instanceof TransitionError) return error;
  const message = describe(error);
  const hint =
    error instanceof TypeError && FROZEN.test(message)
      ? ' The context is read-only: return new values from assign().'
      : '';
  return new TransitionError(`The machine threw on ${what}: ${message}${hint}`, error);
}
