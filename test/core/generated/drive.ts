import { createActor, SimulatedClock, type AnyActor, type AnyStateMachine } from 'xstate';
import type { Effect, EventObject, Target } from '../../../src/core/effect.ts';
import { LoopError } from '../../../src/core/loop.ts';
import { Machine, TransitionError, type LiveSnapshot } from '../../../src/core/machine.ts';
import type { StateValue } from '../../../src/core/snapshot.ts';
import type { Journal } from './build.ts';

/** All that can be seen of a machine after an event. */
export interface View {
  threw: boolean;
  status: string;
  value: unknown;
  context: unknown;
  output: unknown;
  /** Live children: id, source, input. */
  children: unknown[];
  /** Ids of the pending timers that somebody will hear. */
  timers: string[];
  tags: string[];
  history: unknown;
  /** Custom actions since the last view, in order. */
  notes: unknown[];
  emitted: unknown[];
  logged: unknown[];
  /** Ids of the child machines that heard something since the last view; each is on its own, so in no order. */
  told: string[];
}

/** A machine that is driven from outside. */
export interface Driver {
  send(event: EventObject): void;
  /** Lets the time pass until the next timer is due. */
  fire(): void;
  view(): View;
}

const THREW = { threw: true } as View;

interface Scheduled {
  id: string;
  source: AnyActor;
  target: AnyActor;
}

/** XState's own runtime. */
export function xstateDriver(machine: AnyStateMachine, journal: Journal, due: () => number): Driver {
  const clock = new SimulatedClock();
  const logged: unknown[] = [];
  const emitted: unknown[] = [];
  const actor = createActor(asRestored(machine), {
    clock,
    logger: (...args: unknown[]) => void logged.push(args),
  }) as AnyActor;
  let failure: unknown;
  actor.subscribe({ error: (error: unknown) => (failure = error) });
  actor.on('*', (event) => void emitted.push(event));
  cancelNewest(actor);
  actor.start();
  return {
    send: (event) => actor.send(event),
    fire: () => clock.set(due()),
    view: () => {
      const snapshot = actor.getSnapshot();
      // An error that no state handles carries what was sent; everything else was thrown.
      if (failure instanceof Error) return THREW;
      const active = snapshot.status === 'active';
      const { _scheduledEvents } = actor.system.getSnapshot() as unknown as {
        _scheduledEvents: Record<string, Scheduled>;
      };
      const children = Object.values(snapshot.children as Record<string, AnyActor>);
      return {
        threw: false,
        status: snapshot.status,
        value: snapshot.value,
        context: plain(snapshot.context),
        output: snapshot.output,
        children: active ? children.map(({ id, src, options }) => [id, src, options.input]).toSorted(byText) : [],
        timers: Object.values(_scheduledEvents)
          .filter(({ source, target }) => source === actor && (target === actor || children.includes(target)))
          .map(({ id }) => named(id))
          .toSorted(),
        tags: [...(snapshot.tags as Set<string>)].toSorted(),
        history: (actor.getPersistedSnapshot() as unknown as { historyValue: unknown }).historyValue,
        notes: journal.notes.splice(0),
        emitted: emitted.splice(0),
        logged: logged.splice(0),
        told: journal.told.splice(0).toSorted(),
      };
    },
  };
}

/**
 * XState's runtime keeps the current states in the order in which they were entered (and sometimes without the outer
 * ones), and asks parallel regions in it. JSON has no place for that, and XState itself loses it when an actor is
 * persisted. So after each macrostep the reference is given the states that its own restored twin would have.
 */
function asRestored(machine: AnyStateMachine): AnyStateMachine {
  const settled = (snapshot: LiveSnapshot): LiveSnapshot => {
    const value = inDefinitionOrder(machine.root, snapshot.value as StateValue);
    const twin = machine.restoreSnapshot({ ...snapshot, value, context: {}, children: {} } as never, {} as never);
    twin._nodes.sort((a, b) => a.order - b.order);
    return Object.assign(snapshot, { _nodes: twin._nodes, value: twin.value, tags: twin.tags });
  };
  const { getInitialSnapshot, transition } = machine;
  return Object.assign(Object.create(machine) as AnyStateMachine, {
    getInitialSnapshot: (...args: Parameters<typeof getInitialSnapshot>) => settled(getInitialSnapshot(...args)),
    transition: (...args: Parameters<typeof transition>) => settled(transition(...args)),
  });
}

function inDefinitionOrder(node: AnyStateMachine['root'], value: StateValue): StateValue {
  if (typeof value === 'string') return value;
  const keys = Object.keys(node.states).filter((key) => key in value);
  return Object.fromEntries(
    keys.map((key) => [key, inDefinitionOrder(node.states[key] as AnyStateMachine['root'], value[key] as StateValue)]),
  );
}

interface Scheduler {
  schedule(source: AnyActor, target: AnyActor, event: EventObject, delay: number, id?: string): void;
  cancel(source: AnyActor, id: string): void;
}

/**
 * Of two pending events with one id XState delivers both, and cancels the newer one, but only as long as neither has been
 * delivered. Here it is that one as long as it is pending.
 */
function cancelNewest(actor: AnyActor): void {
  const { scheduler } = actor.system as unknown as { scheduler: Scheduler };
  const schedule = scheduler.schedule.bind(scheduler);
  const cancel = scheduler.cancel.bind(scheduler);
  const newest = new Map<string, string>();
  let count = 0;
  scheduler.schedule = (source, target, event, delay, id) => {
    if (id === undefined) return schedule(source, target, event, delay);
    const own = `${id}#${++count}`;
    newest.set(`${source.sessionId} ${id}`, own);
    schedule(source, target, event, delay, own);
  };
  scheduler.cancel = (source, id) => cancel(source, newest.get(`${source.sessionId} ${id}`) ?? id);
}

