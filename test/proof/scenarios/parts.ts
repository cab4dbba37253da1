import { defineStep, type Step, type StepContext, type TransactionalStepContext } from '../../../src/index.ts';
import type { OperationRequest } from '../../../src/engine/operations/records.ts';
import { worldOf, type World } from '../world.ts';

/** Three attempts, a few milliseconds apart. */
const RETRY = { maxAttempts: 3, minDelay: 5, maxDelay: 20, factor: 2 };

/** A step that its run counts. */
export function step<Output = null>(
  run: (context: StepContext<unknown>, world: World) => Promise<Output> | Output = () => null as Output,
  retry: Partial<typeof RETRY> = {},
): Step<unknown, Output> {
  return defineStep<unknown, Output>({
    retry: { ...RETRY, ...retry },
    run: async (context) => {
      const world = worldOf(context.instance.id);
      world.begun(context.key);
      return run(context, world);
    },
  });
}

/** A transactional step that enters its key into the ledger, and is counted. */
export function ledgerStep<Output = null>(
  run: (context: TransactionalStepContext<unknown>) => Output | Promise<Output> = () => null as Output,
): Step<unknown, Output> {
  return defineStep<unknown, Output>({
    retry: RETRY,
    transactional: true,
    run: async (context) => {
      worldOf(context.instance.id).begun(context.key);
      await context.tx`insert into ledger (key) values (${context.key})`;
      return run(context);
    },
  });
}

/** A custom action that its run counts; it needs the run's id in the context. */
export function notify({ context }: { context: unknown }, { what }: { what: string }): void {
  const { run } = context as { run: string };
  worldOf(run).begun(`${run} notify ${what}`);
}

/** Context and input of the machines here. */
export interface Types {
  context: { run: string; log: string[] };
  input: { run: string };
}

/** The log with one more line. */
export function add(line: string) {
  return ({ context }: { context: { log: string[] } }): string[] => [...context.log, line];
}

/** Operates on a run, once, as somebody who asks again until there is an answer, and waits for what comes of it. */
export async function operate(world: World, request: OperationRequest): Promise<void> {
  const key = request.operation;
  await world.call((engine, id) => engine.operate(id, request, { by: 'proof', key }));
  await world.operated(key);
}
