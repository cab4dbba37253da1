import type { AnyStateMachine } from 'xstate';
import type { Effect, EventObject } from '../../src/core/effect.ts';
import { Machine, type LiveSnapshot, type Transition } from '../../src/core/machine.ts';
import type { StateValue, StoredSnapshot } from '../../src/core/snapshot.ts';

/** How a snapshot gets from one event to the next: in memory, or through the database. */
export const WAYS = ['kept', 'restored'] as const;
export type Way = (typeof WAYS)[number];

/** A machine that is walked through by hand. */
export class Walk {
  readonly machine: Machine;
  snapshot: LiveSnapshot;
  /** Of the last macrostep. */
  effects: Effect[];
  changed = true;
  private readonly way: Way;

  constructor(machine: AnyStateMachine, way: Way = 'kept', input?: unknown) {
    this.machine = new Machine(machine);
    this.way = way;
    const { snapshot, effects } = this.machine.start(input);
    this.snapshot = this.carry(snapshot);
    this.effects = effects;
  }

  /** Sends events; the effects are those of the last one. */
  send(...events: (string | EventObject)[]): this {
    for (const event of events)
      this.take(this.machine.next(this.snapshot, typeof event === 'string' ? { type: event } : event));
    return this;
  }

  done(id: string, output?: unknown): this {
    return this.send({ type: `xstate.done.actor.${id}`, output, actorId: id });
  }

  failed(id: string, error: unknown): this {
    return this.send({ type: `xstate.error.actor.${id}`, error, actorId: id });
  }

  get stored(): StoredSnapshot {
    return this.machine.store(this.snapshot);
  }

  get value(): StateValue {
    return this.stored.value;
  }

  get context(): Record<string, unknown> {
    return this.stored.context;
  }

  /** Effects of one kind. */
  of<T extends Effect['type']>(type: T): Extract<Effect, { type: T }>[] {
    return this.effects.filter((effect): effect is Extract<Effect, { type: T }> => effect.type === type);
  }

  private take({ snapshot, effects, changed }: Transition): void {
    this.snapshot = this.carry(snapshot);
    this.effects = effects;
    this.changed = changed;
  }

  private carry(snapshot: LiveSnapshot): LiveSnapshot {
    if (this.way === 'kept') return snapshot;
    return this.machine.restore(JSON.parse(JSON.stringify(this.machine.store(snapshot))) as StoredSnapshot);
  }
}
