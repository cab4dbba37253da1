import { createActor, type AnyActorLogic, type AnyActorRef } from 'xstate';
import type { EventObject } from './effect.ts';
import {
  actorIdOf,
  asReference,
  called,
  isChild,
  PARENT,
  SELF,
  systemIdIn,
  unsupported,
  type Self,
} from './references.ts';
import type { Child, StateValue } from './snapshot.ts';

/** What is read of XState's actors. */
export type ChildActor = AnyActorRef & {
  id: string;
  src: unknown;
  systemId?: string;
};

/** The children of a snapshot, by id. A child is undefined when no actor was registered under the name given to spawn it. */
export type Children = Record<string, ChildActor | undefined>;

/** An action that XState asks its scope to execute. */
export interface RawAction {
  type: string;
  params: unknown;
  exec: unknown;
  info: { context: Record<string, unknown>; event: EventObject };
}

/** What happens in a macrostep, in order. An actor that is spawned in assign() shows in its creation alone. */
export type Happening = { action: RawAction } | { created: ChildActor };

interface System {
  _sendInspectionEvent(event: { type: string; snapshot?: unknown }): void;
  _bookId(): string;
  _register(sessionId: string, actor: unknown): string;
  _unregister(actor: unknown): void;
  _relay(source: unknown, target: ChildActor, event: EventObject): void;
  _set(systemId: string, actor: ChildActor): void;
  get(systemId: string): ChildActor | undefined;
  getAll(): Record<string, ChildActor>;
}

/** Members of XState's system that would answer falsely, and what to do in their place. */
const REFUSED: readonly (readonly [member: string, remedy: string])[] = [
  ['inspect', 'Observers live in memory: engine.subscribe() reports transitions.'],
  ['scheduler', 'Use after, or a delayed raise() or sendTo(), and cancel().'],
  ['getSnapshot', 'What is scheduled is in the database: engine.get() has the timers of an instance.'],
  ['start', 'The engine starts what there is.'],
];

/**
 * The actor scope that XState's pure functions are called with: it notes what happens instead of doing it,
 * and keeps no memory between calls. One serves a machine, because nothing in it is asynchronous.
 */
export class Scope {
  /** Stands in for every invoked and spawned actor: nothing runs here. */
  readonly logic = {
    getInitialSnapshot: ({ self }: { self: ChildActor }) => {
      asReference(self, 'child', self.id);
      this.happenings.push({ created: self });
      return { status: 'active', output: undefined, error: undefined };
    },
    restoreSnapshot: (state: unknown) => state,
  } as unknown as AnyActorLogic;

  happenings: Happening[] = [];
  /** Called with each microstep, while somebody wants to know. */
  onMicrostep: ((value: StateValue) => void) | undefined;
  readonly parent: AnyActorRef;
  readonly self: AnyActorRef;
  readonly id = 'self';
  readonly sessionId = 'self';
  readonly system: System;
  private taken: object = {};
  private who: Self | undefined;
  /** Whether the machine's instances have parents or children, and which system ids there may be among them. */
  private readonly tree: Tree;
  private booked = 0;
  private readonly keyed = new Map<string, ChildActor>();

  constructor(tree: Tree = NO_TREE) {
    this.tree = tree;
    const running = { status: 'active' };
    // A parent that exists lets sendParent() resolve; whether there is a real one is the engine's knowledge.
    this.parent = createActor(this.logic, { id: PARENT, snapshot: running } as never);
    this.self = createActor(this.logic, { id: SELF, snapshot: running, parent: this.parent } as never);
    this.system = this.self.system as unknown as System;
    asReference(this.parent, 'parent', PARENT);
    asReference(this.self, 'self', SELF);
    Object.defineProperty(this.parent, 'sessionId', { get: () => this.parentNow() });
    Object.defineProperty(this.self, 'sessionId', { get: () => this.instance('sessionId').id });
    Object.defineProperty(this.self, 'id', { get: () => actorIdOf(this.instance('id')) });
    this.system._sendInspectionEvent = ({ type, snapshot }) => {
      if (type === '@xstate.microstep') this.onMicrostep?.((snapshot as { value: StateValue }).value);
    };
    this.system._bookId = () => this.freeId();
    this.system._set = (systemId, actor) => this.setKey(systemId, actor);
    this.system.get = (systemId) => this.keyed.get(systemId) ?? this.elsewhere(systemId);
    this.system.getAll = () => this.all();
    this.system._relay = (_source, target, event) => {
      throw unsupported(
        `${event.type} was sent to ${called(target)} by a call of send(), which would be lost in a crash. Use the action sendTo() or raise().`,
      );
    };
    for (const [member, remedy] of REFUSED) {
      Object.defineProperty(this.system, member, {
        get: () => {
          throw unsupported(`system.${member} is read, which has no true value in the machine. ${remedy}`);
        },
      });
    }
  }

