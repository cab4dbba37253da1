import { setup, type AnyStateMachine } from 'xstate';
import { defineWorkflow, type Step, type Workflow } from '../../../src/index.ts';
import { buildMachine, pick } from '../../core/generated/build.ts';
import type { NodeSpec } from '../../core/generated/spec.ts';

/** A generated machine whose steps and children are real ones. Undefined where it does not start. */
export function wildWorkflow(root: NodeSpec, number: number, step: Step<unknown, unknown>): Workflow | undefined {
  const child = setup({ actors: { step }, types: { events: {} as { type: 'TOLD' } } }).createMachine({
    id: `wild-child-${number}`,
    initial: 'WORKING',
    output: () => ({ n: 1 }),
    states: {
      WORKING: { invoke: { id: 'step', src: 'step', onDone: 'WAITING' } },
      WAITING: { on: { TOLD: 'DONE' }, after: { 60: 'DONE' } },
      DONE: { type: 'final' },
    },
  });
  const machine = buildMachine(bounded(root), { notes: [], told: [] }).provide({
    actors: { step, child } as never,
    actions: { note: () => {} } as never,
  }) as AnyStateMachine;
  const controls = pick([{}, { cancel: 'C' }, { resume: 'B' }], number);
  const workflow = defineWorkflow({ machine, name: `wild-${number}`, controls: controls as never }) as Workflow;
  try {
    workflow.machine.start({});
    return workflow;
  } catch {
    return undefined;
  }
}

/** Without actors under ever new names: there would be more and more of them. */
function bounded(root: NodeSpec): NodeSpec {
  const named = (_: string, value: unknown): unknown =>
    (value as { kind?: unknown } | null)?.kind === 'spawn' ? { ...(value as object), kind: 'spawnChild' } : value;
  return JSON.parse(JSON.stringify(root), named) as NodeSpec;
}
