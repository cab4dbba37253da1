import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { Scope } from './scope.ts';

/** Of XState's machine, what its types leave out. */
interface Internal {
  _getPreInitialState(scope: object, event: object, queue: object[]): AnyMachineSnapshot;
}

/**
 * The first macrostep of a machine, as XState's own `getInitialSnapshot` takes it. That one names every state that is
 * entered as a target and compares each with each: 100 regions took 20 ms. Here the machine is entered by a transition
 * into its root alone; all else is entered by the same rules. It is the eventless transition of a state that no machine
 * has, and that takes no part in anything after it.
 */
export class Entrance {
  private readonly machine: AnyStateMachine;
  private readonly nowhere: object;
  private entered = false;

  constructor(machine: AnyStateMachine) {
    this.machine = machine;
    const source = { machine, type: 'atomic', order: -1, states: {}, entry: [], exit: [], invoke: [], tags: [] };
    const guard = (): boolean => !this.entered && (this.entered = true);
    const into = { source, target: [machine.root], guard, actions: [], eventType: '', reenter: false };
    this.nowhere = Object.assign(source, { always: [into] });
  }

  /** @throws what code of the machine throws */
  enter(scope: Scope, input: unknown): AnyMachineSnapshot {
    // A machine of one state stands in it from the beginning, and could take its own transitions before it is entered.
    if (Object.keys(this.machine.root.states).length === 0) return this.enterOne(scope, input);
    this.entered = false;
    const event = { type: 'xstate.init', input };
    const before = (this.machine as unknown as Internal)._getPreInitialState(scope, event, []);
    const outside = { ...before, _nodes: [...before._nodes, this.nowhere] };
    return this.machine.transition(outside as never, event as never, scope as never) as AnyMachineSnapshot;
  }

  private enterOne(scope: Scope, input: unknown): AnyMachineSnapshot {
    const snapshot = this.machine.getInitialSnapshot(scope as never, input as never) as AnyMachineSnapshot;
    if (snapshot.status === 'error') throw snapshot.error;
    return snapshot;
  }
}
