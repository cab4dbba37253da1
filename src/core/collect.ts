import { settleContext, storedContext } from './context.ts';
import type { Effect, EventObject, Target } from './effect.ts';
import { TransitionError } from './error.ts';
import { storable } from './json.ts';
import { jsonLike } from './json-like.ts';
import { elsewhere, optionsOf } from './references.ts';
import type { ChildActor, Children, RawAction, Scope } from './scope.ts';
import { withStoredErrors } from './thrown-value.ts';

/** What a macrostep asked for, and the children after it. */
export interface Collected {
  effects: Effect[];
  children: Children;
}

/**
 * Turns what happened in a macrostep into effects.
 * @param before ids of the children before it
 * @param after the snapshot after it
 * @param actions the machine's named actions
 * @throws TransitionError, NotJsonError
 */
export function collectEffects(
  machineId: string,
  scope: Scope,
  before: Children,
  after: { status: string; children: Children },
  actions: Readonly<Record<string, unknown>>,
): Collected {
  return new Collector(machineId, scope, before, actions).run(after);
}

class Collector {
  private readonly machineId: string;
  private readonly scope: Scope;
  private readonly actions: Readonly<Record<string, unknown>>;
  private effects: Effect[] = [];
  /** Ids of the children that there are at this point. */
  private readonly live: Set<string>;
  /** Of the children that are started in this macrostep: all that is asked for about them. */
  private readonly born = new Map<string, Effect[]>();
  /** What is sent to children before they start: an entry action may address what its state invokes. */
  private readonly unborn = new Map<ChildActor, Effect[]>();
  private readonly unnamed: ChildActor[] = [];

  constructor(machineId: string, scope: Scope, before: Children, actions: Readonly<Record<string, unknown>>) {
    this.machineId = machineId;
    this.scope = scope;
    this.actions = actions;
    this.live = new Set(Object.keys(before));
  }

  run(after: { status: string; children: Children }): Collected {
    const { happenings } = this.scope;
    for (const happening of happenings) {
      if ('created' in happening) this.unborn.set(happening.created, []);
    }
    for (const happening of happenings) {
      if ('created' in happening) this.invoke(happening.created);
      else this.action(happening.action);
    }
    const children = this.named(after.children);
    for (const [id, child] of Object.entries(children)) this.assertRegistered(id, child);
    if (after.status === 'active') return { effects: this.effects, children };
    // An ended machine has no children and waits for nothing.
    for (const id of this.live) this.stop(id);
    return { effects: this.effects.filter((effect) => effect.type !== 'schedule'), children };
  }

  private action({ type, params, exec, info }: RawAction): void {
    switch (type) {
      case 'xstate.spawnChild': {
        const { id, actorRef } = params as { id?: string; actorRef?: ChildActor };
        if (id === undefined && actorRef !== undefined) this.unnamed.push(actorRef);
        return;
      }
      case 'xstate.stopChild':
        if (params !== undefined) this.stop((params as ChildActor).id);
        return;
      case 'xstate.raise': {
        const { id, event, delay } = params as Sending;
        // Without a delay the machine has taken it already.
        if (typeof delay === 'number') this.send(id, event, { self: true }, delay);
        return;
      }
      case 'xstate.sendTo':
        return this.sendTo(params as Sending & { to: ChildActor });
      case 'xstate.cancel': {
        const { sendId } = params as { sendId?: string };
        if (sendId !== undefined) this.effects.push({ type: 'cancel', id: sendId });
        return;
      }
      case 'xstate.emit': {
        const { event } = params as { event: EventObject };
        this.effects.push({ type: 'emit', event: this.storable(event) });
        return;
      }
      case 'xstate.log': {
        const { label, value } = params as { label?: string; value: unknown };
        // A line for people is no reason to fail a machine: what cannot be stored is described.
        this.effects.push({ type: 'log', label, value: jsonLike(value) });
        return;
      }
      default:
        return this.customAction(type, params, exec, info);
    }
  }

