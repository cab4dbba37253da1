import { setTimeout as sleep } from 'node:timers/promises';
import { StepError, type Workflow } from '../../src/index.ts';
import type { StepDefinition, TransactionalStepContext } from '../../src/core/step.ts';
import { seeded } from '../proof/random.ts';
import { sample } from './sample.ts';

/** The longest that a stand-in takes, in milliseconds. */
const LONGEST = 40;

/** Where the attempts of steps are noted, so that they outlive everything. */
export type Note = (key: string, attempt: number) => void;

/** A number from a text (FNV-1a). */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}

/**
 * What an attempt comes to hangs on its key alone, so that a repeated one comes to the same. It notes that it has begun;
 * a transactional one writes its row into `chaos_effects`.
 */
export async function act(context: TransactionalStepContext<unknown>, note: Note): Promise<() => number> {
  const { key, attempt, tx } = context;
  note(key, attempt);
  if (tx !== undefined) await tx`insert into chaos_effects (key) values (${key})`;
  const random = seeded(hash(`${key} ${attempt}`));
  await sleep(random() * LONGEST);
  const what = random();
  if (what < 0.02) throw new StepError('INVALID_INPUT', 'The stand-in fails for good.');
  if (what < 0.08) throw new StepError('UNAVAILABLE', 'The stand-in fails for now.');
  return seeded(hash(key));
}

/** The same workflow, with steps that do nothing outside: they return what their output's schema allows. */
export function withStandIns(workflow: Workflow, note: Note, done = new Map<string, Workflow>()): Workflow {
  const known = done.get(workflow.name);
  if (known !== undefined) return known;
  const steps = new Map([...workflow.steps].map(([name, step]) => [name, standIn(step, note)]));
  const children = new Map<string, Workflow>();
  const copy = { ...workflow, steps, children };
  done.set(workflow.name, copy);
  for (const [name, child] of workflow.children) children.set(name, withStandIns(child, note, done));
  return copy;
}

function standIn(step: StepDefinition, note: Note): StepDefinition {
  const retry = {
    ...step.retry,
    minDelay: Math.min(20, step.retry.minDelay),
    maxDelay: Math.min(200, step.retry.maxDelay),
  };
  return {
    ...step,
    retry,
    run: async (context) => {
      const random = await act(context, note);
      if (step.output === undefined) return null;
      const found = sample(step.output, random);
      if (found !== undefined) return found.value;
      throw new StepError('INVALID_OUTPUT', 'No output was found that the schema takes.', { retryable: false });
    },
  };
}
