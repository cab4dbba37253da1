import * as fc from 'fast-check';
import { workflows as registered } from '../../machines/index.ts';
import { defineStep, type Workflow } from '../../src/index.ts';
import { machineRun } from '../core/generated/spec.ts';
import { wildWorkflow } from '../proof/operations/wild-workflow.ts';
import { orderWorkflows } from './orders.ts';
import { isRestful } from './restful.ts';
import { act, withStandIns, type Note } from './stand-ins.ts';

/** Generated machines beside the registered ones. */
const GENERATED = 15;
const RETRY = { maxAttempts: 4, minDelay: 10, maxDelay: 200 };

/**
 * The workflows of a run: all that are registered, with stand-ins for their steps, orders, and generated ones. The same for the same seed.
 * @param chosen numbers of the generated ones, where somebody has chosen them already: choosing takes its time
 */
export function chaosWorkflows(seed: number, note: Note, chosen?: readonly number[]): Workflow[] {
  const done = new Map<string, Workflow>();
  return [
    ...registered.map((workflow) => withStandIns(workflow as Workflow, note, done)),
    ...orderWorkflows(note),
    ...generated(seed, note, chosen),
  ];
}

/** Numbers of the generated workflows among these. */
export function chosenOf(workflows: readonly Workflow[]): number[] {
  return workflows.flatMap(({ name }) => (name.startsWith('wild-') ? [Number(name.slice('wild-'.length))] : []));
}

function generated(seed: number, note: Note, chosen: readonly number[] | undefined): Workflow[] {
  const run = async (context: Parameters<typeof act>[0]): Promise<unknown> => {
    const random = await act(context, note);
    return { n: Math.floor(random() * 5) };
  };
  const exact = defineStep<unknown, unknown>({ retry: RETRY, transactional: true, run });
  const plain = defineStep<unknown, unknown>({ retry: RETRY, run: run as never });
  const found: Workflow[] = [];
  const roots = fc.sample(machineRun, { seed, numRuns: GENERATED * 8 });
  for (const [number, { root }] of roots.entries()) {
    if (found.length === GENERATED) break;
    if (chosen?.includes(number) === false) continue;
    const workflow = wildWorkflow(root, number, number % 2 === 0 ? exact : plain);
    if (workflow !== undefined && (chosen !== undefined || isRestful(workflow))) found.push(workflow);
  }
  return found;
}
