import { createActor, type AnyActorLogic, type AnyActorRef } from 'xstate';
import type { EventObject } from './effect.ts';
import { TransitionError } from './error.ts';
import type { Child, StateValue } from './snapshot.ts';

/** What is read of XState's actors. */
export type ChildActor = AnyActorRef & {
  id: string;
  src: unknown;
  systemId?: string;
  options: { input?: unknown; syncSnapshot?: boolean };
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

/**
 * The actor scope that XState's pure functions are called with: it notes what happens instead of doing it,
 * and keeps no memory between calls. One serves a machine, because nothing in it is asynchronous.
 */
export class Scope {
  /** Stands in for every invoked and spawned actor: nothing runs here. */
  readonly logic = {
    getInitialSnapshot: ({ self }: { self: ChildActor }) => {
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
  private booked = 0;
  private readonly keyed = new Map<string, ChildActor>();

  constructor() {
    // A parent that exists lets sendParent() resolve; whether there is a real one is the engine's knowledge.
    this.parent = createActor(this.logic, { id: PARENT });
    this.self = createActor(this.logic, { id: SELF, parent: this.parent } as never);
    this.system = this.self.system as unknown as System;
    this.system._sendInspectionEvent = ({ type, snapshot }) => {
      if (type === '@xstate.microstep') this.onMicrostep?.((snapshot as { value: StateValue }).value);
    };
    this.system._bookId = () => this.freeId();
    this.system._set = (systemId, actor) => this.setKey(systemId, actor);
    this.system.get = (systemId) => this.keyed.get(systemId);
    this.system.getAll = () => Object.fromEntries(this.keyed);
    this.system._relay = (_source, target, event) => {
      throw new TransitionError(
        `${event.type} was sent to ${target.id} by a call of send(), which would be lost in a crash. Use the action sendTo() or raise().`,
      );
    };
  }

  /** Forgets the last call and takes up what the next one starts from. @param snapshot undefined before the first */
  begin(children: Children, snapshot?: object): this {
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
    return children[id] ?? this.standIn({ id, src: '', snapshot: { status: 'stopped' } });
  }

  private standIn(options: object): ChildActor {
    return createActor(this.logic, { ...options, parent: this.self } as never) as unknown as ChildActor;
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
    const { systemId } = action.params as ChildActor;
    if (systemId !== undefined) this.keyed.delete(systemId);
  };
}

// The names by which XState's sendTo() knows them; no child can have them.
const SELF = '#_internal';
const PARENT = '#_parent';