  private instance(member: string): Self {
    if (this.who !== undefined) return this.who;
    throw unsupported(`self.${member} is read where there is no instance yet. Read it in a transition.`);
  }

  private parentNow(): string {
    const { parent } = this.instance('_parent');
    if (parent !== null) return parent.id;
    throw unsupported(
      'self._parent.sessionId is read, but nobody started this instance. Give its id as input where there is a parent.',
    );
  }

  /** An actor that is no child of this machine, but may be one of its tree: it is found when an event for it is delivered. */
  private elsewhere(systemId: string): ChildActor | undefined {
    if (this.isAlone()) return undefined;
    const giver = this.tree.giverOf(systemId);
    if (giver === 'own') return undefined;
    if (giver === 'other') return this.standInElsewhere(systemId);
    throw unsupported(
      `system.get('${systemId}') is called, but no definition of the machine's tree gives this system id by invoke or spawnChild(). Give it there: one that is given while a machine runs is known to its own machine alone.`,
    );
  }

  private all(): Record<string, ChildActor> {
    if (this.isAlone()) return Object.fromEntries(this.keyed);
    throw unsupported(
      'system.getAll() is called, but the actors of other instances are not known in the machine. Use system.get(systemId).',
    );
  }

  /** Whether there can be no other instance in its tree. */
  private isAlone(): boolean {
    const { hasChildren, isStarted } = this.tree;
    return !hasChildren && (this.who?.parent === null || !isStarted());
  }

  private standInElsewhere(systemId: string): ChildActor {
    const actor = createActor(this.logic, { snapshot: { status: 'active' }, parent: this.self } as never);
    asReference(actor, 'elsewhere', systemId);
    return Object.assign(actor, { systemId }) as unknown as ChildActor;
  }

  /**
   * Forgets the last call and takes up what the next one starts from.
   * @param snapshot undefined before the first
   * @param who the instance, where it is known
   */
  begin(children: Children, snapshot?: object, who?: Self): this {
    this.who = who;
    this.happenings = [];
    this.taken = children;
    this.booked = 0;
    this.keyed.clear();
    for (const child of Object.values(children)) {
      if (child?.systemId !== undefined) this.setKey(child.systemId, child);
    }
    // self.getSnapshot() gives the snapshot before the transition, as in XState.
    (this.self as unknown as { _snapshot: unknown })._snapshot = snapshot;
    return this;
  }

  /** The actor of a stored child. */
  child(id: string, child: Child): ChildActor {
    return this.standIn({ id, ...child, snapshot: { status: 'active' } });
  }

  /** The actor that a reference in a stored context means: a child, or one that has been stopped, or self or parent. */
  reference(id: string, children: Children): AnyActorRef {
    if (id === SELF) return this.self;
    if (id === PARENT) return this.parent;
    const systemId = systemIdIn(id);
    if (systemId !== undefined) return this.standInElsewhere(systemId);
    return children[id] ?? this.standIn({ id, src: '', snapshot: { status: 'stopped' } });
  }

  private standIn(options: object): ChildActor {
    const actor = createActor(this.logic, { ...options, parent: this.self } as never) as unknown as ChildActor;
    asReference(actor, 'child', actor.id);
    return actor;
  }

  /** Ids of actors that were spawned without one depend on the snapshot alone, so that a repeated call gives the same. */
  private freeId(): string {
    let id: string;
    do id = `x:${this.booked++}`;
    while (Object.hasOwn(this.taken, id));
    return id;
  }

  private setKey(systemId: string, actor: ChildActor): void {
    if (this.keyed.has(systemId)) throw new Error(`Actor with system ID '${systemId}' already exists.`);
    this.keyed.set(systemId, actor);
  }

  /** XState defers the start of what assign() spawns; nothing is started here. */
  defer(): void {}

  actionExecutor = (action: RawAction): void => {
    this.happenings.push({ action });
    // A stopped actor gives its system id free at once, for the one that a reentered state invokes.
    if (action.type !== 'xstate.stopChild' || action.params === undefined) return;
    const child = action.params as ChildActor;
    if (!isChild(child)) {
      throw unsupported(
        `stopChild() is given ${called(child)}, which is no child of this machine. Send it an event on which it ends.`,
      );
    }
    const { systemId } = child;
    if (systemId !== undefined) this.keyed.delete(systemId);
  };
}

/** What a machine's definition says of the actors that may be in one tree with it. */
export interface Tree {
  readonly hasChildren: boolean;
  /** Whether another machine's definition starts it. */
  isStarted(): boolean;
  /** Whose definition gives a system id. */
  giverOf(systemId: string): 'other' | 'own' | 'none';
}

const NO_TREE: Tree = { hasChildren: false, isStarted: () => false, giverOf: () => 'none' };
