import type { AnyStateMachine } from 'xstate';
import { DefinitionError } from './error.ts';
import { assertJson } from './json.ts';

const REMEDY: Record<string, string> = {
  callback: 'Make it a fromPromise step, or send it events from outside.',
  observable: 'Make it a fromPromise step, or send its values as events.',
  transition: 'Make it a state machine, or keep its state in the context.',
  custom: 'Make it a fromPromise step.',
};

/**
 * Refuses what could not be stored or found again after a crash, and what XState would only complain of while it runs.
 * @param refused registered actors that are no steps, and of what kind they are
 * @throws DefinitionError naming the place and the remedy; NotJsonError when a static context or input would be lost
 */
export function checkMachine(workflow: string, machine: AnyStateMachine, refused: ReadonlyMap<string, string>): void {
  for (const [actor, kind] of refused) {
    throw new DefinitionError(
      'UNSUPPORTED_ACTOR',
      `Workflow ${workflow}: the actor ${actor} is ${kind === 'observable' ? 'an' : 'a'} ${kind} actor; it lives in memory and cannot be stored. ${REMEDY[kind]}`,
      { actor, kind },
    );
  }
  const { context } = machine.config as { context?: unknown };
  if (typeof context === 'object') assertJson(context, `Workflow ${workflow}: the initial context`);
  const nodes = nodesOf(machine.root);
  for (const node of nodes) new NodeCheck(workflow, machine, node).run();
  checkInvokeIds(workflow, nodes);
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

class NodeCheck {
  private readonly workflow: string;
  private readonly machine: AnyStateMachine;
  private readonly node: Node;

  constructor(workflow: string, machine: AnyStateMachine, node: Node) {
    this.workflow = workflow;
    this.machine = machine;
    this.node = node;
  }

  run(): void {
    const { node } = this;
    // First, because XState makes entry actions of it.
    for (const { delay } of node.after) this.delay(delay, `after ${String(delay)}`);
    for (const action of node.entry) this.action(action, 'entry');
    for (const action of node.exit) this.action(action, 'exit');
    for (const invoke of node.invoke) this.invoke(invoke as never);
    if (node.type === 'compound') {
      for (const action of node.initial.actions) this.action(action, 'initial');
    }
    const all = [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
    for (const transition of all as unknown as TransitionDefinition[]) {
      const where = transition.eventType === '' ? 'always' : `on ${transition.eventType}`;
      for (const action of transition.actions) this.action(action, where);
      this.guard(transition.guard, where);
    }
  }

  private action(action: Action, where: string): void {
    const { actions } = this.machine.implementations;
    if (typeof action === 'function') {
      if ('resolve' in action) return this.builtin(action as Builtin, where);
      if (has(actions, action.name) && actions[action.name] === action) return;
      const name = action.name === '' ? '' : ` ${action.name}`;
      this.refuse(
        'INLINE_ACTION',
        where,
        `the inline action${name} cannot be found again after a crash`,
        'Name it in setup({ actions }) and use the name.',
      );
    }
    const name = typeof action === 'string' ? action : action.type;
    if (!has(actions, name)) {
      this.refuse(
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
    if (typeof action.src !== 'string') this.refuseInlineActor(`${where}, spawnChild${id}`);
    this.actor(action.src, `${where}, spawnChild${id}`);
    if (action.syncSnapshot === true) {
      this.refuse(
        'UNSUPPORTED_ON_SNAPSHOT',
        `${where}, spawnChild${id}`,
        'syncSnapshot watches an actor in memory',
        'Let the child sendParent() an event.',
      );
    }
  }

  private invoke(invoke: { id: string; src: string; input?: unknown; onSnapshot?: unknown }): void {
    const where = `invoke ${invoke.id}`;
    if (invoke.src.startsWith('xstate.invoke.')) this.refuseInlineActor(where);
    this.actor(invoke.src, where);
    if (invoke.onSnapshot !== undefined) {
      this.refuse(
        'UNSUPPORTED_ON_SNAPSHOT',
        where,
        'onSnapshot watches an actor in memory',
        'Let the child sendParent() an event.',
      );
    }
    if (typeof invoke.input !== 'function') {
      assertJson(invoke.input, `Workflow ${this.workflow}, ${placeOf(this.node)}, ${where}: the input`);
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
    if (!has(guards, name)) {
      this.refuse('MISSING_GUARD', where, `the guard ${name} has no implementation`, 'Add it to setup({ guards }).');
    }
    this.guard(guards[name], where);
  }

  private refuseInlineActor(where: string): never {
    return this.refuse(
      'INLINE_ACTOR',
      where,
      'the actor is inline and cannot be found again after a crash',
      'Register it in setup({ actors }) and use its name.',
    );
  }

  private refuse(code: string, where: string, what: string, remedy: string): never {
    throw new DefinitionError(code, `Workflow ${this.workflow}, ${placeOf(this.node)}, ${where}: ${what}. ${remedy}`, {
      state: this.node.id,
      where,
    });
  }
}

/** Own and there: names like `constructor` are nobody's, and a name may be declared and still be undefined. */
function has(registered: Readonly<Record<string, unknown>>, name: string): boolean {
  return Object.hasOwn(registered, name) && registered[name] !== undefined;
}

interface TransitionDefinition {
  eventType: string;
  actions: Action[];
  guard?: unknown;
}