/** Events without an id of their own have a random one in XState. */
function named(id: string): string {
  const [name = ''] = id.split('#');
  return /^(?:xstate\.after\.|t\d$)/.test(name) ? name : 'unnamed';
}

interface Timer {
  id: string;
  due: number;
  event: EventObject;
  target: Target;
}

/** Our machine, driven by what its effects ask for, as an engine would. */
export class CoreDriver implements Driver {
  readonly children = new Map<string, { src: string; input: unknown }>();
  /** Effects of each macrostep so far. */
  readonly effects: Effect[][] = [];
  private readonly machine: Machine;
  private readonly keep: (machine: Machine, snapshot: LiveSnapshot) => LiveSnapshot;
  private snapshot: LiveSnapshot | undefined;
  private threw = false;
  private now = 0;
  private timers: Timer[] = [];
  private readonly inbox: EventObject[] = [];
  private notes: unknown[] = [];
  private emitted: unknown[] = [];
  private logged: unknown[] = [];
  private told: string[] = [];

  /** @param keep what happens to a snapshot between two events: nothing, or a trip through the database */
  constructor(machine: AnyStateMachine, keep: (machine: Machine, snapshot: LiveSnapshot) => LiveSnapshot) {
    this.machine = new Machine(machine);
    this.keep = keep;
    this.step(() => this.machine.start(undefined));
    this.drain();
  }

  get active(): boolean {
    return !this.threw && this.snapshot?.status === 'active';
  }

  /** When the next timer is due; undefined when there is none, or when two are due together. */
  get due(): number | undefined {
    const [first, second] = this.timers.toSorted((a, b) => a.due - b.due);
    return first === undefined || first.due === second?.due ? undefined : first.due;
  }

  send(event: EventObject): void {
    this.inbox.push(event);
    this.drain();
  }

  fire(): void {
    const due = this.due as number;
    this.now = due;
    const { target, event } = this.timers.find((timer) => timer.due === due) as Timer;
    this.timers = this.timers.filter((timer) => timer.due !== due);
    if ('child' in target) this.tell(target.child);
    else this.send(event);
  }

  view(): View {
    if (this.threw) return THREW;
    const snapshot = this.snapshot as LiveSnapshot;
    const stored = this.machine.store(snapshot);
    const { notes, emitted, logged, told } = this;
    this.notes = [];
    this.emitted = [];
    this.logged = [];
    this.told = [];
    return {
      threw: false,
      status: stored.status,
      value: stored.value,
      context: stored.context,
      output: stored.output,
      children: this.active ? [...this.children].map(([id, { src, input }]) => [id, src, input]).toSorted(byText) : [],
      timers: this.timers
        .filter(({ target }) => !('child' in target) || this.children.has(target.child))
        .map(({ id }) => named(id))
        .toSorted(),
      tags: this.machine.tags(snapshot),
      history: stored.historyValue,
      notes,
      emitted,
      logged,
      told: told.toSorted(),
    };
  }

  private drain(): void {
    let event: EventObject | undefined;
    while (this.active && (event = this.inbox.shift()) !== undefined) {
      const next = event;
      this.step((snapshot) => this.machine.next(snapshot as LiveSnapshot, next));
    }
  }

  private step(run: (snapshot: LiveSnapshot | undefined) => { snapshot: LiveSnapshot; effects: Effect[] }): void {
    try {
      const { snapshot, effects } = run(this.snapshot);
      this.snapshot = this.keep(this.machine, snapshot);
      this.effects.push(effects);
      for (const effect of effects) this.apply(effect);
    } catch (error) {
      if (!(error instanceof TransitionError || error instanceof LoopError)) throw error;
      this.threw = true;
    }
    if (!this.active) this.timers = [];
  }

  private apply(effect: Effect): void {
    switch (effect.type) {
      case 'invoke':
        this.children.set(effect.id, { src: effect.src, input: effect.input });
        break;
      case 'stop':
        this.children.delete(effect.id);
        break;
      case 'schedule':
        this.timers = this.timers.map((timer) => (timer.id === effect.id ? { ...timer, id: `${timer.id}#` } : timer));
        this.timers.push({
          id: effect.id ?? 'unnamed',
          due: this.now + effect.delay,
          event: effect.event,
          target: effect.target,
        });
        break;
      case 'cancel':
        this.timers = this.timers.filter((timer) => timer.id !== effect.id);
        break;
      case 'send':
        if ('self' in effect.target) this.inbox.push(effect.event);
        else if ('child' in effect.target) this.tell(effect.target.child);
        break;
      case 'emit':
        this.emitted.push(effect.event);
        break;
      case 'log':
        this.logged.push([effect.label, effect.value]);
        break;
      case 'action':
        this.notes.push(effect.params);
        break;
    }
  }

  private tell(id: string): void {
    if (this.children.get(id)?.src === 'child') this.told.push(id);
  }
}

/** A snapshot that stays in memory. */
export const kept = (_: Machine, snapshot: LiveSnapshot): LiveSnapshot => snapshot;

/** A snapshot that is written down, and read by somebody who knows nothing else. */
export const restored = (machine: Machine, snapshot: LiveSnapshot): LiveSnapshot =>
  machine.restore(JSON.parse(JSON.stringify(machine.store(snapshot))));

/** Actor references as XState stores them. */
function plain(context: unknown): unknown {
  return JSON.parse(JSON.stringify(context));
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}
