import type { AnyStateMachine } from 'xstate';
import { DefinitionError } from './error.ts';
import { assertJson } from './json.ts';
import type { Refusals } from './refusals.ts';

const REMEDY: Record<string, string> = {
  callback: 'Make it a fromPromise step, or send it events from outside.',
  observable: 'Make it a fromPromise step, or send its values as events.',
  transition: 'Make it a state machine, or keep its state in the context.',
  custom: 'Make it a fromPromise step.',
};

/**
 * Refuses what could not be stored or found again after a crash, and what XState would only complain of while it runs.
 * @param refused registered actors that are no steps, and of what kind they are
 * @param refusals takes what is wrong: DefinitionErrors naming the place and the remedy, NotJsonErrors of a static context or input
 */
export function checkMachine(
  workflow: string,
  machine: AnyStateMachine,
  refused: ReadonlyMap<string, string>,
  refusals: Refusals,
): void {
  for (const [actor, kind] of refused) {
    refusals.add(
      new DefinitionError(
        'UNSUPPORTED_ACTOR',
        `Workflow ${workflow}: the actor ${actor} is ${kind === 'observable' ? 'an' : 'a'} ${kind} actor; it lives in memory and cannot be stored. ${REMEDY[kind]}`,
        { actor, kind },
      ),
    );
  }
  const { context } = machine.config as { context?: unknown };
  if (typeof context === 'object')
    refusals.check(() => assertJson(context, `Workflow ${workflow}: the initial context`));
  const nodes = nodesOf(machine.root);
  for (const node of nodes) new NodeCheck(workflow, machine, node, refusals).run();
  refusals.check(() => checkInvokeIds(workflow, nodes));
}

type Node = AnyStateMachine['root'];
type Builtin = ((...args: never[]) => unknown) & {
  type: string;
  resolve: unknown;
  id?: unknown;
  src?: unknown;
  delay?: unknown;
  syncSnapshot?: boolean;
};
type Action = string | { type: string } | ((...args: never[]) => unknown);

function nodesOf(node: Node): Node[] {
  return [node, ...Object.values(node.states as Record<string, Node>).flatMap(nodesOf)];
}

/** Two children of one id at one time could not be told apart: neither their results nor what is sent to them. */
function checkInvokeIds(workflow: string, nodes: readonly Node[]): void {
  const owners = new Map<string, Node[]>();
  const all = new Set(nodes.flatMap((node) => node.invoke.map(({ id }) => id)));
  for (const id of all) {
    // Keys of a fan-out's items are its own key, # and a number.
    const other = /^(.+)#\d+$/.exec(id)?.[1];
    if (other !== undefined && all.has(other))
      throw new DefinitionError(
        'DUPLICATE_INVOKE_ID',
        `Workflow ${workflow}: the invoke id ${id} is that of an item, if ${other} is a fan-out. Give it another one.`,
        { id },
      );
  }
  for (const node of nodes) {
    for (const { id } of node.invoke) {
      const others = owners.get(id) ?? [];
      const rival = others.find((other) => areActiveTogether(other, node));
      if (rival !== undefined) {
        throw new DefinitionError(
          'DUPLICATE_INVOKE_ID',
          `Workflow ${workflow}: ${placeOf(rival)} and ${placeOf(node)} can be active together and both invoke ${id}. Give each invoke an id of its own.`,
          { id, states: [rival.id, node.id] },
        );
      }
      owners.set(id, [...others, node]);
    }
  }
}

/** @param other before the node in the machine's definition, so never below it */
function areActiveTogether(other: Node, node: Node): boolean {
  const path = pathOf(other);
  const common = pathOf(node).findLast((ancestor) => path.includes(ancestor)) as Node;
  return common === other || common.type === 'parallel';
}

function pathOf(node: Node): Node[] {
  return node.parent === undefined ? [node] : [...pathOf(node.parent), node];
}

function placeOf(node: Node): string {
  return node.parent === undefined ? 'the root' : `state ${node.path.join('.')}`;
}

/** Keys of a machine's definition: JavaScript names a function after the key under which it is written. */
const KEYS = new Set(['', 'actions', 'entry', 'exit']);

class NodeCheck {
  private readonly workflow: string;
  private readonly machine: AnyStateMachine;
  private readonly node: Node;
  private readonly refusals: Refusals;

  constructor(workflow: string, machine: AnyStateMachine, node: Node, refusals: Refusals) {
    this.workflow = workflow;
    this.machine = machine;
    this.node = node;
    this.refusals = refusals;
  }

  run(): void {
    const { node } = this;
    for (const delay of new Set(node.after.map((one) => one.delay))) this.delay(delay, `after ${String(delay)}`);
    this.actions(node.entry, 'entry');
    this.actions(node.exit, 'exit');
    for (const invoke of node.invoke) this.invoke(invoke as never);
    if (node.type === 'compound') this.actions(node.initial.actions, 'initial, actions');
    for (const [type, transitions] of [...node.transitions, ['', node.always ?? []] as const]) {
      const where = this.placeOfTransition(type);
      for (const [index, { actions, guard }] of (transitions as unknown as TransitionDefinition[]).entries()) {
        const one = transitions.length > 1 ? `${where}[${index}]` : where;
        this.actions(actions, `${one}, actions`);
        this.guard(guard, one);
      }
    }
  }

