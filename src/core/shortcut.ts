import { createActor, type AnyActorLogic, type AnyMachineSnapshot, type AnyStateMachine } from 'xstate';
import type { EventObject } from './effect.ts';
import type { ChildActor, Children, Scope } from './scope.ts';
import type { StateValue } from './snapshot.ts';
import { nodesOf, type Node } from './states.ts';

/** What XState makes of an action: a builtin one has `resolve`, a custom one or an unknown name has not. */
interface Resolved {
  type?: string;
  delay?: unknown;
  resolve?: (
    scope: Scope,
    snapshot: object,
    args: object,
    params: unknown,
    self: Resolved,
    extra: object,
  ) => Resolution;
}

type Resolution = [snapshot: PartialSnapshot, params: unknown];

/** An action as a machine has it: a function, or a name with or without params. */
type Action = string | (Resolved & ((...args: never) => unknown)) | { type: string; params?: unknown };

interface Invoke {
  id: string;
  src: unknown;
  systemId?: string;
  input?: unknown;
  onSnapshot?: unknown;
}

/** A transition of the machine's definition. */
export interface TransitionDefinition {
  source: Node;
  target?: readonly Node[] | undefined;
  reenter: boolean;
  actions: readonly unknown[];
}

/** What actions are resolved against: as much of a snapshot as they look at. */
interface PartialSnapshot {
  machine: AnyStateMachine;
  context: Record<string, unknown>;
  children: Children;
  _nodes: readonly Node[];
}

/** What happens on the way, in order. */
type PlannedAction =
  | { run: Action; as: Resolved | undefined }
  | { stop: string }
  | { start: Invoke; logic: AnyActorLogic };

interface Plan {
  planned: PlannedAction[];
  value: StateValue;
  nodes: Node[];
  tags: ReadonlySet<string>;
}

/** Builtin actions that end with themselves: they ask for no further microstep and no further action. */
const SELF_CONTAINED = new Set(['xstate.assign', 'xstate.cancel', 'xstate.emit', 'xstate.log']);

/**
 * The macrostep that most machines take most of the time, one transition from a plain state to another, by XState's rules
 * but planned once: XState works out anew each time which states are left and entered, and makes a snapshot on each action
 * (measured: three quarters of its time). Whatever is not as simple as that has no plan, and is XState's own.
 */
export class Shortcut {
  private readonly machine: AnyStateMachine;
  private readonly scope: Scope;
  /** By transition, and by the state that it is taken from. */
  private readonly plans = new Map<TransitionDefinition, Map<Node, Plan | null>>();

  constructor(machine: AnyStateMachine, scope: Scope) {
    this.machine = machine;
    this.scope = scope;
  }

  /**
   * @param transitions what the event enables in the snapshot
   * @returns undefined where there is no shortcut: nothing has been done then
   * @throws what code of the machine throws
   */
  take(
    before: AnyMachineSnapshot,
    event: EventObject,
    transitions: readonly TransitionDefinition[],
  ): AnyMachineSnapshot | undefined {
    const [transition] = transitions;
    if (transition === undefined || transitions.length > 1) return undefined;
    const plan = this.planFor(transition, before._nodes as readonly Node[]);
    if (plan === null) return undefined;
    let snapshot: PartialSnapshot = {
      machine: this.machine,
      context: before.context as PartialSnapshot['context'],
      children: before.children as Children,
      // Nobody asks a snapshot where it stands, and working that out would cost.
      _nodes: [],
    };
    for (const action of plan.planned) snapshot = this.perform(action, snapshot, event);
    const { context, children } = snapshot;
    const { value, nodes, tags } = plan;
    return { ...before, context, children, value, _nodes: nodes, tags } as never;
  }

  private planFor(transition: TransitionDefinition, nodes: readonly Node[]): Plan | null {
    let plans = this.plans.get(transition);
    if (plans === undefined) this.plans.set(transition, (plans = new Map<Node, Plan | null>()));
    const leaf = nodes.at(-1) as Node;
    let plan = plans.get(leaf);
    if (plan === undefined) plans.set(leaf, (plan = this.makePlan(transition, lineTo(leaf))));
    return plan;
  }

