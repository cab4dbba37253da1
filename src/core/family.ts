import type { AnyActorLogic, AnyStateMachine } from 'xstate';

/** Machines of which one starts another, by whatever way around: they may be actors of one tree. */
type Family = Set<AnyStateMachine>;

const families = new WeakMap<AnyStateMachine, Family>();

const started = new WeakSet<AnyStateMachine>();

/** Whether a machine's definition is among the actors of another one, as far as that is defined by now. */
export function isStarted(machine: AnyStateMachine): boolean {
  return started.has(machine);
}

/** Notes that a machine may start another one. */
export function joinFamily(machine: AnyStateMachine, child: AnyStateMachine): void {
  started.add(child);
  const family = familyOf(machine);
  const other = familyOf(child);
  if (family === other) return;
  for (const member of other) {
    family.add(member);
    families.set(member, family);
  }
}

function familyOf(machine: AnyStateMachine): Family {
  let family = families.get(machine);
  if (family === undefined) families.set(machine, (family = new Set([machine])));
  return family;
}

/**
 * Whose definition gives a system id, among the machines that may be in one tree with a machine, as far as they are defined by
 * now: one of another actor, only its own, or none.
 */
export function giverOf(machine: AnyStateMachine, systemId: string): 'other' | 'own' | 'none' {
  for (const member of familyOf(machine)) {
    // Of a machine that is started by others there may be several in one tree.
    const isOther = member !== machine || isStarted(machine);
    if (isOther && systemIdsOf(member).includes(systemId)) return 'other';
  }
  return systemIdsOf(machine).includes(systemId) ? 'own' : 'none';
}

/** Whether an actor with a system id may be below a machine: it starts one, or one that it starts does. */
export function mayHaveBelow(machine: AnyStateMachine, systemId: string, seen = new Set()): boolean {
  if (seen.has(machine)) return false;
  seen.add(machine);
  if (systemIdsOf(machine).includes(systemId)) return true;
  return childMachines(machine).some((child) => mayHaveBelow(child, systemId, seen));
}

/** The machines among the actors of a machine. */
export function childMachines(machine: AnyStateMachine): AnyStateMachine[] {
  const actors = Object.values(machine.implementations.actors as Record<string, AnyActorLogic | undefined>);
  return actors.filter((logic): logic is AnyStateMachine => logic !== undefined && '__xstatenode' in logic);
}

interface Node {
  invoke: readonly { systemId?: string }[];
  entry: readonly unknown[];
  exit: readonly unknown[];
  states: Record<string, Node>;
  transitions: ReadonlyMap<string, readonly { actions: readonly unknown[] }[]>;
  always?: readonly { actions: readonly unknown[] }[];
  initial: { actions: readonly unknown[] };
}

const known = new WeakMap<AnyStateMachine, string[]>();

function systemIdsOf(machine: AnyStateMachine): string[] {
  let ids = known.get(machine);
  if (ids === undefined) known.set(machine, (ids = [...new Set(idsIn(machine.root as unknown as Node, machine))]));
  return ids;
}

function idsIn(node: Node, machine: AnyStateMachine): string[] {
  const transitions = [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
  const actions = [
    ...node.entry,
    ...node.exit,
    ...node.initial.actions,
    ...transitions.flatMap((transition) => transition.actions),
  ];
  return [
    ...node.invoke.flatMap(({ systemId }) => systemId ?? []),
    ...actions.flatMap((action) => spawned(action, machine)),
    ...Object.values(node.states).flatMap((child) => idsIn(child, machine)),
  ];
}

/** Of `spawnChild`; an id that `spawn` is given in an assign is known only once it runs. */
function spawned(action: unknown, machine: AnyStateMachine): string[] {
  const { actions } = machine.implementations as { actions: Record<string, unknown> };
  const name = typeof action === 'string' ? action : (action as { type: string }).type;
  const { systemId } = ((typeof action === 'function' ? action : actions[name]) ?? {}) as { systemId?: unknown };
  return typeof systemId === 'string' ? [systemId] : [];
}