  /** As its author has written it: XState names transitions by the events that it makes of them. */
  private placeOfTransition(type: string): string {
    if (type === '') return 'always';
    const [, kind, rest] = /^xstate\.(after|done\.state|done\.actor|error\.actor|snapshot)\.(.+)$/.exec(type) ?? [];
    switch (kind) {
      case 'after':
        return `after ${(rest as string).replace(`.${this.node.id}`, '')}`;
      case 'done.state':
        return 'onDone';
      case 'done.actor':
        return `invoke ${rest}, onDone`;
      case 'error.actor':
        return `invoke ${rest}, onError`;
      case 'snapshot':
        return `invoke ${rest}, onSnapshot`;
      default:
        return type === 'xstate.route' ? 'route' : `on ${type}`;
    }
  }

  private actions(actions: readonly unknown[], where: string): void {
    // Those that XState makes of `after` are no one's to name.
    const own = (actions as readonly Action[]).filter((action) => !isOfAfter(action));
    for (const [index, action] of own.entries()) this.action(action, own.length > 1 ? `${where}[${index}]` : where);
  }

  private action(action: Action, where: string): void {
    const { actions } = this.machine.implementations;
    if (typeof action === 'function') {
      if ('resolve' in action) return this.builtin(action as Builtin, where);
      if (has(actions, action.name) && actions[action.name] === action) return;
      const name = KEYS.has(action.name) ? '' : ` ${action.name}`;
      return this.refuse(
        'INLINE_ACTION',
        where,
        `the inline action${name} cannot be found again after a crash`,
        'Name it in setup({ actions }) and use the name.',
      );
    }
    const name = typeof action === 'string' ? action : action.type;
    if (!has(actions, name)) {
      return this.refuse(
        'MISSING_ACTION',
        where,
        `the action ${name} has no implementation`,
        'Add it to setup({ actions }) or by provide().',
      );
    }
    const found = actions[name] as Action;
    if (typeof found === 'function' && 'resolve' in found) this.builtin(found as Builtin, `${where}, action ${name}`);
  }

  /** What an action of XState's own asks for, as far as it does not depend on the context. */
  private builtin(action: Builtin, where: string): void {
    this.delay(action.delay, where);
    if (action.type !== 'xstate.spawnChild') return;
    const id = typeof action.id === 'string' ? ` ${action.id}` : '';
    const place = `${where}, spawnChild${id}`;
    if (typeof action.src === 'string') this.actor(action.src, place);
    else this.refuseInlineActor(place);
    if (action.syncSnapshot === true) this.refuseWatching(place, 'syncSnapshot');
  }

  private invoke(invoke: { id: string; src: string; input?: unknown; onSnapshot?: unknown }): void {
    const where = `invoke ${invoke.id}`;
    if (invoke.src.startsWith('xstate.invoke.')) this.refuseInlineActor(where);
    else this.actor(invoke.src, where);
    if (invoke.onSnapshot !== undefined) this.refuseWatching(where, 'onSnapshot');
    if (typeof invoke.input !== 'function') {
      this.refusals.check(() =>
        assertJson(invoke.input, `Workflow ${this.workflow}, ${placeOf(this.node)}, ${where}: the input`),
      );
    }
  }

  private actor(src: string, where: string): void {
    if (!has(this.machine.implementations.actors, src)) {
      this.refuse(
        'MISSING_ACTOR',
        where,
        `the actor ${src} is not registered`,
        'Add it to setup({ actors }) or by provide().',
      );
    }
  }

  private delay(delay: unknown, where: string): void {
    if (typeof delay === 'string' && !has(this.machine.implementations.delays, delay)) {
      this.refuse('MISSING_DELAY', where, `the delay ${delay} has no value`, 'Add it to setup({ delays }).');
    }
  }

  private guard(guard: unknown, where: string): void {
    if (guard === undefined) return;
    if (typeof guard === 'function') {
      // and(), or() and not() are functions that carry the guards inside them.
      for (const inner of (guard as { guards?: unknown[] }).guards ?? []) this.guard(inner, where);
      return;
    }
    const { guards } = this.machine.implementations;
    const name = typeof guard === 'string' ? guard : (guard as { type: string }).type;
    if (has(guards, name)) this.guard(guards[name], where);
    else this.refuse('MISSING_GUARD', where, `the guard ${name} has no implementation`, 'Add it to setup({ guards }).');
  }

  private refuseInlineActor(where: string): void {
    this.refuse(
      'INLINE_ACTOR',
      where,
      'the actor is inline and cannot be found again after a crash',
      'Register it in setup({ actors }) and use its name.',
    );
  }

  private refuseWatching(where: string, option: string): void {
    this.refuse(
      'UNSUPPORTED_ON_SNAPSHOT',
      where,
      `${option} watches an actor in memory`,
      'Let the child sendParent() an event.',
    );
  }

  private refuse(code: string, where: string, what: string, remedy: string): void {
    this.refusals.add(
      new DefinitionError(code, `Workflow ${this.workflow}, ${placeOf(this.node)}, ${where}: ${what}. ${remedy}`, {
        state: this.node.id,
        where,
      }),
    );
  }
}

function isOfAfter(action: Action): boolean {
  const { id, sendId } = action as { id?: unknown; sendId?: unknown };
  return [id, sendId].some((one) => typeof one === 'string' && one.startsWith('xstate.after.'));
}

/** Own and there: names like `constructor` are nobody's, and a name may be declared and still be undefined. */
function has(registered: Readonly<Record<string, unknown>>, name: string): boolean {
  return Object.hasOwn(registered, name) && registered[name] !== undefined;
}

interface TransitionDefinition {
  actions: Action[];
  guard?: unknown;
}
