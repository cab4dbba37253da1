import { defineStep, type Step, type StepContext, type TransactionalStepContext } from '../../../src/index.ts';
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
  run: (context: TransactionalStepContext<unknown>) => Output = () => null as Output,
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

/** Retries a failed run. Asked for again by somebody who did not hear the answer, it may have worked already. */
export async function retryFailed(world: World): Promise<void> {
  await world.call(async (engine, id) => {
    const { status } = await engine.get(id);
    if (status !== 'failed') return;
    await engine.retry(id).catch((error: unknown) => {
      if ((error as { code?: string }).code !== 'NOT_FAILED') throw error;
    });
  });
}