  private invoke(child: ChildActor): void {
    const { id, src } = child;
    const options = optionsOf(child);
    if (options.syncSnapshot === true) {
      throw new TransitionError(
        `${this.machineId}: ${id} is spawned with syncSnapshot, which watches an actor in memory. Let it sendParent() an event.`,
      );
    }
    const input = storable(options.input, `The input of ${id}`);
    // An id that is given again means the new child; nobody could tell the old one's answer from its.
    this.stop(id);
    const waiting = this.unborn.get(child) as Effect[];
    const effects: Effect[] = [{ type: 'invoke', id, src: src as string, input }, ...waiting];
    this.unborn.delete(child);
    this.live.add(id);
    this.born.set(id, effects);
    this.effects.push(...effects);
  }

  private stop(id: string): void {
    if (!this.live.delete(id)) return;
    const born = this.born.get(id);
    if (born === undefined) {
      this.effects.push({ type: 'stop', id });
      return;
    }
    // Started and stopped in one macrostep: it has never been.
    this.born.delete(id);
    this.effects = this.effects.filter((effect) => !born.includes(effect));
  }

  private sendTo({ id, event, delay, to }: Sending & { to: ChildActor }): void {
    if (to === (this.scope.self as unknown)) return this.send(id, event, { self: true }, delay);
    if (to === (this.scope.parent as unknown)) return this.send(id, event, { parent: true }, delay);
    const systemId = elsewhere(to);
    if (systemId !== undefined) return this.send(id, event, { systemId }, delay);
    const effect = this.sending(id, event, { child: to.id }, delay);
    const waiting = this.unborn.get(to);
    if (waiting !== undefined) {
      waiting.push(effect);
      return;
    }
    // Nobody hears what is sent to a child that has been stopped.
    if (!this.live.has(to.id)) return;
    this.born.get(to.id)?.push(effect);
    this.effects.push(effect);
  }

  private send(id: string | undefined, event: EventObject, target: Target, delay: unknown): void {
    this.effects.push(this.sending(id, event, target, delay));
  }

  private sending(id: string | undefined, event: EventObject, target: Target, delay: unknown): Effect {
    const storable = this.storable(event);
    if (typeof delay !== 'number') return { type: 'send', target, event: storable };
    if (!Number.isFinite(delay)) {
      throw new TransitionError(`${this.machineId}: the delay of ${event.type} is ${delay}. Give it milliseconds.`);
    }
    return { type: 'schedule', id, event: storable, target, delay: Math.max(0, delay) };
  }

  private customAction(name: string, params: unknown, exec: unknown, info: RawAction['info']): void {
    if (exec === undefined || !Object.hasOwn(this.actions, name) || this.actions[name] !== exec) {
      throw new TransitionError(
        `${this.machineId}: the action ${name} is not registered by that name, so it could not be found again after a crash. Name it in setup({ actions }) and enqueue it by its name.`,
      );
    }
    const given = storable(params, `The params of action ${name}`);
    const context = storedContext(settleContext(info.context, `The context of ${this.machineId}`));
    // The action is given the event's errors as the machine has them.
    const event = storable(info.event, `The event ${info.event.type}`, withStoredErrors);
    this.effects.push({ type: 'action', name, params: given, context, event });
  }

  private storable(event: EventObject): EventObject {
    return storable(event, `The event ${event.type}`);
  }

  /** spawnChild() without an id files its actor under the key "undefined", whichever it is; here each has its own. */
  private named(children: Children): Children {
    if (this.unnamed.length === 0) return children;
    const { undefined: _, ...named } = children;
    for (const child of this.unnamed) if (this.live.has(child.id)) named[child.id] = child;
    return named;
  }

  private assertRegistered(id: string, child: ChildActor | undefined): void {
    if (child === undefined) {
      throw new TransitionError(
        `${this.machineId} spawned ${id}, but no actor is registered under the name that it gave. Register it in setup({ actors }).`,
      );
    }
    if (typeof child.src !== 'string') {
      throw new TransitionError(
        `${this.machineId}: the actor spawned as ${id} is inline, so it could not be found again after a crash. Register it in setup({ actors }) and spawn it by its name.`,
      );
    }
  }
}

interface Sending {
  id?: string;
  event: EventObject;
  delay?: unknown;
}