  /** @param left the current states, outer ones first; of several regions the last one, which gives no plan */
  private makePlan({ source, target, reenter, actions }: TransitionDefinition, left: readonly Node[]): Plan | null {
    const [to, another] = target ?? [];
    if (to?.type !== 'atomic' || another !== undefined || to === source || reenter) return null;
    const entered = lineTo(to);
    if ([...left, ...entered].some(isSpecial)) return null;
    // What is left and what is entered is inside of this one.
    const domain = (entered.includes(source) ? source : entered.findLast((node) => left.includes(node))) as Node;
    const exit = left.slice(left.indexOf(domain) + 1).toReversed();
    const entry = entered.slice(entered.indexOf(domain) + 1);
    const planned: (PlannedAction | undefined)[] = [];
    for (const node of exit) {
      planned.push(...this.actions(node.exit));
      for (const { id } of node.invoke as readonly Invoke[]) planned.push({ stop: id });
    }
    planned.push(...this.actions(actions));
    for (const node of entry) {
      planned.push(...this.actions(node.entry));
      for (const invoke of node.invoke as readonly Invoke[]) planned.push(this.starting(invoke));
    }
    if (!planned.every((action) => action !== undefined)) return null;
    const value = valueOf(entered);
    const nodes = nodesOf(this.machine.root, value);
    return { planned, value, nodes, tags: new Set(nodes.flatMap((node) => node.tags as string[])) };
  }

  private actions(actions: readonly unknown[]): (PlannedAction | undefined)[] {
    return (actions as readonly Action[]).map((run) => {
      const as = typeof run === 'function' ? run : this.registered(typeof run === 'string' ? run : run.type);
      const isSimple =
        as?.resolve === undefined ||
        SELF_CONTAINED.has(as.type as string) ||
        (as.type === 'xstate.raise' && typeof as.delay === 'number');
      return isSimple ? { run, as } : undefined;
    });
  }

  private registered(name: string): Resolved | undefined {
    return this.machine.implementations.actions[name] as Resolved | undefined;
  }

  private starting(start: Invoke): PlannedAction | undefined {
    const { actors } = this.machine.implementations;
    if (typeof start.src !== 'string' || !Object.hasOwn(actors, start.src)) return undefined;
    return { start, logic: actors[start.src] as AnyActorLogic };
  }

  private perform(action: PlannedAction, snapshot: PartialSnapshot, event: EventObject): PartialSnapshot {
    const { context, children } = snapshot;
    const { scope } = this;
    const info = { context, event, self: scope.self, system: scope.system };
    if ('run' in action) return this.act(action, snapshot, info);
    if ('stop' in action) {
      const params = children[action.stop];
      scope.actionExecutor({ type: 'xstate.stopChild', params, exec: undefined, info });
      if (params === undefined) return snapshot;
      const { [params.id]: _, ...rest } = children;
      return { ...snapshot, children: rest };
    }
    const { id, src, systemId, onSnapshot, input: given } = action.start;
    const input: unknown = typeof given === 'function' ? given({ context, event, self: scope.self }) : given;
    const syncSnapshot = onSnapshot !== undefined && onSnapshot !== null;
    const options = { id, src, parent: scope.self, syncSnapshot, systemId, input };
    const actorRef = createActor(action.logic, options as never) as unknown as ChildActor;
    scope.actionExecutor({
      type: 'xstate.spawnChild',
      params: { id, systemId, actorRef, src, input },
      exec: undefined,
      info,
    });
    return { ...snapshot, children: { ...children, [id]: actorRef } };
  }

  private act(
    { run, as }: Extract<PlannedAction, { run: Action }>,
    snapshot: PartialSnapshot,
    info: Info,
  ): PartialSnapshot {
    const params = paramsOf(run, info);
    if (as?.resolve === undefined) {
      this.scope.actionExecutor({ type: nameOf(run), params, exec: as, info });
      return snapshot;
    }
    const [after, resolved] = as.resolve(this.scope, snapshot, info, params, as, { internalQueue: [] });
    if (as.type !== 'xstate.assign')
      this.scope.actionExecutor({ type: as.type as string, params: resolved, exec: undefined, info });
    return { ...snapshot, context: after.context, children: after.children };
  }
}

type Info = { context: Record<string, unknown>; event: EventObject };

function paramsOf(action: Action, { context, event }: Info): unknown {
  if (typeof action !== 'object' || !('params' in action)) return undefined;
  const { params } = action;
  return typeof params === 'function' ? (params as (info: Info) => unknown)({ context, event }) : params;
}

function nameOf(action: Action): string {
  if (typeof action === 'string') return action;
  return typeof action === 'function' ? action.name || '(anonymous)' : action.type;
}

/** The states around it, and itself: outer ones first. */
function lineTo(node: Node): Node[] {
  const line: Node[] = [];
  for (let at: Node | undefined = node; at !== undefined; at = at.parent) line.unshift(at);
  return line;
}

/** Takes more than leaving and entering it: it has regions, a memory, or goes on by itself. */
function isSpecial(node: Node): boolean {
  const children = Object.values(node.states) as Node[];
  return node.type === 'parallel' || node.always !== undefined || children.some(({ type }) => type === 'history');
}

function valueOf([, ...line]: readonly Node[]): StateValue {
  return line.reduceRight<StateValue | undefined>(
    (inner, { key }) => (inner === undefined ? key : { [key]: inner }),
    undefined,
  ) as StateValue;
}
